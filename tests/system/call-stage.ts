// Both ends of a call in the system tests: a phone that speaks plain RTP, and a client that proposes (XEP-0353) and takes what it is
// given. Nothing here is the gateway's own code but the parser of stanzas.

import assert from 'node:assert/strict';
import type { XmlElement } from '../../src/xml/index.ts';
import { header, parameter, type SipText } from '../peers/sip-text.ts';
import type { Rig, RigOptions } from './rig.ts';
import { unique, type RequestParts } from './sip-peer.ts';
import { iqXml, JULIET, messageXml, ROMEO } from './xmpp-peer.ts';

export const NS_JINGLE = 'urn:xmpp:jingle:1';
export const NS_JMI = 'urn:xmpp:jingle-message:0';
const NS_RTP = 'urn:xmpp:jingle:apps:rtp:1';
const NS_RAW = 'urn:xmpp:jingle:transports:raw-udp:1';

/** T1 of 10 ms, so that legs are gone 64*T1 after their end; what comes late of a call is known for 32 s, and an error to what was sent for 30 s. */
export const CALLS: RigOptions = {
  timing: { t1Ms: 10, t2Ms: 80, t4Ms: 100 },
  mayHold: ['xmpp_legs', 'xmpp_call_requests'],
};

/** Where the phone refuses: timer D of the INVITE lasts "at least 32 seconds" over UDP (RFC 3261 §17.1.1.2). */
export const REFUSED: RigOptions = { ...CALLS, mayHold: [...(CALLS.mayHold ?? []), 'client_transactions'] };

/** The description of a desk phone; `port` 0 rejects. */
export function sdp(port: number, more: readonly string[] = [], version = 1): string {
  return [
    'v=0',
    `o=- 1 ${version} IN IP4 192.0.2.1`,
    's=-',
    'c=IN IP4 192.0.2.1',
    't=0 0',
    `m=audio ${port} RTP/AVP 0 8`,
    'a=rtpmap:0 PCMU/8000',
    'a=rtpmap:8 PCMA/8000',
    ...more,
    '',
  ].join('\r\n');
}

/** `<content/>` of the client. */
export function contentXml(creator: 'initiator' | 'responder', port = 9000, name = 'audio'): string {
  return (
    `<content creator='${creator}' name='${name}'><description xmlns='${NS_RTP}' media='audio'>` +
    `<payload-type id='0' name='PCMU' clockrate='8000'/></description>` +
    `<transport xmlns='${NS_RAW}'><candidate component='1' generation='0' id='c1' ip='198.51.100.1' port='${port}'/></transport></content>`
  );
}

export function jingleXml(action: string, sid: string, inner = ''): string {
  return `<jingle xmlns='${NS_JINGLE}' action='${action}' sid='${sid}'>${inner}</jingle>`;
}

export function jmiXml(what: string, id: string, to: string, inner = ''): string {
  return messageXml({ to, type: 'chat', more: `<${what} xmlns='${NS_JMI}' id='${id}'>${inner}</${what}>` });
}

export const DESCRIPTION = `<description xmlns='${NS_RTP}' media='audio'/>`;
export const reasonXml = (condition: string): string => `<reason><${condition}/></reason>`;

/** The client, by what it gets. */
export class Client {
  readonly #rig: Rig;

  constructor(rig: Rig) {
    this.#rig = rig;
  }

