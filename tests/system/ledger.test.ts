// What the ledger of a whole gateway says of messages in both directions, asked as `stoxgate message` asks.

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { readLedgerRecord, type LedgerRecord } from '../../src/interwork/message/index.ts';
import { header, parameter } from '../peers/sip-text.ts';
import { asking, messageIdOf, notice } from './imdn.ts';
import { MemoryStore } from './memory-store.ts';
import { pause, play, type Rig } from './rig.ts';
import { unique } from './sip-peer.ts';
import { errorXml, JULIET, messageXml, receiptXml, ROMEO } from './xmpp-peer.ts';

const COMPOSING =
  '<?xml version="1.0"?><isComposing xmlns="urn:ietf:params:xml:ns:im-iscomposing"><state>active</state></isComposing>';

async function ask(rig: Rig, ...parts: string[]): Promise<Record<string, unknown>> {
  const [name = '', ...args] = parts;
  const answer = await rig.gateway.admin.get(name)?.(args);
  return JSON.parse(JSON.stringify(answer?.body ?? {}));
}

interface Found extends LedgerRecord {
  readonly state: unknown;
  readonly waitsFor: unknown;
}

async function find(rig: Rig, id: string): Promise<Found[]> {
  const { messages } = await ask(rig, 'message', id);
  assert.ok(Array.isArray(messages));
  return messages.map((row: Record<string, unknown>) => ({
    ...readLedgerRecord(row),
    state: row['state'],
    waitsFor: row['waitsFor'],
  }));
}

/** The only message with this identifier. */
async function one(rig: Rig, id: string): Promise<Found> {
  const [row, ...more] = await find(rig, id);
  assert.ok(
    row !== undefined && more.length === 0,
    `${more.length + (row === undefined ? 0 : 1)} rows of ${id}`,
  );
  return row;
}

