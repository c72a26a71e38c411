// What is known of a contact: documents of forked dialogs are merged (PRES-22), and each document is whole (PRES-87).
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PresenceView } from '../../../src/gateway/presence/presence-view.ts';
import type { ResourcePresence } from '../../../src/interwork/presence/index.ts';

const at = (resource: string, available = true): ResourcePresence => ({ resource, available, children: [] });
const names = (view: PresenceView): string[] =>
  view.current().map(({ resource, available }) => (available ? resource : `!${resource}`));

describe('what is known', () => {
  test('the last document of each dialog, merged: available where any of them says so', () => {
    const view = new PresenceView();
    view.notified('a', [at('x'), at('y', false)]);
    view.notified('b', [at('x', false), at('y')]);
    assert.deepEqual(names(view), ['x', 'y']);
    view.notified('a', [at('z')]);
    assert.deepEqual(names(view), ['z', '!x', 'y']);
  });

  test('a notification without a document changes nothing, but the first one is known to say nothing', () => {
    const view = new PresenceView();
    assert.equal(view.known, false);
    view.notified('a', undefined);
    assert.equal(view.known, true);
    assert.deepEqual(names(view), []);
    view.notified('a', [at('x')]);
    view.notified('a', undefined);
    assert.deepEqual(names(view), ['x']);
  });

  test('the dialog that ended last holds until a new one says more', () => {
    const view = new PresenceView();
    view.notified('a', [at('x')]);
    view.notified('b', [at('y')]);
    assert.equal(view.ended('a'), true);
    assert.deepEqual(names(view), ['y']);
    assert.equal(view.ended('b'), false);
    assert.deepEqual(names(view), ['y']);
    assert.equal(view.ended('b'), false);
    view.notified('c', [at('z')]);
    assert.deepEqual(names(view), ['z']);
  });

  test('what is forgotten is not known', () => {
    const view = new PresenceView();
    view.notified('a', [at('x')]);
    view.forget();
    assert.equal(view.known, false);
    assert.deepEqual(names(view), []);
  });
});

test('the id of a tuple is no device; what was told before a restart counts as one until a document says more', () => {
  const view = new PresenceView(['t1', 'phone']);
  assert.deepEqual(
    ['t1', 'phone', 'other'].map((each) => view.isTuple(each)),
    [true, true, false],
  );
  view.notified('a', [at('t1'), { ...at('phone'), device: true }]);
  view.notified('b', [at('phone')]);
  assert.deepEqual(
    ['t1', 'phone', 'other'].map((each) => view.isTuple(each)),
    [true, false, false],
  );
});

test('what was told before a restart may still be true, until something is heard', () => {
  const view = new PresenceView(['x']);
  assert.deepEqual([view.restored, [...view.told]], [true, ['x']]);
  view.notified('a', [at('y')]);
  assert.equal(view.restored, false);
  assert.equal(new PresenceView().restored, false);
});
