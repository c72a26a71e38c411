// Source: RFC 6120 §4, §5, §6, §8.1; XEP-0178 §3; XEP-0220 §2; XEP-0288 §2; rows S2S-02 … S2S-07.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  acceptedStream,
  dialbackKey,
  MAX_PENDING,
  stepInbound,
  streamErrorElement,
  type DialbackPolicy,
  type InboundEffect,
  type InboundEnv,
  type InboundEvent,
  type InboundOpen,
  type InboundState,
} from '../../../src/xmpp/index.ts';
import {
  head,
  LOCAL,
  message,
  OTHER_LOCAL,
  REMOTE,
  SASL,
  SECRET,
  SM,
  spoken,
  TLS,
  wire,
} from './server-rig.ts';

const THIRD = 'third.example';
const env = (
  policy: DialbackPolicy = 'over-tls',
  proven: readonly string[] = [REMOTE],
  certified: readonly string[] = [],
): InboundEnv => ({
  policy,
  certified: (domain) => certified.includes(domain),
  serves: (domain) => domain === LOCAL || domain === OTHER_LOCAL,
  proves: (domain) => proven.includes(domain),
  secret: SECRET,
  limits: { maxBytes: 262_144, idleSeconds: 3600 },
});

const pair = { from: REMOTE, to: LOCAL };
const base: InboundOpen = {
  kind: 'open',
  secure: true,
  peer: REMOTE,
  local: LOCAL,
  id: 'D60000229F',
  authenticated: false,
  refused: 0,
  pairs: [],
  pending: [],
  bidi: false,
};

const states = {
  accepted: { ...base, kind: 'opening', secure: false, peer: '', local: '', id: '' },
  direct: { ...base, kind: 'opening', peer: '', local: '', id: '' },
  clear: { ...base, secure: false },
  securing: { ...base, kind: 'securing', secure: false },
  secure: base,
  tired: { ...base, refused: 2 },
  afterSasl: { ...base, kind: 'opening', id: '', authenticated: true },
  verifying: { ...base, pending: [{ from: THIRD, to: LOCAL }] },
  proved: { ...base, authenticated: true, pairs: [pair] },
  closing: { kind: 'closing', failure: { reason: 'not-allowed', during: 'open' } },
  closed: { kind: 'closed' },
} as const satisfies Readonly<Record<string, InboundState>>;

const of = (xml: string): InboundEvent => ({ kind: 'element', element: wire(xml) });
const opens = (more: Parameters<typeof head>[0]): InboundEvent => ({
  kind: 'streamOpen',
  head: head(more),
  newId: 'fresh',
});
const says = (from: string | undefined, to: string | undefined): InboundEvent => ({
  kind: 'element',
  element: message(from, to),
});
const auth = (text: string, mechanism = 'EXTERNAL'): InboundEvent =>
  of(`<auth ${SASL} mechanism='${mechanism}'>${text}</auth>`);
const asks = (from: string, to: string): InboundEvent =>
  of(`<db:result from='${from}' to='${to}'>k3y</db:result>`);
const KEY = dialbackKey(SECRET, { from: LOCAL, to: REMOTE }, '417GAF25');
const checks = (to: string, key: string): InboundEvent =>
  of(`<db:verify from='${REMOTE}' to='${to}' id='417GAF25'>${key}</db:verify>`);
const THIRD_PAIR = { from: THIRD, to: LOCAL };