describe('SIP to XMPP', () => {
  play('accepted: both sides, found by Call-ID and by stanza id', {}, async (rig) => {
    const before = Date.now();
    const callId = unique('call');
    assert.equal(await rig.status({ body: 'the words', callId, fromTag: 'f1', cseq: 7 }), 202);
    const stanza = await rig.xmpp.stanzas.next('the stanza');
    const row = await one(rig, callId);
    assert.deepEqual(await one(rig, stanza.attr('id') ?? ''), row);
    const { acceptedMs, endedMs = 0, ...rest } = row;
    assert.ok(acceptedMs >= before && endedMs >= acceptedMs && endedMs <= Date.now());
    assert.deepEqual(JSON.parse(JSON.stringify(rest)), {
      direction: 'sip_to_xmpp',
      outcome: 'accepted',
      xmppId: stanza.attr('id'),
      xmppFrom: 'romeo@example.net',
      xmppTo: 'juliet@example.com',
      callId,
      fromTag: 'f1',
      cseq: 7,
      sipFrom: 'sip:romeo@example.net',
      requestUri: 'sip:juliet@example.com',
      status: 202,
    });
  });

  play('refused: the condition and the text of the error, and the status it became', {}, async (rig) => {
    rig.xmpp.react = (stanza) => errorXml(stanza, 'item-not-found', { text: 'Nobody here' });
    const callId = unique('call');
    // ERR-X08, from a bare address.
    assert.equal(await rig.status({ body: 'x', callId }), 604);
    const { outcome, status, condition, text } = await one(rig, callId);
    assert.deepEqual([outcome, status, condition, text], ['refused', 604, 'item-not-found', 'Nobody here']);
  });

  play('rejected: why (ERR-G6; RFC 3261 §12.2.2), and by whom it was sent', {}, async (rig) => {
    const callId = unique('call');
    assert.equal(await rig.status({ body: 'x', callId, uri: 'sip:a@nowhere.example' }), 404);
    const { outcome, status, clause, xmppFrom, xmppTo, requestUri } = await one(rig, callId);
    assert.deepEqual(
      [outcome, status, clause, xmppFrom, xmppTo, requestUri],
      ['rejected', 404, 'ERR-G6', 'romeo@example.net', undefined, 'sip:a@nowhere.example'],
    );
    const dialog = unique('call');
    assert.equal(await rig.status({ body: 'x', callId: dialog, to: '<sip:juliet@example.com>;tag=t' }), 481);
    assert.equal((await one(rig, dialog)).status, 481);
  });

  play('from nobody that is believed: no row (ERR-G7)', {}, async (rig) => {
    const callId = unique('call');
    assert.equal(await rig.status({ body: 'x', callId, from: '<sip:a@nowhere.example>' }), 403);
    assert.deepEqual(await find(rig, callId), []);
  });

  play('unconfirmed: the link is down (ERR-G1)', {}, async (rig) => {
    rig.xmpp.welcome = false;
    rig.xmpp.drop();
    await rig.unlinked();
    const callId = unique('call');
    assert.equal(await rig.status({ body: 'x', callId }), 503);
    const { outcome, status, clause } = await one(rig, callId);
    assert.deepEqual([outcome, status, clause], ['unconfirmed', 503, 'ERR-G1']);
  });

  play('while it is open: where it is and what it waits for; parked when the link goes', {}, async (rig) => {
    rig.xmpp.barrier = 'hold';
    const callId = unique('call');
    const branch = rig.sip.sendRequest({ body: 'x', callId }, rig.port);
    await rig.xmpp.stanzas.next('the stanza');
    const { outcome, endedMs, state, waitsFor } = await one(rig, callId);
    assert.deepEqual([outcome, endedMs, state], ['open', undefined, 'written']);
    assert.match(String(waitsFor), /acknowledgement of the XMPP server/);
    rig.xmpp.drop();
    await rig.until('it is parked', () => rig.gateway.status().links.every(({ state }) => state !== 'up'));
    assert.equal((await one(rig, callId)).state, 'parked');
    rig.xmpp.barrier = 'return';
    await rig.sip.final(branch);
    assert.equal((await one(rig, callId)).outcome, 'accepted');
  });

  play('an error after the 202 stands in the row', {}, async (rig) => {
    assert.equal(await rig.status({ body: 'another' }), 202);
    await rig.xmpp.stanzas.next('another stanza');
    const callId = unique('call');
    assert.equal(await rig.status({ body: 'x', callId }), 202);
    const stanza = await rig.xmpp.stanzas.next('the stanza');
    rig.xmpp.write(errorXml(stanza, 'recipient-unavailable'));
    await rig.until('it is lost', () => rig.counter('stoxgate_messages_lost_total') === 1);
    const { outcome, failure, failedMs = 0, endedMs = 0 } = await one(rig, callId);
    assert.deepEqual([outcome, failure, failedMs >= endedMs], ['accepted', 'recipient-unavailable', true]);
  });
});

