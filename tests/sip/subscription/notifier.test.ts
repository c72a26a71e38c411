// The notifier machine, every state with every event (RFC 6665 §4.2, its figure; §4.1.3; §4.4; row PRES-51).
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  beginFetch,
  beginNotifier,
  formatNotifierState,
  restoredNotifier,
  stepNotifier,
  type NotifierEvent,
  type NotifierState,
  type NotifierTransition,
  type OpenNotifier,
} from '../../../src/sip/subscription/notifier.ts';

const open = (
  name: 'pending' | 'active',
  notify: OpenNotifier['notify'],
  more: Partial<OpenNotifier> = {},
): OpenNotifier => ({ name, notify, owed: 'no', failures: 0, ...more });

const STATES: Record<string, NotifierState> = {
  'pending idle': open('pending', 'idle'),
  'pending queued': open('pending', 'queued'),
  'pending sending': open('pending', 'sending'),
  'active idle': open('active', 'idle'),
  'active queued': open('active', 'queued'),
  'active sending': open('active', 'sending'),
  'active sending, a change owed': open('active', 'sending', { owed: 'change' }),
  'active sending, an answer owed': open('active', 'sending', { owed: 'answer' }),
  'active sending for the eighth time': open('active', 'sending', { failures: 7 }),
  'active resting': open('active', 'resting'),
  'active retrying': open('active', 'retrying', { failures: 1 }),
  polled: { name: 'polled' },
  'ending waiting': { name: 'ending', end: { cause: 'expired' }, final: 'waiting' },
  'ending queued': { name: 'ending', end: { cause: 'expired' }, final: 'queued' },
  'ending sending': { name: 'ending', end: { cause: 'expired' }, final: 'sending' },
  gone: { name: 'gone' },
};

const EVENTS: Record<string, NotifierEvent> = {
  changed: { kind: 'changed', restMs: 0 },
  'changed too soon': { kind: 'changed', restMs: 4000 },
  activate: { kind: 'activate' },
  refreshed: { kind: 'refreshed', seconds: 600 },
  unsubscribed: { kind: 'unsubscribed' },
  rejected: { kind: 'terminate', reason: 'rejected' },
  probation: { kind: 'terminate', reason: 'probation', retryAfter: 30 },
  left: { kind: 'left' },
  '200': { kind: 'accepted', restMs: 0 },
  '200 at once': { kind: 'accepted', restMs: 4900 },
  '400': { kind: 'refused', status: 400, restMs: 0 },
  '403 Retry-After': { kind: 'refused', status: 403, retryAfter: 9, restMs: 0 },
  '481': { kind: 'refused', status: 481, restMs: 0 },
  '500': { kind: 'refused', status: 500, restMs: 0 },
  '603': { kind: 'refused', status: 603, restMs: 0 },
  '503 Retry-After': { kind: 'refused', status: 503, retryAfter: 120, restMs: 0 },
  timeout: { kind: 'failed', reason: 'timeout' },
  transport: { kind: 'failed', reason: 'transport' },
  unlocatable: { kind: 'failed', reason: 'unlocatable' },
  'timer expiry': { kind: 'timerExpiry' },
  'timer wait': { kind: 'timerWait' },
};

function named(state: NotifierState): string {
  switch (state.name) {
    case 'pending':
    case 'active': {
      const owed = state.owed === 'no' ? '' : ` owed ${state.owed}`;
      return `${state.name} ${state.notify}${owed}${state.failures === 0 ? '' : ` failures ${state.failures}`}`;
    }
    case 'ending':
      return `ending ${state.final}`;
    case 'polled':
    case 'gone':
      return state.name;
  }
}

/** What happened, in one line: state, effects; '-' for unexpected. */
function told({ state, effects, expected }: NotifierTransition): string {
  if (!expected) return '-';
  const done = effects.map((effect): string => {
    switch (effect.kind) {
      case 'schedule':
        return `schedule ${effect.seconds}`;
      case 'rest':
        return `rest ${effect.ms}`;
      case 'retry':
        return `retry ${effect.failures} ${effect.retryAfter}`;
      case 'ended':
        return `ended ${Object.values(effect.end).join(' ')}`;
      default:
        return effect.kind;
    }
  });
  return `${named(state)}: ${done.join(', ')}`.trim();
}

