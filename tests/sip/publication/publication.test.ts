// The machine of a publisher: every state with every event (RFC 3903 §4, §5; rows CSP-01 … CSP-09).
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  beginPublication,
  restoredPublication,
  stepPublication,
  type PublicationEffect,
  type PublicationEvent,
  type PublicationState,
} from '../../../src/sip/index.ts';

const base = { asked: 3600, raised: 0, failures: 0, tag: undefined };
const tagged = { ...base, tag: 't1' };
const sending = { name: 'publishing', operation: 'initial', next: 'nothing' } as const;
const STATES: Record<string, PublicationState> = {
  initial: { ...base, ...sending },
  'initial, changed since': { ...base, ...sending, next: 'change' },
  'initial, withdrawn since': { ...base, ...sending, next: 'remove' },
  modify: { ...tagged, ...sending, operation: 'modify' },
  refresh: { ...tagged, ...sending, operation: 'refresh' },
  'refresh, changed since': { ...tagged, ...sending, operation: 'refresh', next: 'change' },
  'refresh, withdrawn since': { ...tagged, ...sending, operation: 'refresh', next: 'remove' },
  removing: { ...tagged, name: 'removing', operation: 'remove', next: 'nothing' },
  'removing, back again': { ...tagged, name: 'removing', operation: 'remove', next: 'change' },
  'removing, failed twice': {
    ...tagged,
    name: 'removing',
    operation: 'remove',
    next: 'nothing',
    failures: 2,
  },
  published: { ...tagged, name: 'published', tag: 't1' },
  'waiting to publish': { ...base, name: 'waiting', then: 'publish', failures: 1 },
  'waiting to refresh': { ...tagged, name: 'waiting', then: 'refresh', failures: 1 },
  'waiting to modify': { ...tagged, name: 'waiting', then: 'publish', failures: 1 },
  'waiting to remove': { ...tagged, name: 'waiting', then: 'remove', failures: 1 },
  stopped: { name: 'stopped' },
  over: { name: 'over' },
};
const refused = (status: number, more: object = {}): PublicationEvent => ({
  kind: 'refused',
  status,
  ...more,
});
const EVENTS: Record<string, PublicationEvent> = {
  changed: { kind: 'changed' },
  withdraw: { kind: 'withdraw' },
  '200': { kind: 'accepted', tag: 't2', expires: 600 },
  '200 without tag': { kind: 'accepted', expires: 600 },
  '412': refused(412),
  '423': refused(423, { minExpires: 7200 }),
  '403': refused(403),
  '404': refused(404),
  '489': refused(489),
  '408': refused(408),
  '503': refused(503, { retryAfter: 90 }),
  timeout: { kind: 'failed', reason: 'timeout' },
  stopped: { kind: 'failed', reason: 'stopped' },
  refreshDue: { kind: 'refreshDue' },
  retryDue: { kind: 'retryDue' },
};

/** "name operation/next tag asked failures: effects". */
function inWords(state: PublicationState): string {
  switch (state.name) {
    case 'publishing':
    case 'removing':
      return `${state.name} ${state.operation}/${state.next} ${state.tag ?? '-'} ${state.asked} ${state.failures}`;
    case 'published':
      return `published ${state.tag} ${state.failures}`;
    case 'waiting':
      return `waiting/${state.then} ${state.tag ?? '-'} ${state.failures}`;
    default:
      return state.name;
  }
}

function effectInWords(effect: PublicationEffect): string {
  switch (effect.kind) {
    case 'send':
      return `send ${effect.operation} ${effect.tag ?? '-'} ${effect.expires}`;
    case 'scheduleRefresh':
      return `refresh in ${effect.seconds}`;
    case 'retryLater':
      return `retry ${effect.failures} ${effect.atLeastSeconds}`;
    case 'stopped':
      return `stopped ${effect.status}`;
    default:
      return effect.kind;
  }
}

const STOP = (status: number): string => `stopped: tagChanged, stopped ${status}`;
const LEFT = 'over: tagChanged, over';
const END = (status: number): string => `over: tagChanged, stopped ${status}, over`;
/** CSP-09, for a request whose document is still wanted. */
const FINAL = { '403': STOP(403), '404': STOP(404), '489': STOP(489) };
const FINAL_GONE = { '403': END(403), '404': END(404), '489': END(489) };
const AGAIN = 'publishing initial/nothing - 3600 0: tagChanged, send initial - 3600';
const RAISED = (operation: string, tag: string): string =>
  `publishing ${operation}/nothing ${tag} 7200 0: send ${operation} ${tag} 7200`;
const PAUSE = (then: string, tag: string) => ({
  '408': `waiting/${then} ${tag} 1: retry 0 0`,
  timeout: `waiting/${then} ${tag} 1: retry 0 0`,
  '503': `waiting/${then} ${tag} 1: retry 0 90`,
});
const ACCEPTED = 'published t2 0: tagChanged, refresh in 600';
/** CSP-07: "missing tag = error"; not before what is there now has expired. */
const TAGLESS = (): string => 'waiting/publish - 1: tagMissing, tagChanged, retry 0 600';
const GONE = { stopped: 'over: over' };