describe('XMPP to SIP', () => {
  play('delivered: the target, the status, and both sides’ identifiers', {}, async (rig) => {
    rig.xmpp.write(messageXml({ id: 'm1', body: 'the words' }));
    const request = await rig.sip.requests.next('the request');
    const callId = header(request, 'call-id');
    await rig.until('it is delivered', () => rig.held('messages_to_sip') === 0);
    const row = await one(rig, 'm1');
    assert.deepEqual(await one(rig, callId), row);
    const { acceptedMs, endedMs = 0, ...rest } = row;
    assert.ok(endedMs >= acceptedMs);
    assert.deepEqual(JSON.parse(JSON.stringify(rest)), {
      direction: 'xmpp_to_sip',
      outcome: 'delivered',
      xmppId: 'm1',
      xmppFrom: JULIET,
      xmppTo: ROMEO,
      callId,
      fromTag: parameter(header(request, 'from'), 'tag'),
      cseq: 1,
      sipFrom: /<([^>]*)>/.exec(header(request, 'from'))?.[1],
      requestUri: 'sip:romeo@example.net',
      target: `UDP 127.0.0.1 ${rig.sip.port}`,
      attempts: 1,
      status: 200,
    });
  });

  play('reported: what SIP answered and what its sender hears', {}, async (rig) => {
    rig.sip.answer = () => ({ status: 486, reason: 'Busy Here' });
    rig.xmpp.write(messageXml({ id: 'm2', body: 'x' }));
    await rig.xmpp.stanzas.next('the error');
    const { outcome, status, condition, text, target } = await one(rig, 'm2');
    assert.deepEqual(
      [outcome, status, condition, text, target],
      ['reported', 486, 'recipient-unavailable', 'Busy Here', `UDP 127.0.0.1 ${rig.sip.port}`],
    );
  });

  play('reported by the gateway: no rule for its sender (ERR-G7), too long (IM-30)', {}, async (rig) => {
    rig.xmpp.write(messageXml({ id: 'm3', from: 'a@nowhere.example', body: 'x' }));
    rig.xmpp.write(messageXml({ id: 'm4', body: 'x'.repeat(1300) }));
    // Its body alone would not be too long; the request is, and is not sent.
    rig.xmpp.write(messageXml({ id: 'm5', body: 'x'.repeat(1200) }));
    for (const what of ['one error', 'another', 'a third']) await rig.xmpp.stanzas.next(what);
    const { clause, attempts, callId } = await one(rig, 'm5');
    assert.deepEqual([clause, attempts, callId === undefined], ['IM-30', undefined, false]);
    assert.deepEqual([(await one(rig, 'm3')).clause, (await one(rig, 'm4')).clause], ['ERR-G7', 'IM-30']);
    assert.equal((await one(rig, 'm3')).callId, undefined, 'it never came to SIP');
  });

  play('while they are open: trying, and queued behind it (IM-33)', {}, async (rig) => {
    rig.sip.answer = () => undefined;
    rig.xmpp.write(messageXml({ id: 'first', body: 'x' }));
    const request = await rig.sip.requests.next('the request');
    rig.xmpp.write(messageXml({ id: 'second', body: 'x' }));
    await rig.until('both are open', () => rig.held('messages_to_sip') === 2);
    const first = await one(rig, 'first');
    assert.deepEqual([first.outcome, first.state, first.attempts], ['open', 'trying', 1]);
    assert.deepEqual(await one(rig, header(request, 'call-id')), first);
    const second = await one(rig, 'second');
    assert.deepEqual([second.outcome, second.state, second.target], ['open', 'queued', undefined]);
    assert.match(String(second.waitsFor), /earlier message/);
    rig.sip.answer = () => 200;
    rig.sip.respond(request, 200);
    await rig.until('both are delivered', () => rig.held('messages_to_sip') === 0);
    assert.equal((await one(rig, 'second')).outcome, 'delivered');
  });
});

