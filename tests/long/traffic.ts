// One round of mixed traffic through a gateway between the two peers of the system tests: what goes well, what is
// refused, what is broken, and links that drop meanwhile. Every message is waited for.

import assert from 'node:assert/strict';
import { statusOf } from '../peers/sip-text.ts';
import { TcpCaller, unique, type SipPeer } from '../system/sip-peer.ts';
import { errorXml, messageXml, type XmppPeer } from '../system/xmpp-peer.ts';

export interface Ends {
  readonly sip: SipPeer;
  readonly xmpp: XmppPeer;
  /** The gateway's UDP and TCP port. */
  readonly port: number;
}

/** The people of both sides; the same in every round, so that what is remembered of them does not grow. */
const PEOPLE = 200;
/** Messages on their way at once. */
const WINDOW = 48;
/** IM-29: a final response comes within 10 s; a link that comes back takes a while. */
const PATIENCE_MS = 20_000;
/** A link that breaks again and again is tried more and more rarely, every minute at last (row COMP-06). */
const LINK_PATIENCE_MS = 75_000;

const REFUSED = 'refused';

/** What the ends say to what they get. */
export function teach({ sip, xmpp }: Ends): void {
  sip.answer = (request) => {
    if (request.startLine.includes('ghost')) return undefined;
    return request.body.toString().startsWith(REFUSED) ? 404 : 200;
  };
  xmpp.react = (stanza) =>
    stanza.attr('type') !== 'error' && stanza.child('body')?.text().startsWith(REFUSED) === true
      ? errorXml(stanza, 'item-not-found')
      : undefined;
}

type Kind = (ends: Ends, index: number) => Promise<void>;

/** By turns; the refused and broken ones are one in six. */
const KINDS: readonly Kind[] = [toXmpp, toSip, toXmpp, toSip, toXmpp, toSip, refusedByXmpp, refusedBySip];

/** What the gateway itself must bring over a link that breaks. */
const KINDS_OVER_A_BREAK: readonly Kind[] = [toXmpp, toXmpp, toXmpp, refusedByXmpp];

/** Sends `messages` and waits for all of them; `drop`: then some more, and the link breaks under them. */
export async function round(ends: Ends, messages: number, drop: boolean): Promise<void> {
  await send(ends, KINDS, messages);
  if (drop) {
    // Nothing goes the other way meanwhile: what a server has written when it dies is lost by the server.
    const traffic = send(ends, KINDS_OVER_A_BREAK, messages >> 2);
    await breakLink(ends);
    await traffic;
  }
  await odds(ends);
  for (const inbox of [ends.sip.requests, ends.sip.responses, ends.xmpp.stanzas]) {
    inbox.forget();
    inbox.all.length = 0;
  }
  assert.deepEqual(ends.xmpp.faults, []);
}

async function send(ends: Ends, kinds: readonly Kind[], messages: number): Promise<void> {
  let next = 0;
  const hand = async (): Promise<void> => {
    for (let index = next++; index < messages; index = next++)
      await kinds[index % kinds.length]?.(ends, index);
  };
  await Promise.all(Array.from({ length: WINDOW }, hand));
}

/** To nobody who answers: each ends with timer F, 32 s later (RFC 3261 §17.1.2.2). */
export function ghosts({ xmpp }: Ends, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => {
    const id = unique('ghost');
    xmpp.write(messageXml({ to: `ghost${index}@example.net`, id, body: 'is anybody there?' }));
    return id;
  });
}

async function toXmpp(ends: Ends, index: number): Promise<void> {
  const status = await ask(ends, index, unique('text '));
  // 503: the link went down on the way.
  assert.ok(status === 202 || status === 503, `status ${status}`);
}

async function refusedByXmpp(ends: Ends, index: number): Promise<void> {
  const status = await ask(ends, index, unique(`${REFUSED} `));
  // From a bare address item-not-found speaks for the person, not for one client (RFC 7247 §4.2).
  assert.ok(status === 604 || status === 503, `status ${status}`);
}

async function ask({ sip, port }: Ends, index: number, body: string): Promise<number | undefined> {
  const parts = {
    uri: `sip:juliet${index % PEOPLE}@example.com`,
    from: `<sip:romeo${index % PEOPLE}@example.net>`,
    body,
  };
  return statusOf(await sip.ask(parts, port, PATIENCE_MS));
}

async function toSip({ sip, xmpp }: Ends, index: number): Promise<void> {
  const body = unique('stanza ');
  writeMessage(xmpp, index, unique('id'), body);
  await sip.requests.next(body, (request) => request.body.toString() === body, PATIENCE_MS);
}

async function refusedBySip({ xmpp }: Ends, index: number): Promise<void> {
  const id = unique('id');
  writeMessage(xmpp, index, id, unique(`${REFUSED} `));
  await errorFor(xmpp, id);
}

function writeMessage(xmpp: XmppPeer, index: number, id: string, body: string): void {
  const from = `juliet${index % PEOPLE}@example.com/balcony`;
  xmpp.write(messageXml({ from, to: `romeo${index % PEOPLE}@example.net`, id, type: 'chat', body }));
}

export async function errorFor(xmpp: XmppPeer, id: string, patienceMs = PATIENCE_MS): Promise<void> {
  const isIt = (stanza: { attr(name: string): string | undefined }): boolean =>
    stanza.attr('id') === id && stanza.attr('type') === 'error';
  await xmpp.stanzas.next(`the error for ${id}`, isIt, patienceMs);
}

/** The server drops the link, a little after traffic has begun; done when the link is back. */
async function breakLink({ xmpp }: Ends): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 30));
  const before = xmpp.links;
  xmpp.drop();
  const end = performance.now() + LINK_PATIENCE_MS;
  while (xmpp.links === before) {
    assert.ok(performance.now() < end, 'the link does not come back');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** What is broken, unknown, or comes over TCP. */
async function odds({ sip, port }: Ends): Promise<void> {
  sip.send(Buffer.from('\r\n\r\n'), port);
  sip.send(Buffer.from('no SIP at all\r\n\r\n'), port);
  sip.send(
    Buffer.from('MESSAGE sip:a@example.com SIP/2.0\r\nVia: SIP/2.0/UDP x;branch=z9hG4bKx\r\n\r\n'),
    port,
  );
  const nobody = { uri: 'sip:who@elsewhere.example', body: 'x' };
  assert.equal(statusOf(await sip.ask(nobody, port, PATIENCE_MS)), 404);
  assert.equal(statusOf(await sip.ask({ ...nobody, method: 'PUBLISH' }, port, PATIENCE_MS)), 405);
  const callers = await Promise.all(Array.from({ length: 4 }, () => TcpCaller.open(port)));
  for (const caller of callers) {
    const status = statusOf(await caller.ask({ uri: 'sip:juliet0@example.com', body: 'by TCP' }));
    assert.ok(status === 202 || status === 503, `status ${status}`);
    caller.write(Buffer.from('MESSAGE sip:half'));
    caller.close();
  }
}