const events = {
  streamOpen: opens({ id: undefined }),
  noFrom: opens({ from: undefined }),
  noTo: opens({ to: undefined }),
  unknownHost: opens({ to: 'nobody.example' }),
  ourOwn: opens({ from: OTHER_LOCAL }),
  badFrom: opens({ from: 'a@b@c' }),
  otherFrom: opens({ from: THIRD }),
  otherTo: opens({ to: OTHER_LOCAL }),
  clientStream: opens({ defaultNs: 'jabber:client' }),
  oldStream: opens({ version: undefined }),
  startTls: of(`<starttls ${TLS}/>`),
  secured: { kind: 'secured' },
  tlsFailed: { kind: 'tlsFailed', text: 'x' },
  auth: auth('='),
  authNamed: auth('eG1wcC5leGFtcGxl'),
  authOther: auth('dGhpcmQuZXhhbXBsZQ=='),
  authNoBase64: auth('***'),
  authPlain: auth('AGEAYg==', 'PLAIN'),
  saslAbort: of(`<abort ${SASL}/>`),
  bidi: of(`<bidi xmlns='urn:xmpp:bidi'/>`),
  asksByCertificate: asks(REMOTE, LOCAL),
  asksThird: asks(THIRD, LOCAL),
  asksUnknown: asks(THIRD, 'nobody.example'),
  asksOwn: asks(OTHER_LOCAL, LOCAL),
  checksRight: checks(LOCAL, KEY),
  checksWrong: checks(LOCAL, 'ffff'),
  checksUnknown: checks('nobody.example', KEY),
  valid: { kind: 'verified', pair: THIRD_PAIR, verdict: { kind: 'valid' } },
  invalid: { kind: 'verified', pair: THIRD_PAIR, verdict: { kind: 'invalid' } },
  unverifiable: {
    kind: 'verified',
    pair: THIRD_PAIR,
    verdict: { kind: 'error', condition: 'remote-server-not-found' },
  },
  enable: of(`<enable ${SM} resume='true'/>`),
  stanza: says(`ann@${REMOTE}`, `bob@${LOCAL}`),
  spoofed: says(`ann@${THIRD}`, `bob@${LOCAL}`),
  otherTarget: says(`ann@${REMOTE}`, `bob@${OTHER_LOCAL}`),
  foreignTarget: says(`ann@${REMOTE}`, 'bob@nobody.example'),
  withoutFrom: says(undefined, `bob@${LOCAL}`),
  withoutTo: says(`ann@${REMOTE}`, ''),
  unreadable: says(`ann@${REMOTE}`, 'a@b@c'),
  unknown: of(`<x xmlns='urn:x'/>`),
  streamError: { kind: 'element', element: streamErrorElement('reset') },
  streamClosed: { kind: 'streamClosed' },
  badXml: { kind: 'badXml', error: { condition: 'restricted-xml', text: 'x' } },
  disconnected: { kind: 'disconnected' },
  timeout: { kind: 'timeout' },
  fault: { kind: 'fault', reason: 'bad-stream', error: { condition: 'policy-violation', text: 'x' } },
  idle: { kind: 'stop', reason: 'idle' },
  stop: { kind: 'stop' },
} as const satisfies Readonly<Record<string, InboundEvent>>;

type StateName = keyof typeof states;
type EventName = keyof typeof events;
type Row = Partial<Record<StateName, string>>;

const CONNECTED = [
  'accepted',
  'direct',
  'clear',
  'secure',
  'tired',
  'afterSasl',
  'verifying',
  'proved',
] as const;
const HEADERLESS = new Set<StateName>(['accepted', 'direct', 'afterSasl']);
/** A stream error in each state with a connection; RFC 6120 §4.9.1.2: behind a header where none was sent. */
function everywhere(error: string, reason: string, orderly = false): Row {
  const row: Row = Object.fromEntries(
    CONNECTED.map((name) => [
      name,
      `closing: ${HEADERLESS.has(name) ? 'writeHeader, ' : ''}${ends(error, orderly)}`,
    ]),
  );
  return { ...row, securing: `closed: abort, clearTimer, ended ${reason}` };
}
const ends = (error: string, orderly = false): string =>
  `${error === '' ? '' : `writeError ${error}, `}writeEnd, ${orderly ? '' : 'disconnect, '}setTimer close`;
const fails = (error: string): string => `closing: ${ends(error)}`;
const refusesHeader = (error: string): Row => {
  const words = `closing: writeHeader, ${ends(error)}`;
  return { accepted: words, direct: words, afterSasl: words };
};
const FEATURES_CLEAR = 'open: writeHeader, write features(starttls)';
const FEATURES_ALL = 'open: writeHeader, write features(mechanisms dialback bidi sm limits)';
const FEATURES_UNPROVED = 'open: writeHeader, write features(dialback bidi sm limits)';
const authenticated = `open: writeHeader, write features(dialback sm limits), clearTimer, proved ${REMOTE} certificate`;
/** Any open, secure stream gives the same answer. */
const secureAll = (words: string): Row => ({ secure: words, tired: words, verifying: words, proved: words });
const inClear = fails('policy-violation');