/** What differs from "unexpected". */
const EXPECTED: Record<string, Record<string, string>> = {
  initial: {
    ...{ ...FINAL, ...GONE, ...PAUSE('publish', '-') },
    changed: 'publishing initial/change - 3600 0:',
    withdraw: 'publishing initial/remove - 3600 0:',
    '200': ACCEPTED,
    '200 without tag': TAGLESS(),
    // It has no condition that could fail.
    '412': 'waiting/publish - 1: retry 0 0',
    '423': RAISED('initial', '-'),
  },
  'initial, changed since': {
    ...{ ...FINAL, ...GONE, ...PAUSE('publish', '-') },
    changed: 'publishing initial/change - 3600 0:',
    withdraw: 'publishing initial/remove - 3600 0:',
    '200': 'publishing modify/nothing t2 3600 0: tagChanged, send modify t2 3600',
    '200 without tag': TAGLESS(),
    '412': 'waiting/publish - 1: retry 0 0',
    '423': RAISED('initial', '-'),
  },
  'initial, withdrawn since': {
    ...{ ...FINAL_GONE, ...GONE },
    changed: 'publishing initial/change - 3600 0:',
    withdraw: 'publishing initial/remove - 3600 0:',
    '200': 'removing remove/nothing t2 3600 0: tagChanged, send remove t2 0',
    '200 without tag': 'over: tagMissing, tagChanged, over',
    '412': LEFT,
    '423': 'over: over',
    '408': LEFT,
    '503': LEFT,
    timeout: LEFT,
  },
  modify: {
    ...{ ...FINAL, ...GONE, ...PAUSE('publish', 't1') },
    changed: 'publishing modify/change t1 3600 0:',
    withdraw: 'publishing modify/remove t1 3600 0:',
    '200': ACCEPTED,
    '200 without tag': TAGLESS(),
    // CSP-05.
    '412': AGAIN,
    '423': RAISED('modify', 't1'),
  },
  refresh: {
    ...{ ...FINAL, ...GONE, ...PAUSE('refresh', 't1') },
    changed: 'publishing refresh/change t1 3600 0:',
    withdraw: 'publishing refresh/remove t1 3600 0:',
    '200': ACCEPTED,
    '200 without tag': TAGLESS(),
    '412': AGAIN,
    '423': RAISED('refresh', 't1'),
  },
  'refresh, changed since': {
    ...{ ...FINAL, ...GONE, ...PAUSE('publish', 't1') },
    changed: 'publishing refresh/change t1 3600 0:',
    withdraw: 'publishing refresh/remove t1 3600 0:',
    '200': 'publishing modify/nothing t2 3600 0: tagChanged, send modify t2 3600',
    '200 without tag': TAGLESS(),
    '412': AGAIN,
    '423': RAISED('modify', 't1'),
  },
  'refresh, withdrawn since': {
    ...{ ...FINAL_GONE, ...GONE, ...PAUSE('remove', 't1') },
    changed: 'publishing refresh/change t1 3600 0:',
    withdraw: 'publishing refresh/remove t1 3600 0:',
    '200': 'removing remove/nothing t2 3600 0: tagChanged, send remove t2 0',
    '200 without tag': 'over: tagMissing, tagChanged, over',
    '412': LEFT,
    '423': 'removing remove/nothing t1 7200 0: send remove t1 0',
  },
  removing: {
    ...{ ...FINAL_GONE, ...GONE, ...PAUSE('remove', 't1') },
    changed: 'removing remove/change t1 3600 0:',
    withdraw: 'removing remove/nothing t1 3600 0:',
    '200': LEFT,
    '200 without tag': LEFT,
    '412': LEFT,
    '423': END(423),
  },
  'removing, back again': {
    ...GONE,
    changed: 'removing remove/change t1 3600 0:',
    withdraw: 'removing remove/nothing t1 3600 0:',
    '200': AGAIN,
    '200 without tag': AGAIN,
    '412': AGAIN,
    '423': AGAIN,
    '403': AGAIN,
    '404': AGAIN,
    '489': AGAIN,
    ...PAUSE('publish', 't1'),
  },
  'removing, failed twice': {
    ...{ ...FINAL_GONE, ...GONE },
    changed: 'removing remove/change t1 3600 2:',
    withdraw: 'removing remove/nothing t1 3600 2:',
    '200': LEFT,
    '200 without tag': LEFT,
    '412': LEFT,
    '423': END(423),
    '408': LEFT,
    '503': LEFT,
    timeout: LEFT,
  },
  published: {
    changed: 'publishing modify/nothing t1 3600 0: stopTimer, send modify t1 3600',
    withdraw: 'removing remove/nothing t1 3600 0: stopTimer, send remove t1 0',
    refreshDue: 'publishing refresh/nothing t1 3600 0: send refresh t1 3600',
  },
  'waiting to publish': {
    changed: 'waiting/publish - 1:',
    withdraw: 'over: stopTimer, over',
    retryDue: 'publishing initial/nothing - 3600 1: send initial - 3600',
  },
  'waiting to refresh': {
    changed: 'waiting/publish t1 1:',
    withdraw: 'waiting/remove t1 1:',
    retryDue: 'publishing refresh/nothing t1 3600 1: send refresh t1 3600',
  },
  'waiting to modify': {
    changed: 'waiting/publish t1 1:',
    withdraw: 'waiting/remove t1 1:',
    retryDue: 'publishing modify/nothing t1 3600 1: send modify t1 3600',
  },
  'waiting to remove': {
    changed: 'waiting/publish t1 1:',
    withdraw: 'waiting/remove t1 1:',
    retryDue: 'removing remove/nothing t1 3600 1: send remove t1 0',
  },
  stopped: { changed: 'stopped:', withdraw: 'over: over' },
  over: { changed: 'over:', withdraw: 'over:' },
};

