// The subscription machine, every state with every event (RFC 6665 §4.1.2, its figure; §4.1.3; §4.4).
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  beginSubscription,
  forkedSubscription,
  stepSubscription,
  type OpenSubscription,
  type SubscriptionEvent,
  type SubscriptionState,
  type SubscriptionTransition,
} from '../../../src/sip/subscription/subscription.ts';

function open(state: SubscriptionState): OpenSubscription {
  return state.name === 'terminated' ? assert.fail() : state;
}

const begun = beginSubscription(3600);
const first = open(begun.state);
const wait: OpenSubscription = { ...first, sending: 'nothing', granted: 3000 };
const pending: OpenSubscription = { ...wait, name: 'pending' };
const active: OpenSubscription = { ...wait, name: 'active' };

const STATES: Record<string, SubscriptionState> = {
  'notify_wait, SUBSCRIBE out': first,
  'notify_wait, 2xx': wait,
  'notify_wait, SUBSCRIBE out, unwanted': { ...first, ending: 'unsubscribe', again: true },
  'pending, SUBSCRIBE out': { ...pending, sending: 'initial' },
  pending,
  active,
  'active, refreshing': { ...active, sending: 'refresh' },
  'active, refreshing, unwanted': { ...active, sending: 'refresh', ending: 'unsubscribe', again: true },
  'active, last SUBSCRIBE out': { ...active, sending: 'last', ending: 'unsubscribe' },
  'active, last SUBSCRIBE accepted': { ...active, ending: 'unsubscribe' },
  'fetch, SUBSCRIBE out': beginSubscription(0).state,
  'fetch, 2xx': { ...open(beginSubscription(0).state), sending: 'nothing', granted: 0 },
  terminated: { name: 'terminated' },
};

const EVENTS: Record<string, SubscriptionEvent> = {
  '200': { kind: 'accepted', expires: 1800 },
  '200 without Expires': { kind: 'accepted' },
  '204': { kind: 'accepted', noNotify: true },
  '423': { kind: 'refused', status: 423, minExpires: 7200 },
  '423 too much': { kind: 'refused', status: 423, minExpires: 1_000_000 },
  '481': { kind: 'refused', status: 481 },
  '500': { kind: 'refused', status: 500, retryAfter: 9 },
  timeout: { kind: 'failed', reason: 'timeout' },
  transport: { kind: 'failed', reason: 'transport' },
  stopped: { kind: 'failed', reason: 'stopped' },
  'NOTIFY active': { kind: 'notify', state: 'active' },
  'NOTIFY active;expires': { kind: 'notify', state: 'active', expires: 1200 },
  'NOTIFY pending': { kind: 'notify', state: 'pending' },
  'NOTIFY unknown': { kind: 'notify', state: 'waiting' },
  'NOTIFY terminated': { kind: 'notify', state: 'terminated', reason: 'timeout' },
  'NOTIFY rejected': { kind: 'notify', state: 'terminated', reason: 'rejected', retryAfter: 5 },
  'timer N': { kind: 'timerN' },
  'timer refresh': { kind: 'timerRefresh' },
  'timer expiry': { kind: 'timerExpiry' },
  refresh: { kind: 'refresh' },
  unsubscribe: { kind: 'unsubscribe' },
};