  /** The next Jingle action of the gateway, which is answered with a result. */
  async action(name: string): Promise<XmlElement> {
    const iq = await this.#rig.xmpp.stanzas.next(
      name,
      (stanza) => stanza.child('jingle', NS_JINGLE)?.attr('action') === name,
    );
    this.write('result', iq.attr('id') ?? '', iq.attr('from') ?? '', '');
    return iq.child('jingle', NS_JINGLE) ?? assert.fail('no jingle');
  }

  /** The next message of the proposal. */
  async proposal(name: string): Promise<XmlElement> {
    return this.#rig.xmpp.stanzas.next(name, (stanza) => stanza.child(name, NS_JMI) !== undefined);
  }

  /** Sends an action and waits for its answer. */
  async act(to: string, xml: string): Promise<XmlElement> {
    const id = unique('act');
    this.write('set', id, to, xml);
    return this.#rig.xmpp.stanzas.next('the answer', (stanza) => stanza.attr('id') === id);
  }

  write(type: string, id: string, to: string, xml: string): void {
    this.#rig.xmpp.write(iqXml(type, id, to, xml));
  }
}

export interface InviteParts {
  readonly callId?: string;
  readonly fromTag?: string;
  readonly uri?: string;
  /** Who calls: From without its tag. By default Romeo. */
  readonly from?: string;
  readonly sdp?: string;
  readonly headers?: readonly (readonly [string, string])[];
}

/** The phone. */
export class Phone {
  readonly callId: string;
  readonly fromTag = unique('p');
  readonly branch: string;
  /** Of the dialog, once there is a 2xx. */
  #toTag = '';
  #contact = '';
  #cseq = 1;
  readonly #rig: Rig;

  /** Calls. */
  constructor(rig: Rig, parts: InviteParts = {}) {
    this.#rig = rig;
    this.callId = parts.callId ?? unique('call');
    this.branch = rig.sip.sendRequest(
      {
        ...{ method: 'INVITE', callId: this.callId, fromTag: this.fromTag, contentType: 'application/sdp' },
        ...(parts.from === undefined ? {} : { from: parts.from }),
        ...(parts.uri === undefined ? {} : { uri: parts.uri, to: `<${parts.uri}>` }),
        headers: [['Contact', `<sip:romeo@127.0.0.1:${rig.sip.port}>`], ...(parts.headers ?? [])],
        body: parts.sdp ?? sdp(4000),
      },
      rig.port,
    );
  }

  /** The final response; a 2xx is acknowledged. */
  async final(): Promise<SipText> {
    const response = await this.#rig.sip.final(this.branch);
    this.#toTag = parameter(header(response, 'to'), 'tag') ?? '';
    this.#contact = /<([^>]*)>/.exec(header(response, 'contact'))?.[1] ?? '';
    if (response.startLine.startsWith('SIP/2.0 2')) this.send('ACK');
    return response;
  }

  async provisional(status: number): Promise<SipText> {
    return this.#rig.sip.responses.next(String(status), ({ startLine }) =>
      startLine.startsWith(`SIP/2.0 ${status}`),
    );
  }

  /** CANCEL of the INVITE. */
  cancel(): Promise<SipText> {
    return this.#rig.sip.ask(
      { method: 'CANCEL', callId: this.callId, fromTag: this.fromTag, branch: this.branch },
      this.#rig.port,
    );
  }

  /** Of the gateway, in the dialog. */
  get toTag(): string {
    return this.#toTag;
  }

  /** A request in the dialog, and its branch. */
  send(method: string, body?: string, more: Pick<RequestParts, 'headers' | 'contentType'> = {}): string {
    if (method !== 'ACK') this.#cseq += 1;
    return this.#rig.sip.sendRequest(
      {
        ...{ method, uri: this.#contact, callId: this.callId, fromTag: this.fromTag, cseq: this.#cseq },
        to: `<sip:juliet@example.com>;tag=${this.#toTag}`,
        ...(body === undefined ? {} : { body, contentType: more.contentType ?? 'application/sdp' }),
        headers: [['Contact', `<sip:romeo@127.0.0.1:${this.#rig.sip.port}>`], ...(more.headers ?? [])],
      },
      this.#rig.port,
    );
  }

  ask(method: string, body?: string, more?: Pick<RequestParts, 'headers' | 'contentType'>): Promise<SipText> {
    return this.#rig.sip.final(this.send(method, body, more));
  }
}

