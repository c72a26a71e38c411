// A thousand calls, half from each side, half over UDP and half over TCP, and each ended in one of four ways: what the gateway holds after
// them is what it held before. Numbers of things are compared and not octets: those of a heap say little that is certain. The XMPP
// server is that of the system tests, so that it takes seconds.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { queryObjects } from 'node:v8';
import { DrivenLeg } from '../../src/gateway/calls/sip-leg.ts';
import { XmppLeg } from '../../src/gateway/calls/xmpp-leg.ts';
import { callee, caller, hears, pauses, phoneSdp, replies, type Step } from '../peers/sipp-scenario.ts';
import { MemoryStore } from '../system/memory-store.ts';
import { CallCrowd, type Plan } from './call-crowd.ts';
import { SIP_HOME, SippRig, TRANSPORTS, type Transport } from './sipp-rig.ts';

/** Multiples of 16: each way to end is as frequent, from either side and over either transport. */
const CALLS = 1_024;
const WARM_UP = 128;
/** Of each side at the same time. */
const AT_ONCE = 50;
const SDP = phoneSdp(4000);

/** On a busy machine a request may come once more before what sipp had answered is read (RFC 3261 §17.1.1.2, §17.1.2.2); sipp knows it
 * by itself only until it has said two things in a row. */
const AGAIN = hears('INVITE', { optional: true });
const CANCEL_AGAIN = hears('CANCEL', { optional: true });

/** What the phone that is called does, by its name. */
const CALLED: Readonly<Record<string, readonly Step[]>> = {
  phoneends: [
    ...[callee.answers(180), callee.answers(200, { sdp: SDP }), AGAIN, hears('ACK'), pauses(5)],
    ...[callee.asks('BYE', 1), hears(200)],
  ],
  clientends: [
    callee.answers(180),
    callee.answers(200, { sdp: SDP }),
    AGAIN,
    hears('ACK'),
    hears('BYE'),
    replies(200),
  ],
  cancelled: [
    ...[callee.answers(180), AGAIN, hears('CANCEL'), replies(200), callee.answers(487), AGAIN],
    ...[CANCEL_AGAIN, hears('ACK')],
  ],
  refused: [callee.answers(486), AGAIN, hears('ACK')],
};
const CLIENT_OF: Readonly<Record<string, Plan>> = { clientends: 'hangsUp', cancelled: 'givesUp' };

const TRYING = hears(100, { optional: true });
const RINGS = hears(180, { optional: true });
const TAKEN = [caller.invites({ sdp: SDP }), TRYING, RINGS, caller.hearsAnswer(200), caller.asks('ACK', 1)];

/** What the phone that calls does, and the client, whose name begins so. */
const CALLING: Readonly<Record<string, { readonly plan: Plan; readonly steps: readonly Step[] }>> = {
  phoneends: { plan: 'stays', steps: [...TAKEN, caller.asks('BYE', 2), hears(200)] },
  clientends: { plan: 'hangsUp', steps: [...TAKEN, hears('BYE'), replies(200)] },
  cancelled: {
    plan: 'givesUp',
    steps: [
      ...[caller.invites({ sdp: SDP }), TRYING, hears(180), caller.cancels(), hears(200), hears(487)],
      caller.acknowledges(),
    ],
  },
  refused: {
    plan: 'rejects',
    steps: [caller.invites({ sdp: SDP }), TRYING, hears(486), caller.acknowledges()],
  },
};
const NAMES = Object.keys(CALLING);

/** What a call is made of; to count one kind takes a third of a second. */
const KINDS = { DrivenLeg, XmppLeg };

describe('a thousand calls', () => {
  const store = new MemoryStore();
  let sipp: SippRig;
  let crowd: CallCrowd;
  let serial = 0;

  before(async () => {
    sipp = await SippRig.open({ store, calls: { limits: { attempts: 10_000, user: 1_000 } } });
    crowd = new CallCrowd(sipp.rig);
    crowd.planOf = (user) => CALLING[user.replace(/\d.*$/, '')]?.plan ?? 'stays';
  });
  after(() => sipp.close());

  /** So many calls, `AT_ONCE` from each side, to their ends on both sides. */
  async function play(count: number): Promise<void> {
    const half = count / 2;
    const runs: Promise<unknown>[] = [];
    for (const transport of TRANSPORTS) {
      const phone = await sipp.phone(transport, [callee.byName(CALLED)], { count: half / 2 });
      runs.push(phone.met(), clientsCall(transport, half / 2));
      for (const name of NAMES) runs.push(phonesCall(transport, name, half / 8));
    }
    await Promise.all(runs);
    await crowd.ended();
    assert.equal(crowd.calls.size, count);
  }

  async function phonesCall(transport: Transport, name: string, count: number): Promise<void> {
    const phone = await sipp.caller(
      transport,
      `${name}[call_number]@example.com`,
      CALLING[name]?.steps ?? [],
      {
        ...{ count, limit: Math.ceil(AT_ONCE / 8), ratePerSecond: 1_000 },
      },
    );
    await phone.met();
  }

  async function clientsCall(transport: Transport, count: number): Promise<void> {
    const open = async (first: number): Promise<void> => {
      for (let at = first; at < count; at += AT_ONCE / 2) {
        const name = NAMES[at % NAMES.length] ?? '';
        const call = crowd.call(`u${++serial}`, `${name}${serial}@${SIP_HOME[transport]}`, CLIENT_OF[name]);
        await sipp.rig.until(`the end of ${name}`, () => call.ended, 20_000);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE / 2 }, (_, first) => open(first)));
  }

  const alive = (): Readonly<Record<string, number>> =>
    Object.fromEntries(
      Object.entries(KINDS).map(([name, kind]) => [name, queryObjects(kind, { format: 'count' })]),
    );

  /** Everything that can be counted, once what may be known for a while is gone. */
  async function left(): Promise<Readonly<Record<string, number>>> {
    await sipp.residue();
    const { rig } = sipp;
    // What the peers and the log of this test remember is not the gateway's.
    crowd.calls.clear();
    rig.log.length = 0;
    rig.xmpp.stanzas.all.length = 0;
    rig.xmpp.stanzas.forget();
    return { ...rig.gateway.status().counters, ...alive(), records: store.table('calls').size };
  }

  /** How often each outcome was told. */
  function told(): Readonly<Record<string, number>> {
    const found: Record<string, number> = {};
    const line = /^stoxgate_calls_total\{direction="(\w+)",outcome="(\w+)"\} (\d+)$/gm;
    for (const [, direction, outcome, count] of sipp.rig.gateway.counters.text().matchAll(line)) {
      found[`${direction} ${outcome}`] = Number(count);
    }
    return found;
  }

  test('each has one outcome, and nothing is left of them', async () => {
    await play(WARM_UP);
    // What is counted is there to be counted: after its end a leg is known for a while.
    for (const [name, count] of Object.entries(alive())) assert.notEqual(count, 0, name);
    const warm = await left();
    for (const name of Object.keys(KINDS)) assert.equal(warm[name], 0, name);
    assert.equal(warm['records'], 0);
    await play(CALLS);
    const total = WARM_UP + CALLS;
    const each = { ended: total / 4, cancelled: total / 8, busy: total / 8 };
    const expected = ['sip_to_xmpp', 'xmpp_to_sip'].flatMap((way) =>
      Object.entries(each).map(([outcome, count]) => [`${way} ${outcome}`, count] as const),
    );
    assert.deepEqual(told(), Object.fromEntries(expected));
    assert.deepEqual(await left(), warm);
  });
});
