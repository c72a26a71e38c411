// Source: RFC 6120 §4, §5, §6, §9.2; XEP-0178 §3; XEP-0220 §2; XEP-0288 §2; rows S2S-02 … S2S-07.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  initialOutbound,
  NO_FEATURES,
  stepOutbound,
  streamErrorElement,
  type DialbackPolicy,
  type OutboundEffect,
  type OutboundEnv,
  type OutboundEvent,
  type OutboundOpen,
  type OutboundState,
} from '../../../src/xmpp/index.ts';
import {
  BIDI,
  DIALBACK,
  EXTERNAL,
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

const env = (policy: DialbackPolicy = 'over-tls', ownCertificate = true): OutboundEnv => ({
  local: LOCAL,
  remote: REMOTE,
  policy,
  ownCertificate,
  secret: SECRET,
  serves: (domain) => domain === LOCAL || domain === OTHER_LOCAL,
});

const base: OutboundOpen = {
  kind: 'opening',
  secure: true,
  certificate: true,
  authenticated: false,
  externalRefused: false,
  carries: true,
  id: 'D60000229F',
  offers: NO_FEATURES,
  bidi: false,
  pairs: [],
  pending: [],
};

const states = {
  closed: { kind: 'closed' },
  connecting: { kind: 'connecting', carries: true },
  opening: base,
  negotiating: { ...base, kind: 'negotiating' },
  clear: { ...base, kind: 'negotiating', secure: false, certificate: false },
  askingTls: { ...base, kind: 'askingTls', secure: false },
  securing: { ...base, kind: 'securing', secure: false },
  authenticating: { ...base, kind: 'authenticating' },
  dialling: { ...base, kind: 'dialling', pending: [LOCAL] },
  verifying: { ...base, kind: 'verifying', carries: false },
  up: { ...base, kind: 'up', pairs: [LOCAL] },
  both: { ...base, kind: 'up', pairs: [LOCAL], bidi: true },
  adding: { ...base, kind: 'up', pairs: [LOCAL], pending: [OTHER_LOCAL] },
  closing: { kind: 'closing', failure: { reason: 'unconfirmed', during: 'up' } },
  stopping: { kind: 'closing', failure: { reason: 'stopped', during: 'up' } },
} as const satisfies Readonly<Record<string, OutboundState>>;

const of = (xml: string): OutboundEvent => ({ kind: 'element', element: wire(xml) });
const features = (inner: string): OutboundEvent => of(`<stream:features>${inner}</stream:features>`);
const db = (name: string, attributes: string, inner = ''): OutboundEvent =>
  of(`<db:${name} from='${REMOTE}' ${attributes}>${inner}</db:${name}>`);

const events = {
  start: { kind: 'start', carries: true },
  connected: { kind: 'connected', secure: false, certificate: false },
  directTls: { kind: 'connected', secure: true, certificate: true },
  streamOpen: { kind: 'streamOpen', head: head() },
  foreignStream: { kind: 'streamOpen', head: head({ defaultNs: 'jabber:client' }) },
  oldStream: { kind: 'streamOpen', head: head({ version: undefined }) },
  startTlsOffered: features(`<starttls ${TLS}><required/></starttls>`),
  externalOffered: features(EXTERNAL + DIALBACK),
  bidiOffered: features(EXTERNAL + BIDI),
  dialbackOffered: features(DIALBACK),
  nothingOffered: features(''),
  proceed: of(`<proceed ${TLS}/>`),
  tlsFailure: of(`<failure ${TLS}/>`),
  secured: { kind: 'secured', certificate: true },
  tlsFailed: { kind: 'tlsFailed', text: 'handshake' },
  success: of(`<success ${SASL}/>`),
  challenge: of(`<challenge ${SASL}/>`),
  saslFailure: of(`<failure ${SASL}><not-authorized/></failure>`),
  valid: db('result', `to='${LOCAL}' type='valid'`),
  invalid: db('result', `to='${LOCAL}' type='invalid'`),
  refused: db(
    'result',
    `to='${LOCAL}' type='error'`,
    `<error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>`,
  ),
  otherValid: db('result', `to='${OTHER_LOCAL}' type='valid'`),
  otherRefused: db('result', `to='${OTHER_LOCAL}' type='error'`),
  verdict: db('verify', `to='${LOCAL}' id='417GAF25' type='valid'`),
  question: db('result', `to='${LOCAL}'`, 'key'),
  management: of(`<a ${SM} h='1'/>`),
  stanza: { kind: 'element', element: message(`ann@${REMOTE}`, `bob@${LOCAL}`) },
  spoofed: { kind: 'element', element: message('ann@elsewhere.example', `bob@${LOCAL}`) },
  streamError: { kind: 'element', element: streamErrorElement('host-unknown') },
  carry: { kind: 'carry' },
  add: { kind: 'add', local: OTHER_LOCAL },
  verify: { kind: 'verify', local: LOCAL, id: '417GAF25', key: 'k' },
  streamClosed: { kind: 'streamClosed' },
  badXml: { kind: 'badXml', error: { condition: 'not-well-formed', text: 'x' } },
  disconnected: { kind: 'disconnected' },
  broken: { kind: 'disconnected', error: 'ECONNRESET' },
  timeout: { kind: 'timeout' },
  fault: { kind: 'fault', reason: 'unconfirmed', error: { condition: 'connection-timeout', text: 'x' } },
  stop: { kind: 'stop' },
} as const satisfies Readonly<Record<string, OutboundEvent>>;

type StateName = keyof typeof states;
type EventName = keyof typeof events;
type Row = Partial<Record<StateName, string>>;

const OPEN = [
  'opening',
  'negotiating',
  'clear',
  'askingTls',
  'authenticating',
  'dialling',
  'verifying',
  'up',
  'both',
  'adding',
] as const satisfies readonly StateName[];
const UP = new Set<StateName>(['up', 'both', 'adding']);
/** The same in every open state; those that are up are told so. */
function everywhere(how: (down: string) => string, reason: string, securing = ''): Row {
  const row: Row = Object.fromEntries(
    OPEN.map((name) => [name, how(UP.has(name) ? `down ${reason}, ` : '')]),
  );
  return securing === '' ? row : { ...row, securing };
}
const fails = (words: string): string => `closing: ${words}writeEnd, disconnect, setTimer close`;

/** Next state and effects, in words; a state left out of a row: unexpected, nothing changes. */
const matrix: Readonly<Record<EventName, Row>> = {
  start: { closed: 'connecting: connect, setTimer connect' },
  connected: { connecting: 'opening: setTimer negotiate, writeHeader' },
  directTls: { connecting: 'opening: setTimer negotiate, writeHeader' },
  streamOpen: { opening: 'negotiating: ' },
  foreignStream: { opening: fails('writeError invalid-namespace, ') },
  oldStream: { opening: fails('writeError unsupported-version, ') },
  // RFC 6120 §5.4.1; and row S2S-02: in the clear there is nothing else.
  startTlsOffered: { clear: 'askingTls: write starttls', negotiating: 'dialling: write result' },
  externalOffered: { clear: fails(''), negotiating: 'authenticating: write auth' },
  bidiOffered: { clear: fails(''), negotiating: 'authenticating: write bidi, write auth' },
  dialbackOffered: { clear: fails(''), negotiating: 'dialling: write result' },
  nothingOffered: { clear: fails(''), negotiating: 'dialling: write result' },
  proceed: { askingTls: 'securing: startTls' },
  tlsFailure: { askingTls: fails('') },
  secured: { securing: 'opening: restart, writeHeader' },
  tlsFailed: {
    ...everywhere((down) => `closed: abort, ${down}clearTimer, ended tls`, 'tls'),
    securing: 'closed: abort, clearTimer, ended tls',
  },
  success: { authenticating: 'opening: restart, writeHeader' },
  challenge: { authenticating: 'authenticating: write response' },
  saslFailure: { authenticating: 'dialling: write result' },
  valid: { dialling: `up: clearTimer, up, pairProved ${LOCAL}` },
  invalid: { dialling: fails('') },
  refused: { dialling: fails('') },
  otherValid: { adding: `up: pairProved ${OTHER_LOCAL}` },
  otherRefused: { adding: `up: pairRefused ${OTHER_LOCAL} undefined-condition` },
  verdict: {
    dialling: 'dialling: verdict valid',
    verifying: 'verifying: verdict valid',
    up: 'up: verdict valid',
    both: 'up: verdict valid',
    adding: 'up: verdict valid',
  },
  question: { both: 'up: write result' },
  management: {
    up: 'up: management',
    both: 'up: management',
    adding: 'up: management',
    closing: 'closing: ',
    stopping: 'closing: management',
  },
  // RFC 6120 §4.9.3.12: what has no right to come ends the stream, and is not delivered.
  stanza: {
    ...everywhere((down) => fails(`${down}writeError not-authorized, `), 'not-allowed'),
    both: `up: deliver ann@${REMOTE}`,
    securing: 'closed: abort, clearTimer, ended not-allowed',
    closing: 'closing: ',
    stopping: 'closing: ',
  },
  spoofed: {
    ...everywhere((down) => fails(`${down}writeError not-authorized, `), 'not-allowed'),
    both: fails('down not-allowed, writeError invalid-from, '),
    securing: 'closed: abort, clearTimer, ended not-allowed',
    closing: 'closing: ',
    stopping: 'closing: ',
  },
  streamError: {
    ...everywhere((down) => fails(down), 'stream-error'),
    securing: 'closed: abort, clearTimer, ended stream-error',
    closing: 'closing: ',
    stopping: 'closing: ',
  },
  carry: {
    connecting: 'connecting: ',
    securing: 'securing: ',
    opening: 'opening: ',
    negotiating: 'negotiating: ',
    clear: 'negotiating: ',
    askingTls: 'askingTls: ',
    authenticating: 'authenticating: ',
    dialling: 'dialling: ',
    verifying: 'dialling: write result',
    up: 'up: ',
    both: 'up: ',
    adding: 'up: ',
    closing: 'closing: ',
    stopping: 'closing: ',
  },
  add: { up: 'up: write result', both: 'up: write result', adding: 'up: ' },
  verify: {
    dialling: 'dialling: write verify',
    verifying: 'verifying: write verify',
    up: 'up: write verify',
    both: 'up: write verify',
    adding: 'up: write verify',
  },
  streamClosed: {
    ...everywhere((down) => fails(down), 'closed-by-peer', 'closed: abort, clearTimer, ended closed-by-peer'),
    closing: 'closing: disconnect',
    stopping: 'closing: disconnect',
  },
  badXml: {
    ...everywhere((down) => fails(`${down}writeError not-well-formed, `), 'bad-xml'),
    securing: 'closed: abort, clearTimer, ended bad-xml',
    closing: 'closing: ',
    stopping: 'closing: ',
  },
  disconnected: {
    ...everywhere((down) => `closed: ${down}clearTimer, ended closed-by-peer`, 'closed-by-peer'),
    securing: 'closed: clearTimer, ended closed-by-peer',
    connecting: 'closed: clearTimer, ended connect-failed',
    closing: 'closed: clearTimer, ended unconfirmed',
    stopping: 'closed: clearTimer, ended stopped',
  },
  broken: {
    ...everywhere((down) => `closed: ${down}clearTimer, ended connection-lost`, 'connection-lost'),
    securing: 'closed: clearTimer, ended connection-lost',
    connecting: 'closed: clearTimer, ended connect-failed',
    closing: 'closed: clearTimer, ended unconfirmed',
    stopping: 'closed: clearTimer, ended stopped',
  },
  timeout: {
    ...everywhere(
      (down) => `closed: abort, ${down}clearTimer, ended negotiation-timeout`,
      'negotiation-timeout',
      'closed: abort, clearTimer, ended negotiation-timeout',
    ),
    connecting: 'closed: abort, clearTimer, ended connect-timeout',
    closing: 'closed: abort, clearTimer, ended unconfirmed',
    stopping: 'closed: abort, clearTimer, ended stopped',
  },
  fault: {
    ...everywhere((down) => fails(`${down}writeError connection-timeout, `), 'unconfirmed'),
    securing: 'closed: abort, clearTimer, ended unconfirmed',
    closing: 'closing: ',
    stopping: 'closing: ',
  },
  stop: {
    ...everywhere((down) => `closing: ${down}writeEnd, setTimer close`, 'stopped'),
    securing: 'closed: abort, clearTimer, ended stopped',
    connecting: 'closed: abort, clearTimer, ended stopped',
    closing: 'closing: ',
    stopping: 'closing: ',
  },
};

function inWords(effect: OutboundEffect): string {
  switch (effect.kind) {
    case 'write':
      return `write ${effect.element.name}`;
    case 'writeError':
      return `writeError ${effect.error.condition}`;
    case 'setTimer':
      return `setTimer ${effect.timer}`;
    case 'down':
    case 'ended':
      return `${effect.kind} ${effect.failure.reason}`;
    case 'pairProved':
      return `pairProved ${effect.local}`;
    case 'pairRefused':
      return `pairRefused ${effect.local} ${effect.condition}`;
    case 'verdict':
      return `verdict ${effect.verdict.kind}`;
    case 'deliver':
      return `deliver ${effect.stanza.attr('from') ?? ''}`;
    default:
      return effect.kind;
  }
}

/** RFC 6120 §4.4: what still comes after our end tag is passed over. */
function lateElement(stateName: StateName, eventName: EventName): string | undefined {
  const closing = states[stateName].kind === 'closing' && events[eventName].kind === 'element';
  return closing ? 'closing: ' : undefined;
}

const stateNames = Object.keys(states).filter((name): name is StateName => Object.hasOwn(states, name));
const eventNames = Object.keys(events).filter((name): name is EventName => Object.hasOwn(events, name));

describe('Outbound stream: every state and event', () => {
  for (const eventName of eventNames) {
    for (const stateName of stateNames) {
      const expected = matrix[eventName][stateName] ?? lateElement(stateName, eventName);
      test(`${stateName} × ${eventName}: ${expected ?? 'unexpected, nothing changes'}`, () => {
        const before = states[stateName];
        const { state, effects } = stepOutbound(before, events[eventName], env());
        const words = effects.map(inWords).join(', ');
        if (expected === undefined) {
          assert.equal(state, before);
          assert.equal(words, 'unexpected');
        } else assert.equal(`${state.kind}: ${words}`, expected);
      });
    }
  }

  test('each start has one end, and each up one down before that end, whatever happens', () => {
    const walk = (state: OutboundState, open: boolean, up: boolean, depth: number): void => {
      assert.equal(open, state.kind !== 'closed');
      assert.equal(up, state.kind === 'up');
      if (depth === 0) return;
      for (const eventName of eventNames) {
        const next = stepOutbound(state, events[eventName], env());
        let isOpen = open || next.state.kind === 'connecting';
        let isUp = up;
        for (const { kind } of next.effects) {
          if (kind === 'up') {
            assert.ok(!isUp && isOpen);
            isUp = true;
          } else if (kind === 'down') {
            assert.ok(isUp);
            isUp = false;
          } else if (kind === 'ended') {
            assert.ok(isOpen && !isUp);
            isOpen = false;
          }
        }
        if (next.state !== state) walk(next.state, isOpen, isUp, depth - 1);
      }
    };
    walk(initialOutbound, false, false, 6);
  });
});

describe('What is negotiated, by certificate, policy and offer', () => {
  const cases: {
    readonly certificate: boolean;
    readonly policy: DialbackPolicy;
    readonly own?: boolean;
    readonly offers: string;
    readonly becomes: string;
    readonly reason?: string;
  }[] = [
    { certificate: true, policy: 'never', offers: EXTERNAL, becomes: 'authenticating' },
    { certificate: true, policy: 'never', offers: DIALBACK, becomes: 'closing', reason: 'not-authenticated' },
    {
      certificate: true,
      policy: 'never',
      own: false,
      offers: EXTERNAL,
      becomes: 'closing',
      reason: 'not-authenticated',
    },
    {
      certificate: false,
      policy: 'never',
      offers: EXTERNAL + DIALBACK,
      becomes: 'closing',
      reason: 'certificate',
    },
    { certificate: true, policy: 'over-tls', offers: EXTERNAL + DIALBACK, becomes: 'authenticating' },
    { certificate: false, policy: 'over-tls', offers: DIALBACK, becomes: 'dialling' },
    { certificate: false, policy: 'over-tls', own: false, offers: EXTERNAL + DIALBACK, becomes: 'dialling' },
  ];
  for (const { certificate, policy, own = true, offers, becomes, reason } of cases) {
    test(`certificate ${certificate}, own ${own}, ${policy}, ${offers.includes('EXTERNAL') ? 'EXTERNAL ' : ''}→ ${becomes} ${reason ?? ''}`, () => {
      const { state } = stepOutbound(
        { ...states.negotiating, certificate },
        features(offers),
        env(policy, own),
      );
      assert.equal(state.kind, becomes);
      if (state.kind === 'closing') assert.equal(state.failure.reason, reason);
    });
  }

  for (const [policy, becomes] of [
    ['never', 'closed'],
    ['over-tls', 'opening'],
  ] as const) {
    for (const [name, state, event] of [
      ['STARTTLS', states.securing, { kind: 'secured', certificate: false }],
      ['XEP-0368', states.connecting, { kind: 'connected', secure: true, certificate: false }],
    ] as const) {
      test(`RFC 6120 §13.7.2: TLS with somebody else, ${name}, dialback ${policy} → ${becomes}`, () => {
        const { state: next, effects } = stepOutbound(state, event, env(policy));
        assert.equal(next.kind, becomes);
        assert.equal(
          effects.some(({ kind }) => kind === 'abort'),
          becomes === 'closed',
        );
      });
    }
  }

  test('XEP-0288 §2: no bidi with a peer that its certificate does not prove', () => {
    const { effects } = stepOutbound(
      { ...states.negotiating, certificate: false },
      features(DIALBACK + BIDI),
      env(),
    );
    assert.deepEqual(effects.map(inWords), ['write result']);
  });

  test('XEP-0288 §2.2, XEP-0220 §2.4: the peer asks for a further domain of its own: told that it needs its own stream', () => {
    const asks = of(`<db:result from='muc.${REMOTE}' to='${LOCAL}'>key</db:result>`);
    const { state, effects } = stepOutbound(states.both, asks, env());
    assert.equal(state, states.both);
    const [effect] = effects;
    assert.ok(effect?.kind === 'write');
    const { element } = effect;
    assert.deepEqual(
      [element.attr('from'), element.attr('to'), element.attr('type')],
      [LOCAL, `muc.${REMOTE}`, 'error'],
    );
    assert.ok(element.child('error')?.child('policy-violation') !== undefined);
    // Without bidi nobody may ask that here.
    assert.deepEqual(stepOutbound(states.up, asks, env()).effects.map(inWords), ['unexpected']);
  });

  test('XEP-0185 example: the key of the stream in the request', () => {
    const { effects } = stepOutbound({ ...states.negotiating, id: 'D60000229F' }, features(DIALBACK), {
      ...env(),
      local: 'example.org',
      remote: 'xmpp.example.com',
    });
    const [effect] = effects;
    assert.ok(effect?.kind === 'write');
    assert.equal(effect.element.text(), '37c69b1cf07a3f67c04a5ef5902fa5114f2c76fe4a2686482ba5b89323075643');
    assert.equal(effect.element.attr('from'), 'example.org');
    assert.equal(effect.element.attr('to'), 'xmpp.example.com');
  });

  test('RFC 6120 §5.4.3.3: what was offered in the clear is forgotten with TLS', () => {
    const clear = stepOutbound(states.clear, features(`<starttls ${TLS}/>${EXTERNAL}`), env()).state;
    const asked = stepOutbound(clear, events.proceed, env()).state;
    const { state } = stepOutbound(asked, events.secured, env());
    assert.ok(state.kind === 'opening');
    assert.deepEqual(state.offers, NO_FEATURES);
    assert.equal(spoken(wire(`<proceed ${TLS}/>`)), 'proceed');
  });
});