/** A phone calls Juliet, and she takes it. */
export async function answeredByClient(
  rig: Rig,
): Promise<{ phone: Phone; client: Client; sid: string; self: string }> {
  const client = new Client(rig);
  const phone = new Phone(rig);
  const propose = await client.proposal('propose');
  const self = propose.attr('from') ?? '';
  const sid = propose.child('propose', NS_JMI)?.attr('id') ?? '';
  rig.xmpp.write(jmiXml('ringing', sid, self));
  await phone.provisional(180);
  rig.xmpp.write(jmiXml('proceed', sid, self));
  const initiate = await client.action('session-initiate');
  assert.equal(initiate.attr('sid'), sid);
  const content = contentXml('initiator', 9000, initiate.child('content')?.attr('name') ?? '');
  assert.equal((await client.act(self, jingleXml('session-accept', sid, content))).attr('type'), 'result');
  const answer = await phone.final();
  assert.match(answer.startLine, /^SIP\/2\.0 200 /);
  assert.match(answer.body.toString(), /^m=audio 9000 RTP\/AVP 0\r$/m);
  return { phone, client, sid, self };
}

/** Juliet calls a phone, which takes it. `dialog`: the INVITE as it came. */
export async function answeredByPhone(
  rig: Rig,
  to = ROMEO,
): Promise<{ client: Client; sid: string; self: string; invite: SipText; tag: string }> {
  const { client, sid, self, invite } = await callsPhone(rig, to);
  const tag = unique('phone');
  const contact = ['Contact', `<sip:romeo@127.0.0.1:${rig.sip.port}>`] as const;
  rig.sip.respond(invite, { status: 200, tag, headers: [contact], sdp: sdp(4000) });
  const accept = await client.action('session-accept');
  assert.equal(accept.attr('sid'), sid);
  await rig.sip.requests.next('ACK', ({ startLine }) => startLine.startsWith('ACK '));
  return { client, sid, self, invite, tag };
}

/** Up to the INVITE, which is not answered. */
export async function callsPhone(
  rig: Rig,
  to = ROMEO,
): Promise<{ client: Client; sid: string; self: string; invite: SipText }> {
  const answer = rig.sip.answer;
  rig.sip.answer = (request) => (request.startLine.startsWith('INVITE ') ? undefined : answer(request));
  const client = new Client(rig);
  const sid = unique('sid');
  rig.xmpp.write(jmiXml('propose', sid, to, DESCRIPTION));
  const proceed = await client.proposal('proceed');
  const self = proceed.attr('from') ?? '';
  assert.ok(self.startsWith(`${to}/`), self);
  const jingle = `<jingle xmlns='${NS_JINGLE}' action='session-initiate' sid='${sid}' initiator='${JULIET}'>${contentXml('initiator')}</jingle>`;
  assert.equal((await client.act(self, jingle)).attr('type'), 'result');
  const invite = await rig.sip.requests.next(
    'INVITE',
    ({ startLine }) => startLine.startsWith('INVITE '),
    5000,
  );
  assert.match(invite.body.toString(), /^m=audio 9000 RTP\/AVP 0\r$/m);
  return { client, sid, self, invite };
}

/** A request of the phone in the dialog of an INVITE that it got. */
export function inDialog(rig: Rig, invite: SipText, tag: string, method: string, cseq = 1): Promise<SipText> {
  return rig.sip.ask(
    {
      ...{ method, cseq, callId: header(invite, 'call-id'), fromTag: tag },
      uri: /<([^>]*)>/.exec(header(invite, 'contact'))?.[1] ?? '',
      from: `<sip:romeo@example.net>`,
      to: header(invite, 'from'),
    },
    rig.port,
  );
}

/** How often each outcome was told. */
export function outcomes(rig: Rig): readonly string[] {
  return rig.log
    .filter(({ event }) => event === 'call.ended')
    .map(({ fields }) => `${String(fields['direction'])} ${String(fields['outcome'])}`);
}