/** Next state and effects, in words; a state left out of a row: unexpected, nothing changes. */
const matrix: Readonly<Record<EventName, Row>> = {
  streamOpen: { accepted: FEATURES_CLEAR, direct: FEATURES_ALL, afterSasl: authenticated },
  noFrom: { ...refusesHeader('invalid-from'), accepted: FEATURES_CLEAR, direct: FEATURES_UNPROVED },
  noTo: refusesHeader('improper-addressing'),
  unknownHost: refusesHeader('host-unknown'),
  ourOwn: refusesHeader('invalid-from'),
  badFrom: refusesHeader('improper-addressing'),
  otherFrom: { ...refusesHeader('invalid-from'), accepted: FEATURES_CLEAR, direct: FEATURES_UNPROVED },
  otherTo: { ...refusesHeader('not-authorized'), accepted: FEATURES_CLEAR, direct: FEATURES_ALL },
  clientStream: refusesHeader('invalid-namespace'),
  oldStream: refusesHeader('unsupported-version'),
  startTls: {
    clear: 'securing: write proceed, startTls',
    ...secureAll(`closing: write failure, ${ends('')}`),
  },
  secured: { securing: 'opening: restart' },
  tlsFailed: {
    ...Object.fromEntries(CONNECTED.map((name) => [name, 'closed: abort, clearTimer, ended tls'])),
    securing: 'closed: abort, clearTimer, ended tls',
    closing: 'closed: abort, clearTimer, ended not-allowed',
  },
  auth: {
    clear: inClear,
    secure: 'opening: write success, restart',
    tired: 'opening: write success, restart',
    verifying: 'opening: write success, restart',
    proved: 'open: write failure(not-authorized)',
  },
  authNamed: {
    clear: inClear,
    secure: 'opening: write success, restart',
    tired: 'opening: write success, restart',
    verifying: 'opening: write success, restart',
    proved: 'open: write failure(not-authorized)',
  },
  authOther: {
    clear: inClear,
    ...secureAll('open: write failure(invalid-authzid)'),
    tired: `closing: write failure(invalid-authzid), ${ends('policy-violation')}`,
    proved: 'open: write failure(not-authorized)',
  },
  authNoBase64: {
    clear: inClear,
    ...secureAll('open: write failure(incorrect-encoding)'),
    tired: `closing: write failure(incorrect-encoding), ${ends('policy-violation')}`,
    proved: 'open: write failure(not-authorized)',
  },
  authPlain: {
    clear: inClear,
    ...secureAll('open: write failure(invalid-mechanism)'),
    tired: `closing: write failure(invalid-mechanism), ${ends('policy-violation')}`,
    proved: 'open: write failure(not-authorized)',
  },
  saslAbort: {
    clear: inClear,
    ...secureAll('open: write failure(aborted)'),
    tired: `closing: write failure(aborted), ${ends('policy-violation')}`,
  },
  bidi: { clear: inClear, secure: 'open: ', tired: 'open: ', verifying: 'open: ' },
  asksByCertificate: {
    clear: inClear,
    ...secureAll(`open: clearTimer, write result valid, proved ${REMOTE} certificate`),
    proved: 'open: write result valid',
  },
  asksThird: {
    clear: inClear,
    secure: `open: verify ${THIRD} D60000229F k3y`,
    tired: `open: verify ${THIRD} D60000229F k3y`,
    proved: `open: verify ${THIRD} D60000229F k3y`,
  },
  asksUnknown: { clear: inClear, ...secureAll('open: write result error(error)') },
  asksOwn: { clear: inClear, ...secureAll('open: write result error(error)') },
  checksRight: { clear: inClear, ...secureAll('open: write verify valid') },
  checksWrong: { clear: inClear, ...secureAll('open: write verify invalid') },
  checksUnknown: { clear: inClear, ...secureAll('open: write verify error(error)') },
  valid: {
    verifying: `open: clearTimer, write result valid, proved ${THIRD} dialback`,
    closing: 'closing: ',
  },
  invalid: { verifying: `closing: write result invalid, ${ends('')}`, closing: 'closing: ' },
  unverifiable: { verifying: 'open: write result error(error)', closing: 'closing: ' },
  enable: {
    clear: inClear,
    ...secureAll('open: write failed(unexpected-request)'),
    proved: 'open: management',
  },
  // Row S2S-07: nothing is delivered but from and to domains proved on this stream.
  stanza: {
    clear: fails('not-authorized'),
    ...secureAll(fails('not-authorized')),
    proved: `open: deliver ann@${REMOTE} bob@${LOCAL}`,
  },
  spoofed: {
    clear: fails('not-authorized'),
    ...secureAll(fails('not-authorized')),
    proved: fails('invalid-from'),
  },
  otherTarget: { clear: fails('not-authorized'), ...secureAll(fails('not-authorized')) },
  foreignTarget: {
    clear: fails('not-authorized'),
    ...secureAll(fails('not-authorized')),
    proved: fails('host-unknown'),
  },
  withoutFrom: {
    clear: fails('not-authorized'),
    ...secureAll(fails('not-authorized')),
    proved: fails('improper-addressing'),
  },
  withoutTo: {
    clear: fails('not-authorized'),
    ...secureAll(fails('not-authorized')),
    proved: fails('improper-addressing'),
  },
  unreadable: {
    clear: fails('not-authorized'),
    ...secureAll(fails('not-authorized')),
    proved: fails('improper-addressing'),
  },
  unknown: {
    clear: inClear,
    secure: fails('unsupported-stanza-type'),
    tired: fails('unsupported-stanza-type'),
    verifying: fails('unsupported-stanza-type'),
  },
  streamError: { clear: fails(''), ...secureAll(fails('')) },
  streamClosed: { ...everywhere('', 'closed-by-peer'), closing: 'closing: disconnect' },
  badXml: { ...everywhere('restricted-xml', 'bad-xml'), closing: 'closing: ' },
  disconnected: {
    ...Object.fromEntries(CONNECTED.map((name) => [name, 'closed: clearTimer, ended closed-by-peer'])),
    securing: 'closed: clearTimer, ended closed-by-peer',
    closing: 'closed: clearTimer, ended not-allowed',
  },
  timeout: {
    ...everywhere('connection-timeout', 'negotiation-timeout'),
    closing: 'closed: abort, clearTimer, ended not-allowed',
  },
  fault: { ...everywhere('policy-violation', 'bad-stream'), closing: 'closing: ' },
  idle: { ...everywhere('', 'idle', true), closing: 'closing: ' },
  stop: { ...everywhere('', 'stopped', true), closing: 'closing: ' },
};

