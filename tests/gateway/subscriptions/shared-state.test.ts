import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sharedState } from '../../../src/gateway/subscriptions/shared-state.ts';
import { forkedSubscription, type SubscriptionState } from '../../../src/sip/index.ts';

const rest = (changes: object = {}): SubscriptionState => ({ ...forkedSubscription(3600), ...changes });

test('equal states at rest are one object, others are not', () => {
  const first = sharedState(rest());
  assert.equal(sharedState(rest()), first);
  for (const other of [{ failures: 1 }, { granted: 3600 }, { asked: 60 }, { sending: 'refresh' as const }]) {
    const state = rest(other);
    assert.equal(sharedState(state), state, JSON.stringify(other));
  }
  assert.equal(sharedState(rest()), first);
});

test('what is under way is not held', () => {
  const sending = sharedState(rest({ sending: 'refresh' }));
  assert.notEqual(sharedState(rest({ sending: 'refresh' })), sending);
});

test('only the last few are held', () => {
  const first = sharedState(rest({ granted: 1 }));
  for (let granted = 2; granted < 20; granted++) sharedState(rest({ granted }));
  assert.notEqual(sharedState(rest({ granted: 1 })), first);
});
