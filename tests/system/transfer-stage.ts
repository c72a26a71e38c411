// Transfers in the system tests: the phone's REFER and what it is told, the client's `<transfer/>`, and a second phone.

import assert from 'node:assert/strict';
import type { XmlElement } from '../../src/xml/index.ts';
import { header, parameter, statusOf, type SipText } from '../peers/sip-text.ts';
import { CALLS, contentXml, jingleXml, sdp, type Client, type Phone } from './call-stage.ts';
import type { Rig, RigOptions } from './rig.ts';
import { unique } from './sip-peer.ts';
import { iqXml, JULIET } from './xmpp-peer.ts';

export const NS_TRANSFER = 'urn:xmpp:jingle:transfer:0';
export const CAROL = 'carol@example.net';
const DISCO = 'http://jabber.org/protocol/disco#info';

/** A transfer is known for a minute after the phone has hung up, for the new call of the client. */
export const TRANSFERS: RigOptions = { ...CALLS, mayHold: [...(CALLS.mayHold ?? []), 'call_transfers'] };

/** Whether Juliet's client says, when it is asked, that it knows transfers, and perhaps calls without proposals. */
export function announces(rig: Rig, features: readonly string[]): void {
  rig.xmpp.react = (stanza) => {
    if (stanza.name !== 'iq' || stanza.child('query', DISCO) === undefined) return undefined;
    const known = [
      'urn:xmpp:jingle:1',
      'urn:xmpp:jingle:apps:rtp:1',
      'urn:xmpp:jingle:apps:rtp:audio',
      ...features,
    ];
    const list = known.map((each) => `<feature var='${each}'/>`).join('');
    const { from = '', id = '' } = { from: stanza.attr('from'), id: stanza.attr('id') };
    return iqXml('result', id, from, `<query xmlns='${DISCO}'>${list}</query>`);
  };
}

export const methodOf = (rig: Rig, method: string, patienceMs?: number): Promise<SipText> =>
  rig.sip.requests.next(method, ({ startLine }) => startLine.startsWith(`${method} `), patienceMs);

/** A NOTIFY as `status state event`. */
export async function notified(rig: Rig): Promise<string> {
  const notify = await methodOf(rig, 'NOTIFY');
  const state = header(notify, 'subscription-state').split(';')[0] ?? '';
  const status = /^SIP\/2\.0 (\d{3}) /.exec(notify.body.toString())?.[1] ?? '?';
  assert.match(header(notify, 'content-type'), /^message\/sipfrag/);
  return `${status} ${state} ${header(notify, 'event')}`;
}

/** The phone refers; its branch. */
export function refers(phone: Phone, to: string, more: readonly (readonly [string, string])[] = []): string {
  return phone.send('REFER', undefined, { headers: [['Refer-To', to], ...more] });
}

/** The `<transfer/>` that the client gets, which it takes. */
export async function transferOf(client: Client): Promise<XmlElement> {
  const info = await client.action('session-info');
  return info.child('transfer', NS_TRANSFER) ?? assert.fail('no transfer');
}

export const transferXml = (attributes: string): string => `<transfer xmlns='${NS_TRANSFER}' ${attributes}/>`;

/** The reason of a session that was handed over. */
export const TRANSFERRED = `<reason><success/><transferred xmlns='${NS_TRANSFER}'/></reason>`;

/** The client begins a session, as XEP-0251 has it: its INVITE. */
export async function callsInstead(
  rig: Rig,
  client: Client,
  to: string,
  inner = '',
): Promise<{ sid: string; invite: SipText }> {
  const answer = rig.sip.answer;
  rig.sip.answer = (request) => (request.startLine.startsWith('INVITE ') ? undefined : answer(request));
  const sid = unique('next');
  const xml = jingleXml('session-initiate', sid, contentXml('initiator') + inner);
  assert.equal((await client.act(to, xml)).attr('type'), 'result');
  return { sid, invite: await methodOf(rig, 'INVITE', 5000) };
}

/** That phone takes it; its tag. */
export async function takes(rig: Rig, client: Client, invite: SipText): Promise<string> {
  const tag = unique('carol');
  const contact = ['Contact', `<sip:carol@127.0.0.1:${rig.sip.port}>`] as const;
  rig.sip.respond(invite, { status: 200, tag, headers: [contact], sdp: sdp(4002) });
  await client.action('session-accept');
  await methodOf(rig, 'ACK');
  return tag;
}

/** The client hangs up. */
export async function leaves(
  rig: Rig,
  client: Client,
  self: string,
  sid: string,
  reason: string,
): Promise<SipText> {
  assert.equal((await client.act(self, jingleXml('session-terminate', sid, reason))).attr('type'), 'result');
  return methodOf(rig, 'BYE');
}

/** The client asks for a transfer: the id of its iq. */
export function asksTransfer(
  client: Client,
  self: string,
  sid: string,
  attributes: string,
): Promise<XmlElement> {
  return client.act(self, jingleXml('session-info', sid, transferXml(attributes)));
}

export interface Peer {
  readonly invite: SipText;
  readonly tag: string;
}

/** A NOTIFY of the phone that was called, about our REFER; the status of its answer. */
export async function tells(
  rig: Rig,
  { invite, tag }: Peer,
  cseq: number,
  fragment: string,
  state: string,
): Promise<number | undefined> {
  return statusOf(
    await rig.sip.ask(
      {
        ...{ method: 'NOTIFY', cseq, callId: header(invite, 'call-id'), fromTag: tag },
        uri: /<([^>]*)>/.exec(header(invite, 'contact'))?.[1] ?? '',
        ...{ from: '<sip:romeo@example.net>', to: header(invite, 'from') },
        headers: [
          ['Event', 'refer'],
          ['Subscription-State', state],
          ['Contact', `<sip:romeo@127.0.0.1:${rig.sip.port}>`],
        ],
        ...{ contentType: 'message/sipfrag', body: fragment },
      },
      rig.port,
    ),
  );
}

/** Replaces as the other end of a dialog of the phone would be named by whoever is to take its place. */
export function replacesOf(phone: Phone, response: SipText, more = ''): string {
  const toTag = parameter(header(response, 'to'), 'tag') ?? '';
  return `${phone.callId};to-tag=${toTag};from-tag=${phone.fromTag}${more}`;
}

export { JULIET };