function inWords(effect: InboundEffect): string {
  switch (effect.kind) {
    case 'write':
      return `write ${spoken(effect.element)}`;
    case 'writeError':
      return `writeError ${effect.error.condition}`;
    case 'setTimer':
      return `setTimer ${effect.timer}`;
    case 'ended':
      return `ended ${effect.failure.reason}`;
    case 'proved':
      return `proved ${effect.pair.from} ${effect.by}`;
    case 'verify':
      return `verify ${effect.pair.from} ${effect.id} ${effect.key}`;
    case 'deliver':
      return `deliver ${effect.stanza.attr('from') ?? ''} ${effect.stanza.attr('to') ?? ''}`;
    default:
      return effect.kind;
  }
}

const stateNames = Object.keys(states).filter((name): name is StateName => Object.hasOwn(states, name));
const eventNames = Object.keys(events).filter((name): name is EventName => Object.hasOwn(events, name));

describe('Inbound stream: every state and event', () => {
  for (const eventName of eventNames) {
    for (const stateName of stateNames) {
      const late = stateName === 'closing' && events[eventName].kind === 'element' ? 'closing: ' : undefined;
      const expected = matrix[eventName][stateName] ?? late;
      test(`${stateName} × ${eventName}: ${expected ?? 'unexpected, nothing changes'}`, () => {
        const before = states[stateName];
        const { state, effects } = stepInbound(before, events[eventName], env());
        const words = effects.map(inWords).join(', ');
        if (expected === undefined) {
          assert.equal(state, before);
          assert.equal(words, 'unexpected');
        } else assert.equal(`${state.kind}: ${words}`, expected);
      });
    }
  }

  test('nothing is delivered without a proved pair, and one end only, whatever happens', () => {
    const walk = (state: InboundState, depth: number): void => {
      if (depth === 0) return;
      for (const eventName of eventNames) {
        const next = stepInbound(state, events[eventName], env('over-tls', []));
        for (const effect of next.effects) {
          if (effect.kind === 'deliver') {
            assert.ok(state.kind === 'open' && state.secure);
            assert.ok(state.pairs.some(({ from, to }) => from === effect.pair.from && to === effect.pair.to));
            assert.equal(effect.stanza.attr('from')?.endsWith(`@${effect.pair.from}`), true);
          }
          if (effect.kind === 'ended') assert.equal(next.state.kind, 'closed');
        }
        if (next.state !== state) walk(next.state, depth - 1);
      }
    };
    walk(acceptedStream(false), 5);
    walk(acceptedStream(true), 4);
  });
});

