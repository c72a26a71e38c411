// Source: docs/architecture.md "Acknowledgement". The traits of jabberd2 2.7 are from what it writes (recorded on a
// component stream of its router): its introduction, its answer to a ping, and what its router says of a missing sm.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { array, assert as check, constantFrom, property } from 'fast-check';
import {
  FORGET_AFTER_MISSES,
  initialBarrierState,
  initialSessionManagersState,
  introducedSessionManager,
  MAX_SESSION_MANAGERS,
  NS_COMPONENT,
  QUICK_ROUTER_MS,
  sessionManagerAnswered,
  SLOW_ROUTER_MS,
  stepBarrier,
  stepSessionManagers,
  type BarrierEvent,
  type SessionManager,
  type SessionManagersEffect,
  type SessionManagersEvent,
  type SessionManagersState,
} from '../../../src/xmpp/index.ts';
import { XmlStreamParser, type XmlElement } from '../../../src/xml/index.ts';

const DOMAIN = 'gw.example';

/** As a component stream delivers it. */
function parsed(xml: string): XmlElement {
  const found: XmlElement[] = [];
  const parser = new XmlStreamParser(
    { contentNamespaces: [NS_COMPONENT] },
    {
      streamOpen: () => {},
      element: (el) => found.push(el),
      streamClose: () => {},
      error: (error) => assert.fail(error.message),
    },
  );
  const stream = `<stream:stream xmlns='${NS_COMPONENT}' xmlns:stream='http://etherx.jabber.org/streams'>`;
  parser.write(Buffer.from(stream + xml));
  const [el] = found;
  assert.ok(el !== undefined);
  return el;
}

const query = `<query xmlns='http://jabber.org/protocol/disco#info'></query>`;

describe('A session manager introduces itself', () => {
  const cases: readonly (readonly [string, string, string | undefined])[] = [
    [
      'jabberd2 2.7, as recorded',
      `<iq xmlns='jabber:client' type='get' to='gw.example' from='sm' id='amt2sp'>${query}</iq>`,
      'sm',
    ],
    ['under another name', `<iq type='get' to='gw.example' from='sm-2_B' id='1'>${query}</iq>`, 'sm-2_B'],
    [
      'a domain of elsewhere may ask',
      `<iq type='get' to='gw.example' from='evil.example'>${query}</iq>`,
      undefined,
    ],
    ['a user', `<iq type='get' to='gw.example' from='a@sm'>${query}</iq>`, undefined],
    ['a resource', `<iq type='get' to='gw.example' from='sm/x'>${query}</iq>`, undefined],
    ['an IPv6 literal', `<iq type='get' to='gw.example' from='[::1]'>${query}</iq>`, undefined],
    ['nobody', `<iq type='get' to='gw.example'>${query}</iq>`, undefined],
    [
      'too long for a label',
      `<iq type='get' to='gw.example' from='${'s'.repeat(64)}'>${query}</iq>`,
      undefined,
    ],
    ['about a user of ours', `<iq type='get' to='u@gw.example' from='sm'>${query}</iq>`, undefined],
    ['an answer', `<iq type='result' to='gw.example' from='sm'>${query}</iq>`, undefined],
    ['a message', `<message type='get' to='gw.example' from='sm'>${query}</message>`, undefined],
    [
      'another question',
      `<iq type='get' to='gw.example' from='sm'><query xmlns='jabber:iq:version'/></iq>`,
      undefined,
    ],
  ];
  for (const [name, xml, expected] of cases) {
    test(name, () => assert.equal(introducedSessionManager(parsed(xml), DOMAIN), expected));
  }
});

describe('Has the session manager itself answered its ping', () => {
  const error = (condition: string): string =>
    `<error type='cancel'><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>`;
  const cases: readonly (readonly [string, string, boolean])[] = [
    ['jabberd2 2.7, as recorded', `<iq type='result' id='b' to='gw.example' from='sm'></iq>`, true],
    [
      'sm without iq-ping (RFC 6120 §8.4: an unknown get is answered by an error)',
      `<iq type='error' id='b' to='gw.example' from='sm'>${error('feature-not-implemented')}</iq>`,
      true,
    ],
    [
      'the router without a route, as recorded: the addresses are as they were',
      `<iq type='error' id='b' to='sm' from='gw.example'>${error('service-unavailable')}</iq>`,
      false,
    ],
    [
      'the server-to-server process, which took it for a domain',
      `<iq type='error' id='b' to='gw.example' from='sm'>${error('remote-server-not-found')}</iq>`,
      false,
    ],
    ['somebody else', `<iq type='result' id='b' to='gw.example' from='sm2'></iq>`, false],
  ];
  for (const [name, xml, expected] of cases) {
    test(name, () => assert.equal(sessionManagerAnswered(parsed(xml), 'sm'), expected));
  }
});

