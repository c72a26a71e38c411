// Event, Allow-Events and Subscription-State (RFC 6665 §8.2).
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  allowEvents,
  equalEvents,
  eventName,
  formatEvent,
  stateOfSubscription,
} from '../../../src/sip/header/events.ts';
import { rawHeaderField } from '../../../src/sip/message/field.ts';

const fields = (name: string, ...values: string[]) => ({
  headers: values.map((value) => rawHeaderField(name, value)),
});

function named(value: string) {
  const read = eventName(fields('Event', value));
  return read.ok && read.value !== undefined ? read.value : assert.fail(value);
}

describe('RFC 6665 §8.2.1', () => {
  // "the foregoing text means that "Event: foo; id=1234" would match …".
  const cases: readonly (readonly [string, boolean])[] = [
    ['foo; param=abcd; id=1234', true],
    ['foo', false],
    ['Foo; id=1234', false],
    ['foo; id=12345', false],
    ['foo.winfo;id=1234', false],
  ];
  for (const [other, equal] of cases) {
    test(`"foo; id=1234" and "${other}"`, () => {
      assert.equal(equalEvents(named('foo; id=1234'), named(other)), equal);
      assert.equal(equalEvents(named(other), named('foo; id=1234')), equal);
    });
  }
  test('written and read', () => {
    for (const event of [{ package: 'reg' }, { package: 'presence.winfo', id: 'x1' }]) {
      assert.deepEqual(named(formatEvent(event)), event);
    }
    assert.deepEqual(named('reg;ID=a'), { package: 'reg', id: 'a' });
  });
  test('the compact form o; none; two; broken', () => {
    assert.deepEqual(eventName(fields('o', 'reg')), { ok: true, value: { package: 'reg' } });
    assert.deepEqual(eventName(fields('Subject', 'reg')), { ok: true, value: undefined });
    assert.equal(eventName(fields('Event', 'a', 'b')).ok, false);
    assert.equal(eventName(fields('Event', '"reg"')).ok, false);
  });
});

test('RFC 6665 §8.2.2: a list, also in its compact form u', () => {
  assert.deepEqual(allowEvents(fields('u', 'presence, reg', 'dialog')), ['presence', 'reg', 'dialog']);
  assert.deepEqual(allowEvents(fields('Event', 'reg')), []);
});

describe('RFC 6665 §8.2.3', () => {
  const cases: readonly (readonly [string, object | undefined])[] = [
    ['active;expires=3600', { state: 'active', expiresSeconds: 3600 }],
    ['Pending', { state: 'pending' }],
    [
      'terminated;Reason=Probation;retry-after=60',
      { state: 'terminated', reason: 'probation', retryAfterSeconds: 60 },
    ],
    ['active;expires=soon', { state: 'active' }],
    ['active;expires=4294967296', { state: 'active' }],
    ['x-later ; a=b', { state: 'x-later' }],
    [';expires=3', undefined],
    ['active expires', undefined],
  ];
  for (const [raw, expected] of cases) {
    test(raw, () => {
      const read = stateOfSubscription(fields('Subscription-State', raw));
      assert.deepEqual(read.ok ? read.value : undefined, expected);
    });
  }
  test('none', () =>
    assert.deepEqual(stateOfSubscription(fields('To', 'x')), { ok: true, value: undefined }));
});