describe('What a peer may prove, by certificate and policy', () => {
  const cases: [string, DialbackPolicy, readonly string[], string][] = [
    ['certificate', 'never', [REMOTE], 'mechanisms bidi limits'],
    ['no certificate', 'never', [], 'bidi limits'],
    ['certificate', 'over-tls', [REMOTE], 'mechanisms dialback bidi sm limits'],
    ['no certificate', 'over-tls', [], 'dialback bidi sm limits'],
  ];
  for (const [what, policy, proven, offered] of cases) {
    test(`${what}, dialback ${policy}: ${offered}`, () => {
      const { effects } = stepInbound(states.direct, events.streamOpen, env(policy, proven));
      assert.equal(effects.map(inWords).at(-1), `write features(${offered})`);
    });
  }

  test('XEP-0178 §3: EXTERNAL without such a certificate is refused', () => {
    const { state, effects } = stepInbound(states.secure, events.auth, env('never', []));
    assert.equal(state.kind, 'open');
    assert.deepEqual(effects.map(inWords), ['write failure(not-authorized)']);
  });

  test('dialback: never: a request is refused by policy, and no key is ours (XEP-0220 §2.4)', () => {
    const asked = stepInbound(states.secure, events.asksThird, env('never', []));
    const [first] = asked.effects;
    assert.ok(first?.kind === 'write');
    assert.equal(first.element.attr('type'), 'error');
    assert.equal(first.element.child('error')?.child('policy-violation')?.name, 'policy-violation');
    const { effects } = stepInbound(states.secure, events.checksRight, env('never', []));
    assert.deepEqual(effects.map(inWords), ['write verify invalid']);
  });

  test('a domain that only its certificate proves: its request is refused by policy, unless the certificate is there', () => {
    const asked = stepInbound(states.secure, events.asksThird, env('over-tls', [], [THIRD]));
    const [first] = asked.effects;
    assert.ok(first?.kind === 'write');
    assert.equal(first.element.child('error')?.child('policy-violation')?.name, 'policy-violation');
    const shown = stepInbound(states.secure, events.asksThird, env('over-tls', [THIRD], [THIRD]));
    assert.ok(shown.effects.some((effect) => effect.kind === 'proved' && effect.by === 'certificate'));
  });

  test('XEP-0220 §2.4: each refusal has its condition, and leaves the stream to other pairs', () => {
    const conditions: [InboundEvent, string][] = [
      [events.asksUnknown, 'item-not-found'],
      [events.asksOwn, 'not-acceptable'],
      [events.checksUnknown, 'item-not-found'],
    ];
    for (const [event, condition] of conditions) {
      const { state, effects } = stepInbound(states.secure, event, env());
      const [first] = effects;
      assert.ok(first?.kind === 'write');
      assert.notEqual(first.element.child('error')?.child(condition), undefined, condition);
      assert.equal(state.kind, 'open');
    }
  });

  test('XEP-0220 §2.5: several pairs on one stream, each with a verdict of its own', () => {
    let state: InboundState = states.secure;
    state = stepInbound(state, asks(THIRD, LOCAL), env()).state;
    state = stepInbound(state, asks('fourth.example', OTHER_LOCAL), env()).state;
    state = stepInbound(state, events.valid, env()).state;
    assert.ok(state.kind === 'open');
    assert.deepEqual(state.pairs, [THIRD_PAIR]);
    assert.deepEqual(state.pending, [{ from: 'fourth.example', to: OTHER_LOCAL }]);
    const early = stepInbound(state, says('a@fourth.example', `b@${OTHER_LOCAL}`), env());
    assert.equal(inWords(early.effects[0] ?? { kind: 'unexpected' }), 'writeError invalid-from');
    const right = stepInbound(state, says(`a@${THIRD}`, `b@${LOCAL}`), env());
    assert.equal(inWords(right.effects[0] ?? { kind: 'unexpected' }), `deliver a@${THIRD} b@${LOCAL}`);
  });

  test('no more keys are verified at a time than the bound allows', () => {
    let state: InboundState = states.secure;
    for (let i = 0; i < MAX_PENDING; i++)
      state = stepInbound(state, asks(`d${i}.example`, LOCAL), env()).state;
    const { effects } = stepInbound(state, asks('last.example', LOCAL), env());
    const [first] = effects;
    assert.ok(first?.kind === 'write');
    assert.notEqual(first.element.child('error')?.child('resource-constraint'), undefined);
  });

  test('RFC 7622: addresses are prepared before anybody compares them', () => {
    const { effects } = stepInbound(states.proved, says('Ann@XMPP.Example/Res', 'BOB@SIP.example'), env());
    assert.deepEqual(effects.map(inWords), [`deliver ann@${REMOTE}/Res bob@${LOCAL}`]);
  });
});
