import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  errorOfEnd,
  eventOfOver,
  eventOfPause,
  stepWatcher,
  type WatcherEffect,
  type WatcherEvent,
  type WatcherState,
} from '../../../src/interwork/presence/index.ts';
import type { End } from '../../../src/sip/index.ts';

const STATES: readonly WatcherState[] = [
  ...(['none', 'fetching', 'subscribing', 'neutral', 'pending', 'active', 'checking'] as const),
  ...(['resubscribing', 'asked', 'authorized', 'settled', 'closing'] as const),
];
const EVENTS: readonly WatcherEvent[] = [
  ...(['subscribe', 'unsubscribe', 'probe', 'available', 'unavailable', 'checkFailed', 'accepted'] as const),
  ...(['closed', 'notifyPending', 'notifyActive', 'refreshDue', 'again', 'paused', 'gaveUp'] as const),
  ...(['cancelled', 'notFound', 'refused', 'overloaded', 'invariant', 'ended', 'restart'] as const),
];

type Outcome = readonly [WatcherState, ...WatcherEffect[]];
type Expectation = Partial<Record<WatcherEvent, Outcome>>;

/** What is shown is taken back before the authorization is. */
const GONE: Outcome = ['none', 'tellUnavailable', 'tellUnsubscribed', 'forget'];
const AWAY: Outcome = ['authorized', 'unsubscribeSip', 'tellUnavailable', 'store'];
const CLOSE: Outcome = ['closing', 'store', 'unsubscribeSip'];
const ASK: Outcome = ['subscribing', 'store', 'subscribeSip'];

/** Rows of machine W for a state without an authorization. */
const asking = (state: 'subscribing' | 'neutral' | 'pending'): Expectation => ({
  subscribe: [state],
  unsubscribe: CLOSE,
  // PRES-03: nothing of the contact before he agrees.
  probe: [state],
  available: [state],
  unavailable: [state],
  accepted: [state === 'subscribing' ? 'neutral' : state],
  notifyPending: state === 'pending' ? ['pending'] : ['pending', 'store'],
  // PRES-04.
  notifyActive: ['active', 'tellSubscribed', 'tellPresence', 'store'],
  refreshDue: [state, 'refreshSip'],
  // PRES-02b, PRES-12, PRES-13: asked for again, the user hears nothing.
  again: ['subscribing', 'store'],
  paused: ['subscribing', 'store'],
  gaveUp: ['subscribing', 'store'],
  // PRES-10, PRES-30, PRES-31.
  cancelled: ['none', 'tellUnsubscribed', 'forget'],
  // PRES-13: the reason, and what ends the asking.
  notFound: ['none', 'tellError', 'tellUnsubscribed', 'forget'],
  refused: ['none', 'tellError', 'tellUnsubscribed', 'forget'],
  overloaded: ['none', 'tellError', 'forget'],
  invariant: ['asked', 'store'],
});

/** Rows for a state with one; `first`: what happens before everything else. */
const authorized = (...first: WatcherEffect[]): Expectation => {
  const after = ([state, ...effects]: Outcome): Outcome => [state, ...first, ...effects];
  return {
    unsubscribe: after(CLOSE),
    // PRES-09.
    unavailable: after(AWAY),
    notifyPending: after(['resubscribing', 'tellUnavailable', 'store']),
    // PRES-12, PRES-32, PRES-34: nothing is told.
    again: after(['resubscribing', 'store']),
    // PRES-13, PRES-33, PRES-37.
    paused: after(['resubscribing', 'tellUnavailable', 'store']),
    // PRES-35: "authorization pending".
    gaveUp: after(['subscribing', 'tellUnavailable', 'store']),
    cancelled: after(GONE),
    notFound: after(GONE),
    refused: after(['authorized', 'tellUnavailable', 'store']),
    overloaded: after(['authorized', 'tellUnavailable', 'store']),
    // PRES-36: "keep last presence".
    invariant: after(['settled', 'store']),
  };
};