describe('every state with every event', () => {
  for (const [name, state] of Object.entries(STATES)) {
    for (const [eventName, event] of Object.entries(EVENTS)) {
      const line = EXPECTED[name]?.[eventName];
      test(`${name}: ${eventName} → ${line ?? 'unexpected'}`, () => {
        const { state: next, effects, expected } = stepPublication(state, event);
        if (line === undefined) {
          assert.deepEqual({ next, effects, expected }, { next: state, effects: [], expected: false });
          return;
        }
        assert.ok(expected);
        assert.equal(`${inWords(next)}: ${effects.map(effectInWords).join(', ')}`.trim(), line);
      });
    }
  }
});

describe('by clause', () => {
  test('§4.2, CSP-01: the first PUBLISH has no SIP-If-Match', () => {
    const { state, effects } = beginPublication(3600);
    assert.equal(inWords(state), 'publishing initial/nothing - 3600 0');
    assert.deepEqual(effects.map(effectInWords), ['send initial - 3600']);
  });

  test('§4.2: a tag of an earlier run is tried first', () => {
    const { effects } = stepPublication(restoredPublication('old', 3600), { kind: 'changed' });
    assert.deepEqual(effects.map(effectInWords), ['stopTimer', 'send modify old 3600']);
  });

  test('§4.2: "The ESC may lower the suggested lifetime of the publication, but it will never extend it."', () => {
    const { effects } = stepPublication(beginPublication(3600).state, {
      ...{ kind: 'accepted', tag: 'x', expires: 7200 },
    });
    assert.deepEqual(effects.map(effectInWords), ['tagChanged', 'refresh in 3600']);
  });

  test('CSP-06: 423 twice raises, the third time it is a refusal; so is one without a higher Min-Expires', () => {
    let { state } = beginPublication(60);
    for (const minExpires of [600, 1200]) state = stepPublication(state, refused(423, { minExpires })).state;
    assert.equal(inWords(state), 'publishing initial/nothing - 1200 0');
    assert.equal(stepPublication(state, refused(423, { minExpires: 1800 })).state.name, 'stopped');
    const { state: first } = beginPublication(60);
    assert.equal(stepPublication(first, refused(423)).state.name, 'stopped');
    assert.equal(stepPublication(first, refused(423, { minExpires: 60 })).state.name, 'stopped');
    assert.equal(stepPublication(first, refused(423, { minExpires: 172_801 })).state.name, 'stopped');
  });

  test('CSP-08, CSP-07: whatever happens, one request at a time, and only the last tag is ever used', () => {
    const events = Object.values(EVENTS).filter(({ kind }) => kind !== 'accepted');
    const wishes = fc.constantFrom(...events.map((event) => ({ event, tag: false })), {
      event: undefined,
      tag: true,
    });
    fc.assert(
      fc.property(fc.array(wishes, { maxLength: 40 }), (steps) => {
        let { state, effects } = beginPublication(3600);
        let open = 1;
        let serial = 0;
        let last: string | undefined;
        for (const { event } of steps) {
          if (event === undefined) {
            if (open === 0) continue;
            serial += 1;
          }
          const next: PublicationEvent = event ?? { kind: 'accepted', tag: `t${serial}`, expires: 600 };
          const answers = next.kind === 'accepted' || next.kind === 'refused' || next.kind === 'failed';
          // A response comes to a request only.
          if (answers && open === 0) continue;
          const removal = state.name === 'removing';
          ({ state, effects } = stepPublication(state, next));
          if (answers) open -= 1;
          if (next.kind === 'accepted' && !removal) last = next.tag;
          for (const effect of effects) {
            if (effect.kind !== 'send') continue;
            open += 1;
            assert.equal(open, 1, 'one outstanding');
            assert.equal(effect.operation === 'initial', effect.tag === undefined, '§4.1 Table 1');
            if (effect.tag !== undefined) assert.equal(effect.tag, last);
          }
        }
      }),
    );
  });
});
