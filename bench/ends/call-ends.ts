// Both ends of many calls: phones over UDP, and clients behind a component link that propose and take proposals (XEP-0353). A call
// is known by the number of its users, alice7@sip.test and bob7@xmpp.test; each pair has one at a time.

import type { Ports } from '../gateways.ts';
import { answerTo, inside, OFFER, OFFERED_CONTENTS } from './descriptions.ts';
import { openSip, type SipEnd } from './sip-end.ts';
import { bodyOf, fieldOf, responseTo, statusOf } from './sip-text.ts';
import { attribute } from './stanza-cutter.ts';
import { openComponentServer, result, type XmppEnd } from './xmpp-end.ts';

export type CallDirection = 'sip2xmpp' | 'xmpp2sip';

/** What is heard of a call: it is answered on both sides, ended on both, a request of its phone or client was answered, or it failed. */
export type CallNews = 'up' | 'down' | 'refreshed' | 'there' | 'failed';

interface OneCall {
  readonly direction: CallDirection;
  readonly sid: string;
  readonly callId: string;
  /** The address of the phone for the client: a full JID. */
  self: string;
  /** From and To of the phone's requests in the dialog, and where they go. */
  local: string;
  remote: string;
  target: string;
  cseq: number;
  /** What of the beginning, or of the end, is still to come. */
  waits: number;
}

const NS_JINGLE = 'urn:xmpp:jingle:1';
const NS_JMI = 'urn:xmpp:jingle-message:0';
const NS_RTP = 'urn:xmpp:jingle:apps:rtp:1';
const MEDIA = ['audio', 'video'].map((media) => `<description xmlns='${NS_RTP}' media='${media}'/>`).join('');
const SUPPORTED = 'Supported: timer\r\nAllow: INVITE, ACK, CANCEL, BYE, UPDATE\r\n';

export class CallEnds {
  /** Told of every call, with what went wrong. */
  heard: (user: number, news: CallNews, text: string) => void = () => undefined;
  /** Seconds that phones ask for as the session's interval, or grant to the gateway (RFC 4028). */
  readonly #expires: number;
  readonly #ports: Ports;
  readonly #calls = new Map<number, OneCall>();
  #sip: SipEnd | undefined;
  #xmpp: XmppEnd | undefined;
  #serial = 0;
  /** Requests of the gateway within calls that refresh them. */
  refreshes = 0;

  constructor(ports: Ports, expires = 1800) {
    this.#ports = ports;
    this.#expires = expires;
  }

  async open(): Promise<void> {
    const { sip, peer, xmpp } = this.#ports;
    this.#xmpp = await openComponentServer(xmpp, (text) => this.#stanza(text));
    const place = { transport: 'udp', port: peer, gateway: sip } as const;
    this.#sip = await openSip(place, (text, reply) => this.#message(text, reply));
  }

  linked(): Promise<void> {
    return this.#xmpp?.linked() ?? Promise.reject(new Error('not open'));
  }

  close(): void {
    this.#sip?.close();
    this.#xmpp?.close();
  }

  /** Makes a call up to its answer. */
  begin(user: number, direction: CallDirection): void {
    const serial = this.#serial++;
    const uri = `sip:bob${user}*xmpp.test@gw.test`;
    const call: OneCall = {
      ...{ direction, sid: `sid${serial}`, callId: `call${serial}@bench`, target: uri, cseq: 1 },
      self: `alice${user}*sip.test@gw.test`,
      local: `<sip:alice${user}@sip.test>;tag=a${serial}`,
      remote: `<${uri}>`,
      // Of a call that is made, the 2xx; of one that comes, session-accept and ACK.
      waits: direction === 'sip2xmpp' ? 1 : 2,
    };
    this.#calls.set(user, call);
    if (direction === 'xmpp2sip') return this.#jmi(user, call, 'propose', MEDIA);
    const timer = `Session-Expires: ${this.#expires};refresher=uac\r\n`;
    this.#request(user, call, 'INVITE', timer, OFFER);
  }

  /** Whoever called hangs up. */
  end(user: number): void {
    const call = this.#known(user);
    call.waits = 2;
    if (call.direction === 'sip2xmpp') {
      call.cseq += 1;
      return this.#request(user, call, 'BYE');
    }
    this.#act(user, call, 'session-terminate', '<reason><success/></reason>');
  }

  /** The phone refreshes the session (RFC 4028 §7.4); once more, with the same number, when nothing came of it. */
  update(user: number, again = false): void {
    const call = this.#known(user);
    if (!again) call.cseq += 1;
    this.#request(user, call, 'UPDATE', `Session-Expires: ${this.#expires};refresher=uac\r\n`);
  }

  /** The client asks whether the session is there: an empty session-info (XEP-0166 §6.8). */
  ping(user: number): void {
    this.#act(user, this.#known(user), 'session-info', '');
  }