describe('what is learned after the outcome', () => {
  const KEYS = [new Uint8Array(32).fill(1)];
  const stored = (): { keys: typeof KEYS; store: MemoryStore } => ({ keys: KEYS, store: new MemoryStore() });
  const reported = ({ deliveredMs, displayedMs, failedMs, failure }: LedgerRecord): unknown[] => [
    deliveredMs !== undefined,
    displayedMs !== undefined,
    failedMs !== undefined,
    failure,
  ];

  for (const restarts of [false, true]) {
    const when = restarts ? ', after a restart' : '';

    play(`from SIP: a receipt, and an error${when}`, stored(), async (rig) => {
      const calls = [unique('call'), unique('call')];
      const stanzas = [];
      for (const [index, callId] of calls.entries()) {
        assert.equal(
          await rig.status({ callId, ...asking(`m${index}`, 'positive-delivery, negative-delivery') }),
          202,
        );
        stanzas.push(await rig.xmpp.stanzas.next('the message'));
      }
      const [received, failed] = stanzas;
      assert.ok(received !== undefined && failed !== undefined);
      if (restarts) await rig.restart();
      rig.xmpp.write(receiptXml(received) + errorXml(failed, 'recipient-unavailable'));
      await rig.sip.requests.next('the report');
      await rig.sip.requests.next('the other report');
      await until(rig, calls[0], ({ deliveredMs }) => deliveredMs !== undefined);
      await until(rig, calls[1], ({ failedMs }) => failedMs !== undefined);
      assert.deepEqual(reported(await one(rig, calls[0] ?? '')), [true, false, false, undefined]);
      assert.deepEqual(reported(await one(rig, 'm1')), [false, false, true, 'recipient-unavailable']);
    });

    play(
      `from XMPP: notifications of the phone${when}`,
      { messages: { reports: 'always' }, ...stored() },
      async (rig) => {
        const id = '5f0c1e86-3b1f-4f0e-9a53-7c3f4a2f1d11';
        rig.xmpp.write(messageXml({ id, body: 'x', more: "<request xmlns='urn:xmpp:receipts'/>" }));
        const messageId = messageIdOf(await rig.sip.requests.next('the message'));
        await rig.until('it is delivered', () => rig.held('messages_to_sip') === 0);
        assert.equal((await one(rig, messageId)).xmppId, id, 'found by its Message-ID');
        if (restarts) await rig.restart();
        const uri = 'sip:juliet@example.com;gr=balcony';
        assert.equal(await rig.status({ uri, ...notice(messageId, 'delivery', 'delivered') }), 200);
        await until(rig, id, ({ deliveredMs }) => deliveredMs !== undefined);
        assert.deepEqual(reported(await one(rig, id)), [true, false, false, undefined]);
      },
    );
  }

  play(
    'kept for its user: where it is, then its one row',
    { offline: { keep: true }, ...stored() },
    async (rig) => {
      rig.sip.answer = () => 480;
      rig.xmpp.write(messageXml({ id: 'kept', body: 'x' }));
      const callId = header(await rig.sip.requests.next('the request'), 'call-id');
      await rig.until('it is kept', () => rig.held('kept_messages') === 1);
      const waiting = await one(rig, 'kept');
      assert.deepEqual([waiting.outcome, waiting.state, waiting.xmppFrom], ['open', 'kept', JULIET]);
      assert.match(String(waiting.waitsFor), /seen/);
      assert.deepEqual(await one(rig, callId), waiting);
      assert.equal(total(rig, 'xmpp_to_sip'), 0, 'it has no outcome yet');
      await rig.restart();
      await rig.until('it is kept', () => rig.held('kept_messages') === 1);
      rig.sip.answer = () => 200;
      assert.equal(await rig.status({ body: 'I am here' }), 202);
      await rig.until('nothing is kept', () => rig.held('kept_messages') === 0);
      const { outcome, acceptedMs, xmppFrom } = await one(rig, 'kept');
      assert.deepEqual([outcome, acceptedMs, xmppFrom], ['delivered', waiting.acceptedMs, JULIET]);
      assert.equal(total(rig, 'xmpp_to_sip'), 1);
    },
  );

  play('rows outlive the gateway', stored(), async (rig) => {
    rig.xmpp.write(messageXml({ id: 'early', body: 'x' }));
    await rig.sip.requests.next('the request');
    await rig.until('it is delivered', () => rig.held('messages_to_sip') === 0);
    const row = await one(rig, 'early');
    await rig.restart();
    assert.equal(rig.held('ledger_rows'), 0, 'none in memory');
    assert.deepEqual(await one(rig, 'early'), row);
  });
});