/** Ends that need no turn of a NOTIFY under way. */
const endsWith = (before: string, after: string, final: string): Record<string, string> =>
  Object.fromEntries(
    (
      [
        ['unsubscribed', 'unsubscribed'],
        ['rejected', 'terminated rejected'],
        ['probation', 'terminated probation 30'],
        ['timer expiry', 'expired'],
      ] as const
    ).map(([event, end]) => [event, `ending ${final}: ${before}ended ${end}${after}`]),
  );
const AT_ONCE = endsWith('stopWait, ', ', notify', 'queued');
const IN_ITS_PLACE = endsWith('', '', 'queued');
const BEHIND = endsWith('', '', 'waiting');
/** §4.2.2: "MUST remove", "SHOULD remove". */
const REMOVED = { '481': 'gone: ended refused 481, gone', timeout: 'gone: ended failed timeout, gone' };
const OWNERS = ['changed', 'changed too soon', 'activate', 'rejected', 'probation'] as const;
const unheard = (state: string): Record<string, string> =>
  Object.fromEntries(OWNERS.map((event) => [event, `${state}:`]));

/** What differs from "unexpected, nothing changes". */
const EXPECTED: Record<string, Record<string, string>> = {
  'pending idle': {
    ...AT_ONCE,
    changed: 'pending queued: notify',
    'changed too soon': 'pending resting: rest 4000',
    activate: 'active queued: notify',
    refreshed: 'pending queued: schedule 600, notify',
  },
  // One NOTIFY waits, and will say how things are when it leaves: nothing more is due.
  'pending queued': {
    ...IN_ITS_PLACE,
    changed: 'pending queued:',
    'changed too soon': 'pending queued:',
    activate: 'active queued:',
    refreshed: 'pending queued: schedule 600',
    left: 'pending sending:',
  },
  'pending sending': {
    ...BEHIND,
    ...REMOVED,
    changed: 'pending sending owed change:',
    'changed too soon': 'pending sending owed change:',
    activate: 'active sending owed answer:',
    refreshed: 'pending sending owed answer: schedule 600',
    '200': 'pending idle:',
    '200 at once': 'pending idle:',
    '400': 'pending idle failures 1:',
    '603': 'pending idle failures 1:',
    '403 Retry-After': 'pending retrying failures 1: retry 0 9',
    '500': 'pending retrying failures 1: retry 0 0',
    '503 Retry-After': 'pending retrying failures 1: retry 0 120',
    transport: 'pending retrying failures 1: retry 0 0',
    unlocatable: 'pending retrying failures 1: retry 0 0',
  },
  'active idle': {
    ...AT_ONCE,
    changed: 'active queued: notify',
    'changed too soon': 'active resting: rest 4000',
    activate: 'active idle:',
    refreshed: 'active queued: schedule 600, notify',
  },
  'active queued': {
    ...IN_ITS_PLACE,
    changed: 'active queued:',
    'changed too soon': 'active queued:',
    activate: 'active queued:',
    refreshed: 'active queued: schedule 600',
    left: 'active sending:',
  },
  'active sending': {
    ...BEHIND,
    ...REMOVED,
    changed: 'active sending owed change:',
    'changed too soon': 'active sending owed change:',
    activate: 'active sending:',
    refreshed: 'active sending owed answer: schedule 600',
    '200': 'active idle:',
    '200 at once': 'active idle:',
    '400': 'active idle failures 1:',
    '603': 'active idle failures 1:',
    '403 Retry-After': 'active retrying failures 1: retry 0 9',
    '500': 'active retrying failures 1: retry 0 0',
    '503 Retry-After': 'active retrying failures 1: retry 0 120',
    transport: 'active retrying failures 1: retry 0 0',
    unlocatable: 'active retrying failures 1: retry 0 0',
  },
  'active sending, a change owed': {
    ...BEHIND,
    ...REMOVED,
    changed: 'active sending owed change:',
    'changed too soon': 'active sending owed change:',
    activate: 'active sending owed change:',
    refreshed: 'active sending owed answer: schedule 600',
    '200': 'active queued: notify',
    '200 at once': 'active resting: rest 4900',
    '400': 'active queued failures 1: notify',
    '603': 'active queued failures 1: notify',
    '403 Retry-After': 'active retrying failures 1: retry 0 9',
    '500': 'active retrying failures 1: retry 0 0',
    '503 Retry-After': 'active retrying failures 1: retry 0 120',
    transport: 'active retrying failures 1: retry 0 0',
    unlocatable: 'active retrying failures 1: retry 0 0',
  },
  // §4.2.1.2: to a SUBSCRIBE "immediately", whatever became of the NOTIFY before.
  'active sending, an answer owed': {
    ...BEHIND,
    ...REMOVED,
    changed: 'active sending owed answer:',
    'changed too soon': 'active sending owed answer:',
    activate: 'active sending owed answer:',
    refreshed: 'active sending owed answer: schedule 600',
    '200': 'active queued: notify',
    '200 at once': 'active queued: notify',
    '400': 'active queued failures 1: notify',
    '603': 'active queued failures 1: notify',
    '403 Retry-After': 'active queued failures 1: notify',
    '500': 'active queued failures 1: notify',
    '503 Retry-After': 'active queued failures 1: notify',
    transport: 'active queued failures 1: notify',
    unlocatable: 'active queued failures 1: notify',
  },
  'active sending for the eighth time': {
    ...BEHIND,
    ...REMOVED,
    changed: 'active sending owed change failures 7:',
    'changed too soon': 'active sending owed change failures 7:',
    activate: 'active sending failures 7:',
    refreshed: 'active sending owed answer failures 7: schedule 600',
    '200': 'active idle:',
    '200 at once': 'active idle:',
    '400': 'gone: ended refused 400, gone',
    '603': 'gone: ended refused 603, gone',
    '403 Retry-After': 'gone: ended refused 403, gone',
    '500': 'gone: ended refused 500, gone',
    '503 Retry-After': 'gone: ended refused 503, gone',
    transport: 'gone: ended failed transport, gone',
    unlocatable: 'gone: ended failed unlocatable, gone',
  },
  'active resting': {
    ...AT_ONCE,
    changed: 'active resting:',
    'changed too soon': 'active resting:',
    activate: 'active resting:',
    refreshed: 'active queued: schedule 600, stopWait, notify',
    'timer wait': 'active queued: notify',
  },
  'active retrying': {
    ...AT_ONCE,
    changed: 'active retrying failures 1:',
    'changed too soon': 'active retrying failures 1:',
    activate: 'active retrying failures 1:',
    refreshed: 'active queued failures 1: schedule 600, stopWait, notify',
    'timer wait': 'active queued failures 1: notify',
  },
  // §4.4.3.
  polled: {
    changed: 'ending queued: ended fetched, notify',
    'changed too soon': 'ending queued: ended fetched, notify',
    activate: 'ending queued: ended fetched, notify',
    rejected: 'ending queued: ended terminated rejected, notify',
    probation: 'ending queued: ended terminated probation 30, notify',
    'timer expiry': 'ending queued: ended fetched, notify',
  },
  'ending waiting': {
    ...unheard('ending waiting'),
    '200': 'ending queued: notify',
    '200 at once': 'ending queued: notify',
    '400': 'ending queued: notify',
    '603': 'ending queued: notify',
    '403 Retry-After': 'ending queued: notify',
    '481': 'gone: gone',
    '500': 'ending queued: notify',
    '503 Retry-After': 'ending queued: notify',
    timeout: 'gone: gone',
    transport: 'ending queued: notify',
    unlocatable: 'ending queued: notify',
  },
  'ending queued': { ...unheard('ending queued'), left: 'ending sending:' },
  'ending sending': {
    ...unheard('ending sending'),
    ...Object.fromEntries(
      Object.keys(EVENTS)
        .filter((name) => /^\d|timeout|transport|unlocatable/.test(name))
        .map((name) => [name, 'gone: gone']),
    ),
  },
  gone: unheard('gone'),
};