const EXPECTED: Record<WatcherState, Expectation> = {
  none: {
    subscribe: ASK,
    unsubscribe: ['none', 'tellUnsubscribed'],
    probe: ['fetching', 'fetchSip'],
    available: ['none'],
    unavailable: ['none'],
  },
  fetching: {
    subscribe: ['subscribing', 'unsubscribeSip', 'store', 'subscribeSip'],
    unsubscribe: ['none', 'unsubscribeSip', 'tellUnsubscribed'],
    probe: ['fetching'],
    available: ['fetching'],
    unavailable: ['fetching'],
    accepted: ['fetching'],
    notifyPending: ['fetching'],
    // PRES-17.
    notifyActive: ['fetching', 'tellPresence'],
    again: ['fetching'],
    paused: ['none', 'unsubscribeSip', 'tellPresence'],
    gaveUp: ['none', 'unsubscribeSip', 'tellPresence'],
    cancelled: ['none', 'tellUnsubscribed'],
    notFound: ['none', 'tellPresence'],
    refused: ['none', 'tellPresence'],
    overloaded: ['none', 'tellPresence'],
    invariant: ['none'],
    ended: ['none'],
  },
  subscribing: asking('subscribing'),
  neutral: asking('neutral'),
  pending: asking('pending'),
  active: {
    ...authorized(),
    // PRES-19, PRES-18, PRES-05, PRES-08.
    subscribe: ['active', 'tellSubscribed', 'tellPresence'],
    probe: ['active', 'tellPresence'],
    available: ['active'],
    accepted: ['active'],
    notifyActive: ['active', 'tellPresence'],
    refreshDue: ['checking', 'probeUser'],
  },
  checking: {
    ...authorized('stopCheck'),
    subscribe: ['active', 'stopCheck', 'refreshSip', 'tellSubscribed', 'tellPresence'],
    probe: ['active', 'stopCheck', 'refreshSip', 'tellPresence'],
    available: ['active', 'stopCheck', 'refreshSip'],
    checkFailed: ['authorized', 'stopCheck', 'unsubscribeSip', 'tellUnavailable', 'store'],
    accepted: ['checking'],
    notifyActive: ['checking', 'tellPresence'],
    refreshDue: ['checking'],
  },
  resubscribing: {
    ...authorized(),
    subscribe: ['subscribing', 'store'],
    probe: ['resubscribing', 'tellKnown'],
    available: ['resubscribing'],
    accepted: ['resubscribing'],
    // "neutral': … the next NOTIFY active sends presence only".
    notifyActive: ['active', 'tellPresence', 'store'],
    refreshDue: ['resubscribing', 'refreshSip'],
  },
  asked: {
    subscribe: ASK,
    unsubscribe: GONE,
    probe: ['subscribing', 'store', 'subscribeSipInTurn'],
    available: ['asked'],
    unavailable: ['asked'],
    restart: ['subscribing', 'store', 'subscribeSipInTurn'],
  },
  authorized: {
    subscribe: ASK,
    unsubscribe: GONE,
    // PRES-06.
    probe: ['resubscribing', 'store', 'subscribeSipInTurn'],
    available: ['resubscribing', 'store', 'subscribeSipInTurn'],
    unavailable: ['authorized'],
    restart: ['resubscribing', 'store', 'subscribeSipInTurn'],
  },
  settled: {
    subscribe: ['settled', 'tellSubscribed', 'tellPresence'],
    unsubscribe: GONE,
    probe: ['settled', 'tellPresence'],
    available: ['settled'],
    unavailable: ['settled'],
  },
  closing: {
    subscribe: ASK,
    unsubscribe: ['closing'],
    probe: ['closing'],
    available: ['closing'],
    unavailable: ['closing'],
    accepted: ['closing'],
    // PRES-15; "closing, 2xx or failure: none".
    closed: GONE,
    ended: GONE,
    cancelled: GONE,
    notFound: GONE,
    refused: GONE,
    invariant: GONE,
  },
};

describe('machine W, state × event', () => {
  for (const state of STATES) {
    for (const event of EVENTS) {
      test(`${state}, ${event}`, () => {
        const { state: next, effects, expected } = stepWatcher(state, event);
        const wanted = EXPECTED[state][event];
        assert.deepEqual([next, ...effects], wanted ?? [state]);
        assert.equal(expected, wanted !== undefined);
      });
    }
  }
});

/** Every walk through the machine, with what the user was told on the way. */
const walks = fc.array(fc.constantFrom(...EVENTS), { minLength: 1, maxLength: 40 });

function walk(
  events: readonly WatcherEvent[],
  step: (
    before: WatcherState,
    event: WatcherEvent,
    effects: readonly WatcherEffect[],
    after: WatcherState,
  ) => void,
): void {
  let state: WatcherState = 'none';
  for (const event of events) {
    const { state: after, effects } = stepWatcher(state, event);
    step(state, event, effects, after);
    state = after;
  }
}