function inWords(effect: SessionManagersEffect): string {
  switch (effect.kind) {
    case 'ask':
      return `ask ${effect.name} ${effect.counter}`;
    case 'returned':
    case 'verify':
      return `${effect.kind} ${effect.counter}`;
    case 'lost':
      return `lost ${effect.name}`;
  }
}

function stateInWords({ managers, asked, looped }: SessionManagersState): string {
  const each = managers.map(({ name, proven, here, owes, missed }) =>
    [
      name,
      proven ? 'proven' : 'new',
      here ? 'here' : '',
      owes > 0 ? `owes ${owes}` : '',
      missed > 0 ? `missed ${missed}` : '',
    ]
      .filter((word) => word !== '')
      .join(' '),
  );
  return [
    ...each,
    ...(asked > 0 ? [`asked ${asked}`] : []),
    ...(looped > 0 ? [`looped ${looped}`] : []),
  ].join(', ');
}

const fresh: SessionManager = { name: 'sm', proven: false, here: false, owes: 0, missed: 0 };
const here: SessionManager = { ...fresh, proven: true, here: true };
const only = (manager: SessionManager, asked = 0, looped = 0): SessionManagersState => ({
  managers: [manager],
  asked,
  looped,
});

const states = {
  none: initialSessionManagersState,
  new: only(fresh),
  /** It answered on an earlier stream, and its first barrier on this one is out. */
  remembered: only({ ...here, here: false, owes: 5 }, 5),
  here: only(here, 4),
  owing: only({ ...here, owes: 5 }, 5),
  /** The router has looped barrier 5 already. */
  late: only({ ...here, owes: 5 }, 5, 5),
  /** It has answered before the router looped. */
  early: only(here, 5),
  /** Both are back; the router is asked once more. */
  verifying: only(here, 5, 5),
} as const satisfies Readonly<Record<string, SessionManagersState>>;

const verified = { kind: 'verified', counter: 5, sinceMs: SLOW_ROUTER_MS - 1 } as const;

const events = {
  introduced: { kind: 'introduced', name: 'sm', awaits: false },
  introducedWhileAwaiting: { kind: 'introduced', name: 'sm', awaits: true },
  barrier: { kind: 'barrier', counter: 6 },
  looped: { kind: 'looped', counter: 5 },
  answered: { kind: 'answered', name: 'sm', counter: 5 },
  answeredAnother: { kind: 'answered', name: 'sm', counter: 0 },
  answeredByNobody: { kind: 'answered', name: 'x', counter: 5 },
  absent: { kind: 'absent', name: 'sm', counter: 5, awaits: false },
  absentWhileAwaiting: { kind: 'absent', name: 'sm', counter: 5, awaits: true },
  absentAnother: { kind: 'absent', name: 'sm', counter: 0, awaits: true },
  absentNobody: { kind: 'absent', name: 'x', counter: 5, awaits: true },
  verified: { ...verified, tookMs: QUICK_ROUTER_MS },
  verifiedSlowly: { ...verified, tookMs: QUICK_ROUTER_MS + 1 },
  verifiedSlowlyForLong: { ...verified, tookMs: QUICK_ROUTER_MS + 1, sinceMs: SLOW_ROUTER_MS },
  verifiedAnother: { ...verified, counter: 4, tookMs: 1 },
  down: { kind: 'down' },
} as const satisfies Readonly<Record<string, SessionManagersEvent>>;

