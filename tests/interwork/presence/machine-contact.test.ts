// Machine P: every state with every event, written from RFC 8048 §5.3, RFC 6665 §4.2 and rows PRES-40 … PRES-57.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  stepContact,
  type ContactEffect,
  type ContactEvent,
  type ContactState,
} from '../../../src/interwork/presence/index.ts';

const STATES: readonly ContactState[] = ['none', 'asking', 'settling', 'open', 'unsure', 'silent'];
const EVENTS: readonly ContactEvent[] = [
  ...(['dialog', 'restored', 'refreshed', 'lastEnded', 'subscribed', 'unsubscribed', 'presence'] as const),
  ...(['notFound', 'forbidden', 'failed', 'waited', 'linkUp', 'linkGone'] as const),
];

type Outcome = readonly [ContactState, ...ContactEffect[]];
type Expectation = Partial<Record<ContactEvent, Outcome>>;

/** PRES-45, PRES-52: the contact, or his server, says no. */
const NO: Expectation = {
  unsubscribed: ['none', 'stopWaiting', 'reject', 'forget'],
  forbidden: ['none', 'stopWaiting', 'reject', 'forget'],
  notFound: ['none', 'stopWaiting', 'noResource', 'forget'],
};
/** PRES-48, PRES-50, PRES-51: the contact hears that nobody watches any more; the authorization stays. */
const GONE: Outcome = ['none', 'stopWaiting', 'tellUnavailable', 'forget'];
/** PRES-53: authorized again only when the contact's server says so. */
const AGAIN: Outcome = ['unsure', 'doubt', 'askSubscribe', 'waitForAnswer'];
const CONFIRMED: Outcome = ['settling', 'probe', 'waitForPresence'];
const SILENT: Outcome = ['silent', 'stopWaiting', 'doubt', 'dropDoubted', 'update'];

const EXPECTED: Record<ContactState, Expectation> = {
  none: { dialog: ['asking', 'askSubscribe'], restored: ['unsure', 'doubt'] },
  asking: {
    ...NO,
    dialog: ['asking', 'askSubscribe'],
    restored: ['asking'],
    refreshed: ['asking'],
    lastEnded: ['none', 'forget'],
    subscribed: CONFIRMED,
    // Nothing is shown before he agrees.
    presence: ['asking'],
    failed: ['none', 'probation', 'forget'],
    linkUp: ['asking', 'askSubscribe'],
    linkGone: ['asking'],
  },
  settling: {
    ...NO,
    dialog: ['settling'],
    restored: ['settling'],
    refreshed: ['settling'],
    lastEnded: GONE,
    subscribed: ['settling'],
    presence: ['settling', 'waitForMore'],
    waited: ['open', 'dropDoubted', 'activate'],
    failed: ['settling'],
    linkUp: AGAIN,
    linkGone: SILENT,
  },
  open: {
    ...NO,
    dialog: ['open', 'askSubscribe'],
    restored: ['open', 'askSubscribe'],
    // PRES-47.
    refreshed: ['open', 'probe'],
    lastEnded: GONE,
    subscribed: ['open', 'activate'],
    // PRES-46.
    presence: ['open', 'update'],
    failed: ['open'],
    linkUp: AGAIN,
    linkGone: SILENT,
  },
  unsure: {
    ...NO,
    dialog: ['unsure', 'askSubscribe'],
    restored: ['unsure'],
    refreshed: ['unsure', 'askSubscribe'],
    lastEnded: GONE,
    subscribed: CONFIRMED,
    presence: ['unsure'],
    waited: ['silent', 'dropDoubted', 'update'],
    failed: ['unsure'],
    linkUp: AGAIN,
    linkGone: SILENT,
  },
  silent: {
    ...NO,
    dialog: ['silent', 'askSubscribe'],
    restored: ['silent'],
    refreshed: ['silent', 'askSubscribe'],
    lastEnded: GONE,
    subscribed: CONFIRMED,
    presence: ['silent'],
    failed: ['silent'],
    linkUp: AGAIN,
    linkGone: ['silent'],
  },
};

for (const state of STATES) {
  describe(`machine P: ${state}`, () => {
    for (const event of EVENTS) {
      const outcome = EXPECTED[state][event];
      test(outcome === undefined ? `${event}: nothing` : `${event} → ${outcome.join(' ')}`, () => {
        const { state: next, effects, expected } = stepContact(state, event);
        assert.deepEqual([next, ...effects], outcome ?? [state]);
        assert.equal(expected, outcome !== undefined);
      });
    }
  });
}

test('PRES-53: whatever happens, nothing is shown without a `subscribed` since the last doubt', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...EVENTS), { maxLength: 30 }), (events) => {
      let state: ContactState = 'none';
      let confirmed = false;
      for (const event of events) {
        const transition = stepContact(state, event);
        if (event === 'subscribed' && transition.expected) confirmed = true;
        if (transition.effects.includes('doubt') || transition.state === 'none') confirmed = false;
        if (transition.effects.includes('activate')) assert.ok(confirmed, `${state} ${event}`);
        state = transition.state;
      }
    }),
  );
});