describe('all outcomes of both directions', () => {
  play(
    'rows and totals are those of the counters, and no row has a body',
    { mayHold: ['composing'] },
    async (rig) => {
      const ids: string[] = [];
      const fromSip = async (wanted: number, parts: Parameters<Rig['ask']>[0]): Promise<void> => {
        const callId = unique('call');
        ids.push(callId);
        assert.equal(await rig.status({ body: 'secret words', callId, ...parts }), wanted);
      };
      const fromXmpp = (parts: Parameters<typeof messageXml>[0]): void => {
        const id = unique('stanza');
        ids.push(id);
        rig.xmpp.write(messageXml({ body: 'secret words', id, ...parts }));
      };
      // SIP to XMPP: accepted 2, delivered 1, refused 1, rejected 2, nothing 1, unconfirmed 1.
      await fromSip(202, {});
      await fromSip(202, { headers: [['Subject', 'secret subject']] });
      rig.xmpp.react = receiptXml;
      await fromSip(200, {});
      rig.xmpp.react = (stanza) => errorXml(stanza, 'forbidden');
      await fromSip(603, {});
      rig.xmpp.react = () => undefined;
      await fromSip(404, { uri: 'sip:a@nowhere.example' });
      await fromSip(415, { contentType: 'image/png' });
      await fromSip(200, { body: '' });
      // XMPP to SIP: delivered 1, reported 2, nothing 1.
      fromXmpp({});
      await rig.sip.requests.next('the request');
      rig.sip.answer = () => 404;
      fromXmpp({ to: 'nobody@example.net' });
      fromXmpp({ from: 'a@nowhere.example' });
      ids.push('nothing');
      rig.xmpp.write(messageXml({ id: 'nothing' }));
      // "Is composing" of both sides: counted as nothing, and no row.
      assert.equal(await rig.status({ contentType: 'application/im-iscomposing+xml', body: COMPOSING }), 200);
      rig.xmpp.write(
        messageXml({
          id: 'typing',
          type: 'chat',
          more: "<composing xmlns='http://jabber.org/protocol/chatstates'/>",
        }),
      );
      await rig.until('all from XMPP have their outcome', () => total(rig, 'xmpp_to_sip') === 5);
      await rig.until('and it is there', () => rig.held('error_reports') === 0);
      rig.xmpp.welcome = false;
      rig.xmpp.drop();
      await rig.unlinked();
      await fromSip(503, {});

      const rows = new Map<string, number>();
      for (const id of ids) {
        const { direction, outcome } = await one(rig, id);
        const key = `${direction} ${outcome}`;
        rows.set(key, (rows.get(key) ?? 0) + 1);
      }
      assert.deepEqual([...rows].map(([key, count]) => `${key} ${count}`).toSorted(), [
        'sip_to_xmpp accepted 2',
        'sip_to_xmpp delivered 1',
        'sip_to_xmpp nothing 1',
        'sip_to_xmpp refused 1',
        'sip_to_xmpp rejected 2',
        'sip_to_xmpp unconfirmed 1',
        'xmpp_to_sip delivered 1',
        'xmpp_to_sip nothing 1',
        'xmpp_to_sip reported 2',
      ]);
      assert.equal(rig.held('ledger_rows'), ids.length);
      assert.deepEqual(await find(rig, 'typing'), []);

      const { totals } = await ask(rig, 'messages');
      assert.ok(Array.isArray(totals));
      const told = totals.map(
        ({ direction, outcome, messages }: Record<string, unknown>) =>
          `stoxgate_messages_total{direction="${String(direction)}",outcome="${String(outcome)}"} ${String(messages)}`,
      );
      const counted = rig.gateway.counters
        .text()
        .split('\n')
        .filter((line) => line.startsWith('stoxgate_messages_total{'));
      assert.deepEqual(told.toSorted(), counted.toSorted());
      assert.equal(total(rig, 'sip_to_xmpp') + total(rig, 'xmpp_to_sip'), ids.length + 2);

      for (const id of ids) assert.doesNotMatch(JSON.stringify(await ask(rig, 'message', id)), /secret/);
    },
  );
});

/** The row of this message comes to be so. */
async function until(rig: Rig, id: string | undefined, holds: (row: LedgerRecord) => boolean): Promise<void> {
  for (let i = 0; i < 500; i++) {
    if (holds(await one(rig, id ?? ''))) return;
    await pause(5);
  }
  assert.fail(`the row of ${id} did not become so`);
}

/** Messages of one direction that have their outcome. */
function total(rig: Rig, direction: string): number {
  const lines = rig.gateway.counters
    .text()
    .matchAll(/^stoxgate_messages_total\{direction="(\w+)",.*\} (\d+)$/gm);
  let sum = 0;
  for (const [, its, value] of lines) if (its === direction) sum += Number(value);
  return sum;
}