/** State afterwards and effects; a state left out of a row stays as it is, without effects. */
const matrix: Readonly<Record<keyof typeof events, Partial<Record<keyof typeof states, string>>>> = {
  introduced: {
    none: 'sm new: ask sm 0',
    remembered: 'sm proven owes 5, asked 5: ask sm 5',
    here: 'sm proven, asked 4: ask sm 0',
    owing: 'sm proven owes 5, asked 5: ask sm 5',
    late: 'sm proven owes 5, asked 5, looped 5: ask sm 5',
    early: 'sm proven, asked 5: ask sm 0',
    verifying: 'sm proven, asked 5, looped 5: ask sm 0',
  },
  introducedWhileAwaiting: {
    none: 'sm new: ask sm 0',
    remembered: 'sm proven owes 5, asked 5: lost sm',
    here: 'sm proven, asked 4: lost sm',
    owing: 'sm proven owes 5, asked 5: lost sm',
    late: 'sm proven owes 5, asked 5, looped 5: lost sm',
    early: 'sm proven, asked 5: lost sm',
    verifying: 'sm proven, asked 5, looped 5: lost sm',
  },
  barrier: {
    remembered: 'sm proven owes 6, asked 6: ask sm 6',
    here: 'sm proven here owes 6, asked 6: ask sm 6',
    owing: 'sm proven here owes 6, asked 6: ask sm 6',
    late: 'sm proven here owes 6, asked 6: ask sm 6',
    early: 'sm proven here owes 6, asked 6: ask sm 6',
    verifying: 'sm proven here owes 6, asked 6: ask sm 6',
  },
  looped: {
    none: ': returned 5',
    new: 'sm new: returned 5',
    remembered: 'sm proven owes 5, asked 5, looped 5: ',
    here: 'sm proven here, asked 4: returned 5',
    owing: 'sm proven here owes 5, asked 5, looped 5: ',
    early: 'sm proven here, asked 5, looped 5: verify 5',
  },
  answered: {
    new: 'sm proven here: ',
    remembered: 'sm proven here, asked 5: ',
    owing: 'sm proven here, asked 5: ',
    late: 'sm proven here, asked 5, looped 5: verify 5',
  },
  answeredAnother: { new: 'sm proven here: ', remembered: 'sm proven here owes 5, asked 5: ' },
  answeredByNobody: {},
  absent: {
    new: ': ',
    owing: 'sm proven owes 5, asked 5: ',
    late: 'sm proven owes 5, asked 5, looped 5: ',
  },
  absentWhileAwaiting: {
    new: ': ',
    remembered: 'sm proven owes 5, asked 5: lost sm',
    owing: 'sm proven owes 5, asked 5: lost sm',
    late: 'sm proven owes 5, asked 5, looped 5: lost sm',
  },
  absentAnother: { new: ': ' },
  absentNobody: {},
  verified: { verifying: 'sm proven here, asked 5: returned 5' },
  verifiedSlowly: { verifying: 'sm proven here, asked 5, looped 5: verify 5' },
  verifiedSlowlyForLong: { verifying: 'sm proven here, asked 5: returned 5' },
  verifiedAnother: {},
  down: {
    new: ': ',
    remembered: 'sm proven missed 1: ',
    here: 'sm proven: ',
    owing: 'sm proven: ',
    late: 'sm proven: ',
    early: 'sm proven: ',
    verifying: 'sm proven: ',
  },
};

describe('Session managers: every state × every event', () => {
  const rows: Readonly<Record<string, Partial<Record<string, string>>>> = matrix;
  for (const [eventName, event] of Object.entries(events)) {
    for (const [stateName, state] of Object.entries(states)) {
      test(`${eventName} in ${stateName}`, () => {
        const next = stepSessionManagers(state, event);
        const words = `${stateInWords(next.state)}: ${next.effects.map(inWords).join(', ')}`;
        const row = rows[eventName]?.[stateName];
        assert.equal(words, row ?? `${stateInWords(state)}: `);
      });
    }
  }
});

function play(list: readonly SessionManagersEvent[]): { state: SessionManagersState; words: string[] } {
  let state = initialSessionManagersState;
  const words = list.map((event) => {
    const next = stepSessionManagers(state, event);
    state = next.state;
    return next.effects.map(inWords).join(', ');
  });
  return { state, words };
}

describe('Session managers in a row of events', () => {
  test('each of several must answer', () => {
    const introduce = (name: string): SessionManagersEvent => ({ kind: 'introduced', name, awaits: false });
    const answer = (name: string, counter: number): SessionManagersEvent => ({
      kind: 'answered',
      name,
      counter,
    });
    const { words } = play([
      introduce('sm1'),
      introduce('sm2'),
      answer('sm1', 0),
      answer('sm2', 0),
      { kind: 'barrier', counter: 1 },
      answer('sm2', 1),
      { kind: 'looped', counter: 1 },
      answer('sm1', 1),
    ]);
    assert.deepEqual(words.slice(4), ['ask sm1 1, ask sm2 1', '', '', 'verify 1']);
  });

  test('bounded: no more than are asked, and an introduction is no proof', () => {
    const list = Array.from({ length: 20 }, (_, i): SessionManagersEvent => ({
      kind: 'introduced',
      name: `sm${i}`,
      awaits: false,
    }));
    const { state } = play(list);
    assert.equal(state.managers.length, MAX_SESSION_MANAGERS);
    assert.deepEqual(stepSessionManagers(state, { kind: 'barrier', counter: 1 }).effects, []);
  });

  test('one that never comes again is forgotten in the end', () => {
    let state: SessionManagersState = states.here;
    for (let stream = 0; stream < FORGET_AFTER_MISSES; stream++) {
      assert.equal(state.managers.length, 1);
      state = stepSessionManagers(state, { kind: 'down' }).state;
    }
    assert.equal(state.managers.length, 1, 'the first of these streams had its answer');
    assert.deepEqual(stepSessionManagers(state, { kind: 'down' }).state.managers, []);
  });
});