  #known(user: number): OneCall {
    const call = this.#calls.get(user);
    if (call === undefined) throw new Error(`no call of ${user}`);
    return call;
  }

  // The phone.

  #request(user: number, call: OneCall, method: string, more = '', body = ''): void {
    const { peer } = this.#ports;
    const branch = `z9hG4bK${call.callId.slice(0, -6)}.${call.cseq}${method}`;
    const type = body === '' ? '' : 'Content-Type: application/sdp\r\n';
    this.#sip?.send(
      `${method} ${call.target} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:${peer};branch=${branch};rport\r\n` +
        `Max-Forwards: 70\r\nFrom: ${call.local}\r\nTo: ${call.remote}\r\nCall-ID: ${call.callId}\r\n` +
        `CSeq: ${call.cseq} ${method}\r\n${this.#contact(user)}${method === 'BYE' ? '' : SUPPORTED}${more}${type}` +
        `Content-Length: ${body.length}\r\n\r\n${body}`,
    );
  }

  #contact(user: number): string {
    return `Contact: <sip:alice${user}@127.0.0.1:${this.#ports.peer}>\r\n`;
  }

  #message(text: string, reply: (text: string) => void): void {
    const user = numberIn(text, ALICE);
    const call = this.#calls.get(user);
    if (call === undefined) return reply(responseTo(text, '481 Unknown'));
    const status = statusOf(text);
    if (status > 0) return this.#response(user, call, status, text);
    const method = text.slice(0, text.indexOf(' '));
    switch (method) {
      case 'INVITE': {
        if (fieldOf(text, 'To').includes(';tag=')) this.refreshes += 1;
        const tag = `p${call.sid}`;
        call.local = `${fieldOf(text, 'To')};tag=${tag}`;
        call.remote = fieldOf(text, 'From');
        call.target = uriIn(fieldOf(text, 'Contact'));
        Object.assign(call, { callId: fieldOf(text, 'Call-ID') });
        reply(responseTo(text, '180 Ringing', this.#contact(user), '', tag));
        const fields =
          `${this.#contact(user)}${SUPPORTED}Require: timer\r\nSession-Expires: ${this.#expires};refresher=uac\r\n` +
          'Content-Type: application/sdp\r\n';
        return reply(responseTo(text, '200 OK', fields, answerTo(bodyOf(text)), tag));
      }
      case 'ACK':
        return this.#step(user, call, 'up');
      case 'BYE':
        reply(responseTo(text, '200 OK'));
        return this.#step(user, call, 'down');
      case 'UPDATE':
        this.refreshes += 1;
        return reply(
          responseTo(
            text,
            '200 OK',
            `${this.#contact(user)}Require: timer\r\nSession-Expires: ${this.#expires};refresher=uac\r\n`,
          ),
        );
      default:
        return reply(responseTo(text, '501 Not Implemented'));
    }
  }

  #response(user: number, call: OneCall, status: number, text: string): void {
    if (status < 200) return;
    const method = fieldOf(text, 'CSeq').split(' ')[1];
    if (status >= 300) return this.heard(user, 'failed', text);
    if (method === 'UPDATE') return this.heard(user, 'refreshed', '');
    if (method === 'BYE') return this.#step(user, call, 'down');
    call.remote = fieldOf(text, 'To');
    call.target = uriIn(fieldOf(text, 'Contact'));
    this.#request(user, call, 'ACK');
    this.#step(user, call, 'up');
  }

  // The client.

  #stanza(text: string): void {
    const user = numberIn(text, BOB);
    const call = this.#calls.get(user);
    if (text.includes("type='error'")) return this.heard(user, 'failed', text);
    // What comes when both sides have ended, such as `finish` (XEP-0353 §5), is of no call any more.
    if (call === undefined) return;
    if (text.startsWith('<message')) return this.#proposal(user, call, text);
    if (!text.startsWith('<iq')) return;
    if (attribute(text, 'type') === 'result') {
      const id = attribute(text, 'id');
      if (id.startsWith('session-info')) this.heard(user, 'there', '');
      else if (id.startsWith('session-terminate')) this.#step(user, call, 'down');
      return;
    }
    this.#xmpp?.send(result(text));
    const jingle = text.slice(text.indexOf('<jingle '));
    switch (attribute(jingle, 'action')) {
      case 'session-initiate':
        return this.#act(user, call, 'session-accept', answerTo(inside(text)));
      case 'session-accept':
        return this.#step(user, call, 'up');
      case 'session-terminate':
        return this.#step(user, call, 'down');
    }
  }

  #proposal(user: number, call: OneCall, text: string): void {
    call.self = attribute(text, 'from');
    if (text.includes('<propose')) {
      Object.assign(call, { sid: attribute(text.slice(text.indexOf('<propose')), 'id') });
      this.#jmi(user, call, 'ringing');
      this.#jmi(user, call, 'proceed');
    } else if (text.includes('<proceed')) this.#act(user, call, 'session-initiate', OFFERED_CONTENTS);
  }

  #jmi(user: number, call: OneCall, what: string, inner = ''): void {
    this.#xmpp?.send(
      `<message from='bob${user}@xmpp.test/bench' to='${call.self}' type='chat' id='${what}${this.#serial++}'>` +
        `<${what} xmlns='${NS_JMI}' id='${call.sid}'>${inner}</${what}></message>`,
    );
  }

  #act(user: number, call: OneCall, action: string, inner: string): void {
    const jid = `bob${user}@xmpp.test/bench`;
    const who = action === 'session-initiate' ? ` initiator='${jid}'` : '';
    this.#xmpp?.send(
      `<iq from='${jid}' to='${call.self}' type='set' id='${action}${this.#serial++}'>` +
        `<jingle xmlns='${NS_JINGLE}' action='${action}' sid='${call.sid}'${who}>${inner}</jingle></iq>`,
    );
  }

  #step(user: number, call: OneCall, news: 'up' | 'down'): void {
    call.waits -= 1;
    if (call.waits > 0) return;
    if (news === 'down') this.#calls.delete(user);
    if (call.waits === 0) this.heard(user, news, '');
  }
}

/** Random identifiers have these letters in them too, but no address. */
const ALICE = /\balice(\d+)[@*]/;
const BOB = /\bbob(\d+)[@*]/;

function numberIn(text: string, user: RegExp): number {
  return Number(user.exec(text)?.[1] ?? Number.NaN);
}

function uriIn(field: string): string {
  return field.slice(field.indexOf('<') + 1, field.indexOf('>'));
}