describe('machine W, what holds on every way through it', () => {
  test('PRES-04, PRES-19: `subscribed` is told on an active NOTIFY, or again to one who asks again', () => {
    fc.assert(
      fc.property(walks, (events) => {
        walk(events, (before, event, effects) => {
          if (!effects.includes('tellSubscribed')) return;
          const again = event === 'subscribe' && ['active', 'checking', 'settled'].includes(before);
          assert.ok(event === 'notifyActive' || again, `${before}, ${event}`);
        });
      }),
    );
  });

  test('PRES-05: `subscribed` is told only once, unless he asks again, or the contact took it back', () => {
    fc.assert(
      fc.property(walks, (events) => {
        let told = false;
        walk(events, (_, event, effects, after) => {
          if (event === 'subscribe' || event === 'gaveUp' || after === 'none') told = false;
          if (!effects.includes('tellSubscribed')) return;
          assert.ok(!told || event === 'subscribe');
          told = true;
        });
      }),
    );
  });

  test('PRES-03: no presence in answer to a pending NOTIFY, and none between it and the next active one', () => {
    fc.assert(
      fc.property(walks, (events) => {
        let pending = false;
        walk(events, (before, event, effects) => {
          if (event === 'notifyPending' && stepWatcher(before, event).expected) pending = true;
          if (event === 'notifyActive' || before === 'none' || before === 'fetching') pending = false;
          if (pending)
            assert.ok(!effects.includes('tellPresence') || event === 'subscribe', `${before}, ${event}`);
        });
      }),
    );
  });

  test('a subscription in SIP is begun only when there is none, and ended only when there may be one', () => {
    const WITHOUT: ReadonlySet<WatcherState> = new Set(['none', 'asked', 'authorized', 'settled']);
    fc.assert(
      fc.property(walks, (events) => {
        walk(events, (before, event, effects) => {
          const begins = effects.some((effect) =>
            ['subscribeSip', 'subscribeSipInTurn', 'fetchSip'].includes(effect),
          );
          const ends = effects.includes('unsubscribeSip');
          // The one that is being closed is left to itself.
          if (begins) assert.ok(WITHOUT.has(before) || before === 'closing' || ends, `${before}, ${event}`);
          if (ends) assert.ok(!WITHOUT.has(before), `${before}, ${event}`);
        });
      }),
    );
  });

  test('the user is asked at most once at a time, and the question ends when its state does', () => {
    fc.assert(
      fc.property(walks, (events) => {
        walk(events, (before, event, effects, after) => {
          assert.equal(effects.includes('probeUser'), before !== 'checking' && after === 'checking', event);
          assert.equal(effects.includes('stopCheck'), before === 'checking' && after !== 'checking', event);
        });
      }),
    );
  });
});

const refused = (status: number): End => ({ cause: 'refused', status });
const notified = (reason?: string): End => ({
  cause: 'notified',
  ...(reason === undefined ? {} : { reason }),
});

describe('what an end is to the watcher', () => {
  for (const [end, event] of [
    // PRES-10.
    [refused(403), 'cancelled'],
    [refused(489), 'cancelled'],
    [refused(603), 'cancelled'],
    // PRES-13.
    [refused(404), 'notFound'],
    [refused(604), 'notFound'],
    ...[400, 405, 406, 410, 416, 423, 480, 481, 501, 606].map(
      (status) => [refused(status), 'refused'] as const,
    ),
    // PRES-30, 31, 36.
    [notified('rejected'), 'cancelled'],
    [notified('noresource'), 'cancelled'],
    [notified('invariant'), 'invariant'],
    // Such ends are asked for again, unless retry-after is longer than anybody waits.
    [notified('probation'), 'refused'],
    [notified(), 'refused'],
    [{ cause: 'unsubscribed' }, 'ended'],
    [{ cause: 'fetched' }, 'ended'],
    [{ cause: 'failed', reason: 'stopped' }, undefined],
    [{ cause: 'failed', reason: 'timeout' }, 'refused'],
    [{ cause: 'noNotify' }, 'refused'],
    [{ cause: 'expired' }, 'refused'],
  ] as const) {
    test(JSON.stringify(end), () => assert.equal(eventOfOver(end, false), event));
  }

  test('404 and 604 of registrars that say so of users who are away', () => {
    assert.equal(eventOfOver(refused(404), true), 'refused');
    assert.equal(eventOfOver(refused(604), true), 'refused');
    assert.equal(eventOfOver(refused(403), true), 'cancelled');
  });

  test('PRES-35: giveup puts the authorization back', () => {
    assert.equal(eventOfPause(notified('giveup')), 'gaveUp');
    for (const end of [notified('probation'), notified('timeout'), notified(), refused(480), refused(503)]) {
      assert.equal(eventOfPause(end), 'paused');
    }
  });

  for (const [end, condition] of [
    [refused(404), 'item-not-found'],
    [refused(604), 'item-not-found'],
    [refused(405), 'feature-not-implemented'],
    [refused(410), 'gone'],
    [refused(423), 'resource-constraint'],
    [{ cause: 'failed', reason: 'timeout' }, 'remote-server-timeout'],
    [notified('probation'), 'recipient-unavailable'],
  ] as const) {
    test(`${JSON.stringify(end)}: ${condition}`, () => assert.equal(errorOfEnd(end).condition, condition));
  }
});