// Router and session manager as two queues; a write is taken as a whole by the router, which takes some time.
describe('Behind a router whose session manager may stop at any time', () => {
  test('confirmed = handled by a session manager', () => {
    const action = constantFrom('send', 'flush', 'route', 'handle', 'hear', 'restart');
    check(
      property(array(action, { maxLength: 80 }), (actions) => {
        const link = new ModelLink();
        for (const each of actions) link[each]();
        link.settle();
        for (const seq of link.confirmed)
          assert.ok(link.handled.has(seq), `${seq} confirmed and not handled`);
        assert.equal(link.proven, true);
      }),
      { numRuns: 2000 },
    );
  });
});

type Wire =
  | { readonly seq: number }
  | { readonly loop: number }
  | { readonly ask: number }
  | { readonly verify: number };
type Back =
  | { readonly looped: number }
  | { readonly answered: number }
  | { readonly verified: number }
  | 'introduced';

class ModelLink {
  readonly confirmed = new Set<number>();
  readonly handled = new Set<number>();
  #barrier = initialBarrierState;
  #managers = initialSessionManagersState;
  #seq = 0;
  #floor = 0;
  #batch: Wire[] = [];
  #toRouter: (readonly Wire[])[] = [];
  #toManager: Wire[] = [];
  #back: Back[] = [];

  constructor() {
    this.#up();
    this.settle();
  }

  get proven(): boolean {
    return this.#managers.managers.some(({ proven }) => proven);
  }

  send(): void {
    this.#seq += 1;
    this.#batch.push({ seq: this.#seq });
  }

  flush(): void {
    this.#step({ kind: 'write', seq: this.#seq, wanted: this.#seq });
    if (this.#batch.length > 0) this.#toRouter.push(this.#batch);
    this.#batch = [];
  }

  route(): void {
    for (const each of this.#toRouter.shift() ?? []) {
      if ('loop' in each) this.#back.push({ looped: each.loop });
      else if ('verify' in each) this.#back.push({ verified: each.verify });
      else this.#toManager.push(each);
    }
  }

  handle(): void {
    const each = this.#toManager.shift();
    if (each === undefined) return;
    if ('seq' in each) this.handled.add(each.seq);
    else if ('ask' in each) this.#back.push({ answered: each.ask });
  }

  restart(): void {
    this.#toManager = [];
    this.#back.push('introduced', 'introduced');
  }

  hear(): void {
    const each = this.#back.shift();
    if (each === undefined) return;
    if (each === 'introduced') {
      const awaits = this.#barrier.wanted > this.#barrier.settled;
      this.#stepManagers({ kind: 'introduced', name: 'sm', awaits });
      this.flush();
    } else if ('looped' in each) this.#stepManagers({ kind: 'looped', counter: each.looped });
    else if ('verified' in each) {
      this.#stepManagers({ kind: 'verified', counter: each.verified, tookMs: 1, sinceMs: 2 });
    } else this.#stepManagers({ kind: 'answered', name: 'sm', counter: each.answered });
  }

  settle(): void {
    for (let round = 0; round < 200; round++) {
      this.flush();
      this.route();
      this.handle();
      this.hear();
    }
  }

  #up(): void {
    this.#floor = this.#seq;
    this.#step({ kind: 'up', seq: this.#seq });
    this.#back.push('introduced', 'introduced');
    this.flush();
  }

  /** What waited is written again on the next stream; here under new numbers. */
  /** On the same stream: what is on its way stays there. What waited is written again, here under new numbers. */
  #anew(): void {
    this.#toRouter.push(this.#batch);
    this.#batch = [];
    this.#floor = this.#seq;
    this.#step({ kind: 'down' });
    this.#stepManagers({ kind: 'down' });
    this.#step({ kind: 'up', seq: this.#seq });
  }

  #step(event: BarrierEvent): void {
    const { state, effects } = stepBarrier(this.#barrier, event);
    this.#barrier = state;
    for (const effect of effects) {
      if (effect.kind === 'ping') {
        this.#batch.push({ loop: effect.counter });
        this.#stepManagers({ kind: 'barrier', counter: effect.counter });
      } else if (effect.kind === 'confirmed') {
        for (let seq = this.#floor + 1; seq <= effect.seq; seq++) this.confirmed.add(seq);
        this.#floor = effect.seq;
      } else if (effect.kind === 'flush') this.flush();
    }
  }

  #stepManagers(event: SessionManagersEvent): void {
    const { state, effects } = stepSessionManagers(this.#managers, event);
    this.#managers = state;
    for (const effect of effects) {
      if (effect.kind === 'ask') this.#batch.push({ ask: effect.counter });
      else if (effect.kind === 'verify') this.#batch.push({ verify: effect.counter });
      else if (effect.kind === 'returned') this.#step({ kind: 'returned', counter: effect.counter });
      else this.#anew();
    }
  }
}