describe('every state with every event', () => {
  for (const [name, state] of Object.entries(STATES)) {
    for (const [eventName, event] of Object.entries(EVENTS)) {
      const expected = EXPECTED[name]?.[eventName] ?? '-';
      test(`${name}, ${eventName}: ${expected}`, () => {
        const transition = stepNotifier(state, event);
        assert.equal(told(transition), expected);
        if (expected === '-') assert.deepEqual(transition, { state, effects: [], expected: false });
      });
    }
  }
  test('the tables name nothing that is not there', () => {
    for (const [name, row] of Object.entries(EXPECTED)) {
      assert.ok(Object.hasOwn(STATES, name), name);
      for (const event of Object.keys(row)) assert.ok(Object.hasOwn(EVENTS, event), event);
    }
  });
});

describe('beginnings', () => {
  test('§4.2.1.2: always with a NOTIFY', () => {
    assert.equal(told(beginNotifier('pending', 3600)), 'pending queued: schedule 3600, began, notify');
    assert.equal(told(beginNotifier('active', 60)), 'active queued: schedule 60, began, notify');
  });
  test('§4.4.3: a fetch ends with its only one', () => {
    assert.equal(told(beginFetch(false)), 'ending queued: began, ended fetched, notify');
    assert.equal(told(beginFetch(true)), 'polled: hold, began');
  });
  test('after a restart nothing is under way', () => {
    assert.equal(named(restoredNotifier('pending')), 'pending idle');
    assert.equal(named(restoredNotifier('active')), 'active idle');
  });
});