/** What happened, in one line: state, flags that are set, effects; '-' for unexpected. */
function told(transition: SubscriptionTransition): string {
  const { state, effects, expected } = transition;
  if (!expected) return '-';
  const flags =
    state.name === 'terminated'
      ? ''
      : [
          state.sending === 'nothing' ? '' : ` ${state.sending}`,
          state.again ? ' again' : '',
          state.ending === 'no' ? '' : ` ${state.ending}`,
        ].join('');
  const done = effects.map((effect): string => {
    switch (effect.kind) {
      case 'send':
        return `send ${effect.expires}`;
      case 'schedule':
        return `schedule ${effect.seconds}`;
      case 'retryRefresh':
        return `retry ${effect.failures} ${effect.retryAfter}`;
      case 'stopTimerN':
        return 'stopN';
      case 'end':
        return JSON.stringify(effect.end).replaceAll(/[{}"]/g, '').replace('cause:', '');
    }
  });
  return `${state.name}${flags}: ${done.join(', ')}`.trim();
}

const OUT = 'terminated: ';
const UNWANTED = {
  '481': `${OUT}unsubscribed`,
  '423 too much': `${OUT}unsubscribed`,
  timeout: `${OUT}unsubscribed`,
  stopped: `${OUT}unsubscribed`,
  'NOTIFY terminated': `${OUT}unsubscribed`,
  'NOTIFY rejected': `${OUT}unsubscribed`,
  'timer N': `${OUT}unsubscribed`,
};
/** What differs from "unexpected, nothing changes". */
const EXPECTED: Record<string, Record<string, string>> = {
  'notify_wait, SUBSCRIBE out': {
    '200': 'notify_wait:',
    '200 without Expires': 'notify_wait:',
    '204': 'notify_wait:',
    '423': 'notify_wait initial: send 7200',
    '423 too much': `${OUT}refused,status:423`,
    '481': `${OUT}refused,status:481`,
    '500': `${OUT}refused,status:500,retryAfter:9`,
    timeout: `${OUT}failed,reason:timeout`,
    transport: `${OUT}failed,reason:transport`,
    stopped: `${OUT}failed,reason:stopped`,
    'NOTIFY active': 'active initial: stopN, schedule 3600',
    'NOTIFY active;expires': 'active initial: stopN, schedule 1200',
    'NOTIFY pending': 'pending initial: stopN, schedule 3600',
    'NOTIFY unknown': 'pending initial: stopN, schedule 3600',
    'NOTIFY terminated': `${OUT}notified,reason:timeout`,
    'NOTIFY rejected': `${OUT}notified,reason:rejected,retryAfter:5`,
    'timer N': `${OUT}noNotify`,
    refresh: 'notify_wait initial:',
    unsubscribe: 'notify_wait initial again unsubscribe:',
  },
  'notify_wait, 2xx': {
    'NOTIFY active': 'active: stopN, schedule 3000',
    'NOTIFY active;expires': 'active: stopN, schedule 1200',
    'NOTIFY pending': 'pending: stopN, schedule 3000',
    'NOTIFY unknown': 'pending: stopN, schedule 3000',
    'NOTIFY terminated': `${OUT}notified,reason:timeout`,
    'NOTIFY rejected': `${OUT}notified,reason:rejected,retryAfter:5`,
    'timer N': `${OUT}noNotify`,
    refresh: 'notify_wait:',
    unsubscribe: 'notify_wait last unsubscribe: send 0',
  },
  'notify_wait, SUBSCRIBE out, unwanted': {
    ...UNWANTED,
    '200': 'notify_wait last unsubscribe: send 0',
    '200 without Expires': 'notify_wait last unsubscribe: send 0',
    '204': 'notify_wait last unsubscribe: send 0',
    '423': `${OUT}unsubscribed`,
    '500': `${OUT}unsubscribed`,
    transport: `${OUT}unsubscribed`,
    'NOTIFY active': 'active initial again unsubscribe:',
    'NOTIFY active;expires': 'active initial again unsubscribe:',
    'NOTIFY pending': 'pending initial again unsubscribe:',
    'NOTIFY unknown': 'pending initial again unsubscribe:',
    refresh: 'notify_wait initial again unsubscribe:',
    unsubscribe: 'notify_wait initial again unsubscribe:',
  },
  'pending, SUBSCRIBE out': {
    '200': 'pending: schedule 1800',
    '200 without Expires': 'pending: schedule 3000',
    '204': 'pending: schedule 3000',
    '423': 'pending initial: send 7200',
    // Another fork had made the subscription already.
    '423 too much': 'pending:',
    '481': 'pending:',
    '500': 'pending:',
    timeout: 'pending:',
    transport: 'pending:',
    stopped: `${OUT}failed,reason:stopped`,
    'NOTIFY active': 'active initial: stopN',
    'NOTIFY active;expires': 'active initial: stopN, schedule 1200',
    'NOTIFY pending': 'pending initial: stopN',
    'NOTIFY unknown': 'pending initial: stopN',
    'NOTIFY terminated': `${OUT}notified,reason:timeout`,
    'NOTIFY rejected': `${OUT}notified,reason:rejected,retryAfter:5`,
    'timer N': `${OUT}noNotify`,
    'timer refresh': 'pending initial again:',
    'timer expiry': `${OUT}expired`,
    refresh: 'pending initial again:',
    unsubscribe: 'pending initial again unsubscribe:',
  },
  active: {
    'NOTIFY active': 'active: stopN',
    'NOTIFY active;expires': 'active: stopN, schedule 1200',
    'NOTIFY pending': 'pending: stopN',
    'NOTIFY unknown': 'pending: stopN',
    'NOTIFY terminated': `${OUT}notified,reason:timeout`,
    'NOTIFY rejected': `${OUT}notified,reason:rejected,retryAfter:5`,
    'timer N': `${OUT}noNotify`,
    'timer refresh': 'active refresh: send 3600',
    'timer expiry': `${OUT}expired`,
    refresh: 'active refresh: send 3600',
    unsubscribe: 'active last unsubscribe: send 0',
  },
  'active, refreshing': {
    '200': 'active: schedule 1800',
    '200 without Expires': 'active: schedule 3000',
    '204': 'active: schedule 3000, stopN',
    '423': 'active refresh: send 7200',
    '423 too much': 'active: stopN, retry 0 0',
    '481': `${OUT}refused,status:481`,
    '500': 'active: stopN, retry 0 9',
    timeout: `${OUT}failed,reason:timeout`,
    transport: 'active: stopN, retry 0 0',
    stopped: `${OUT}failed,reason:stopped`,
    'NOTIFY active': 'active refresh: stopN',
    'NOTIFY active;expires': 'active refresh: stopN, schedule 1200',
    'NOTIFY pending': 'pending refresh: stopN',
    'NOTIFY unknown': 'pending refresh: stopN',
    'NOTIFY terminated': `${OUT}notified,reason:timeout`,
    'NOTIFY rejected': `${OUT}notified,reason:rejected,retryAfter:5`,
    'timer N': `${OUT}noNotify`,
    'timer refresh': 'active refresh again:',
    'timer expiry': `${OUT}expired`,
    refresh: 'active refresh again:',
    unsubscribe: 'active refresh again unsubscribe:',
  },
  'active, refreshing, unwanted': {
    ...UNWANTED,
    '200': 'active last unsubscribe: send 0',
    '200 without Expires': 'active last unsubscribe: send 0',
    '204': 'active last unsubscribe: send 0',
    '423': 'active last unsubscribe: stopN, send 0',
    '423 too much': 'active last unsubscribe: stopN, send 0',
    '500': 'active last unsubscribe: stopN, send 0',
    transport: 'active last unsubscribe: stopN, send 0',
    'NOTIFY active': 'active refresh again unsubscribe:',
    'NOTIFY active;expires': 'active refresh again unsubscribe:',
    'NOTIFY pending': 'pending refresh again unsubscribe:',
    'NOTIFY unknown': 'pending refresh again unsubscribe:',
    'timer refresh': 'active refresh again unsubscribe:',
    'timer expiry': `${OUT}unsubscribed`,
    refresh: 'active refresh again unsubscribe:',
    unsubscribe: 'active refresh again unsubscribe:',
  },
  'active, last SUBSCRIBE out': {
    ...UNWANTED,
    '200': 'active unsubscribe:',
    '200 without Expires': 'active unsubscribe:',
    '204': `${OUT}unsubscribed`,
    '423': `${OUT}unsubscribed`,
    '500': `${OUT}unsubscribed`,
    transport: `${OUT}unsubscribed`,
    // It crossed the SUBSCRIBE: timer N goes on.
    'NOTIFY active': 'active last unsubscribe:',
    'NOTIFY active;expires': 'active last unsubscribe:',
    'NOTIFY pending': 'pending last unsubscribe:',
    'NOTIFY unknown': 'pending last unsubscribe:',
    'timer refresh': 'active last unsubscribe:',
    'timer expiry': `${OUT}unsubscribed`,
    refresh: 'active last unsubscribe:',
    unsubscribe: 'active last unsubscribe:',
  },
  'active, last SUBSCRIBE accepted': {
    'NOTIFY active': 'active unsubscribe:',
    'NOTIFY active;expires': 'active unsubscribe:',
    'NOTIFY pending': 'pending unsubscribe:',
    'NOTIFY unknown': 'pending unsubscribe:',
    'NOTIFY terminated': `${OUT}unsubscribed`,
    'NOTIFY rejected': `${OUT}unsubscribed`,
    'timer N': `${OUT}unsubscribed`,
    'timer refresh': 'active unsubscribe:',
    'timer expiry': `${OUT}unsubscribed`,
    refresh: 'active unsubscribe:',
    unsubscribe: 'active unsubscribe:',
  },
  'fetch, SUBSCRIBE out': {
    '200': 'notify_wait fetch:',
    '200 without Expires': 'notify_wait fetch:',
    '204': 'notify_wait fetch:',
    '423': `${OUT}refused,status:423`,
    '423 too much': `${OUT}refused,status:423`,
    '481': `${OUT}refused,status:481`,
    '500': `${OUT}refused,status:500,retryAfter:9`,
    timeout: `${OUT}failed,reason:timeout`,
    transport: `${OUT}failed,reason:transport`,
    stopped: `${OUT}failed,reason:stopped`,
    'NOTIFY active': 'active initial fetch:',
    'NOTIFY active;expires': 'active initial fetch:',
    'NOTIFY pending': 'pending initial fetch:',
    'NOTIFY unknown': 'pending initial fetch:',
    'NOTIFY terminated': `${OUT}fetched`,
    'NOTIFY rejected': `${OUT}notified,reason:rejected,retryAfter:5`,
    'timer N': `${OUT}noNotify`,
    refresh: 'notify_wait initial fetch:',
    unsubscribe: 'notify_wait initial fetch:',
  },
  'fetch, 2xx': {
    'NOTIFY active': 'active fetch:',
    'NOTIFY active;expires': 'active fetch:',
    'NOTIFY pending': 'pending fetch:',
    'NOTIFY unknown': 'pending fetch:',
    'NOTIFY terminated': `${OUT}fetched`,
    'NOTIFY rejected': `${OUT}notified,reason:rejected,retryAfter:5`,
    'timer N': `${OUT}noNotify`,
    refresh: 'notify_wait fetch:',
    unsubscribe: 'notify_wait fetch:',
  },
  // What was on its way changes nothing; a NOTIFY cannot come, since the dialog is gone.
  terminated: Object.fromEntries(
    Object.keys(EVENTS)
      .filter((name) => !name.startsWith('NOTIFY'))
      .map((name) => [name, 'terminated:']),
  ),
};
EXPECTED['pending'] = Object.fromEntries(
  Object.entries(EXPECTED['active'] ?? {}).map(([event, line]) => [
    event,
    event.startsWith('NOTIFY') ? line : line.replace(/^active/, 'pending'),
  ]),
);

test('it begins with a SUBSCRIBE', () => {
  assert.equal(told(begun), 'notify_wait initial: send 3600');
  assert.equal(told(beginSubscription(0)), 'notify_wait initial fetch: send 0');
  assert.deepEqual(forkedSubscription(3600), { ...first, sending: 'nothing' });
});

for (const [name, state] of Object.entries(STATES)) {
  describe(name, () => {
    for (const [label, event] of Object.entries(EVENTS)) {
      test(label, () => {
        const transition = stepSubscription(state, event);
        assert.equal(told(transition), EXPECTED[name]?.[label] ?? '-');
        if (!transition.expected) assert.equal(transition.state, state);
      });
    }
  });
}

test('RFC 6665 §4.1.2.2: which answers to a refresh end it', () => {
  const ENDING = new Set([404, 405, 410, 416, 480, 481, 482, 483, 484, 485, 489, 501, 604]);
  for (let status = 300; status < 700; status++) {
    // RFC 3261 §12.2.1.2 adds 408.
    const ends = ENDING.has(status) || status === 408;
    const { state } = stepSubscription({ ...active, sending: 'refresh' }, { kind: 'refused', status });
    if (ends !== (state.name === 'terminated')) assert.fail(`${status}: ${state.name}`);
  }
});

test('a refusal that the package calls final ends it too (RFC 8048 §5.2.2: 403 and 603)', () => {
  const refreshing: OpenSubscription = { ...active, sending: 'refresh' };
  for (const status of [403, 603]) {
    const kept = stepSubscription(refreshing, { kind: 'refused', status });
    assert.equal(kept.state.name, 'active');
    const ended = stepSubscription(refreshing, { kind: 'refused', status, final: true });
    assert.equal(told(ended), `${OUT}refused,status:${status}`);
  }
});

test('a granted time is never longer than what was asked for (RFC 6665 §4.1.2.1)', () => {
  const refreshing: OpenSubscription = { ...active, sending: 'refresh' };
  assert.equal(
    told(stepSubscription(refreshing, { kind: 'accepted', expires: 9999 })),
    'active: schedule 3600',
  );
  const long: SubscriptionEvent = { kind: 'notify', state: 'active', expires: 9999 };
  assert.equal(told(stepSubscription(active, long)), 'active: stopN, schedule 3600');
});

test('423 is followed twice, and only upwards', () => {
  const brief = (minExpires: number): SubscriptionEvent => ({ kind: 'refused', status: 423, minExpires });
  const second = stepSubscription(first, brief(4000));
  const third = stepSubscription(second.state, brief(5000));
  assert.equal(told(third), 'notify_wait initial: send 5000');
  assert.equal(stepSubscription(third.state, brief(6000)).state.name, 'terminated');
  assert.equal(stepSubscription(first, brief(3600)).state.name, 'terminated');
});

test('refreshes that fail are counted; one that succeeds begins anew', () => {
  let state: SubscriptionState = active;
  const step = (event: SubscriptionEvent): string => {
    const transition = stepSubscription(state, event);
    ({ state } = transition);
    return told(transition);
  };
  for (const failures of [0, 1, 2]) {
    step({ kind: 'timerRefresh' });
    assert.equal(step({ kind: 'failed', reason: 'transport' }), `active: stopN, retry ${failures} 0`);
  }
  step({ kind: 'timerRefresh' });
  step({ kind: 'accepted', expires: 600 });
  step({ kind: 'timerRefresh' });
  assert.equal(step({ kind: 'failed', reason: 'transport' }), 'active: stopN, retry 0 0');
});

test('whatever comes: one end at most, nothing after it, one SUBSCRIBE at a time, the last one is the last', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(0, 3600),
      fc.array(fc.constantFrom(...Object.keys(EVENTS)), { maxLength: 60 }),
      (expires, names) => {
        let { state } = beginSubscription(expires);
        let ends = 0;
        let lastSent = false;
        for (const name of names) {
          const event = EVENTS[name];
          if (event === undefined) continue;
          const before = state;
          const transition = stepSubscription(state, event);
          ({ state } = transition);
          for (const effect of transition.effects) {
            assert.equal(ends, 0, 'an effect after the end');
            if (effect.kind === 'end') ends += 1;
            if (effect.kind === 'send') {
              const answered =
                event.kind === 'accepted' || event.kind === 'refused' || event.kind === 'failed';
              assert.ok(before.name !== 'terminated' && (before.sending === 'nothing' || answered));
              assert.ok(!lastSent, 'a SUBSCRIBE after the last one');
              lastSent = effect.expires === 0;
            }
          }
          assert.equal(state.name === 'terminated', ends === 1);
        }
      },
    ),
  );
});