test('PRES-51: 404, 405, 410, 416, 480-485, 489, 501, 604 to NOTIFY remove the subscription, and 408', () => {
  const must = [404, 405, 408, 410, 416, 480, 481, 482, 483, 484, 485, 489, 501, 604];
  const removing: number[] = [];
  for (let status = 300; status < 700; status++) {
    const { state } = stepNotifier(open('active', 'sending'), { kind: 'refused', status, restMs: 0 });
    if (state.name === 'gone') removing.push(status);
  }
  assert.deepEqual(removing, must);
});

describe('Subscription-State (§4.2.2, §4.1.3, §8.2.3)', () => {
  const ending = (end: (NotifierState & { name: 'ending' })['end']): NotifierState => ({
    name: 'ending',
    end,
    final: 'sending',
  });
  const CASES: readonly (readonly [NotifierState, string])[] = [
    [open('pending', 'sending'), 'pending;expires=1800'],
    [open('active', 'sending'), 'active;expires=1800'],
    [ending({ cause: 'expired' }), 'terminated;reason=timeout'],
    [ending({ cause: 'unsubscribed' }), 'terminated;reason=timeout'],
    [ending({ cause: 'fetched' }), 'terminated;reason=timeout'],
    [ending({ cause: 'terminated', reason: 'rejected' }), 'terminated;reason=rejected'],
    [
      ending({ cause: 'terminated', reason: 'probation', retryAfter: 30 }),
      'terminated;reason=probation;retry-after=30',
    ],
  ];
  for (const [state, expected] of CASES) {
    test(expected, () => assert.equal(formatNotifierState(state, 1800), expected));
  }
});

describe('whatever happens', () => {
  const event = fc.constantFrom(...Object.values(EVENTS));
  const begin = fc.constantFrom(
    beginNotifier('pending', 3600),
    beginNotifier('active', 3600),
    beginFetch(false),
    beginFetch(true),
  );
  test('one NOTIFY at a time, one end, and nothing after it is gone', () => {
    fc.assert(
      fc.property(begin, fc.array(event, { maxLength: 60 }), (beginning, events) => {
        let { state } = beginning;
        let queued = 0;
        let ends = 0;
        const run = (transition: NotifierTransition): void => {
          const before = state;
          ({ state } = transition);
          for (const { kind } of transition.effects) {
            assert.notEqual(before.name === 'gone', true);
            if (kind === 'notify') queued += 1;
            if (kind === 'ended') ends += 1;
          }
        };
        run(beginning);
        for (const next of events) {
          const transition = stepNotifier(state, next);
          if (transition.expected && next.kind === 'left') queued -= 1;
          run(transition);
          // A queued NOTIFY is one turn in the queue, and the state says so.
          const waits =
            (state.name === 'ending' && state.final === 'queued') ||
            ((state.name === 'pending' || state.name === 'active') && state.notify === 'queued');
          assert.equal(queued, waits ? 1 : 0, `${named(state)} after ${next.kind}`);
          assert.equal(ends, state.name === 'ending' || state.name === 'gone' ? 1 : 0);
        }
      }),
    );
  });
});
