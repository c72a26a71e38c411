// One proposed call as data (XEP-0353 0.8; rows CALL-90 to CALL-101), from our side: we proposed it, or it was proposed to us.
//
//   idle ──propose──▶ proposed ──ringing──▶ ringing ──proceed──▶ proceeded ──session-initiate──▶ running
//                        │                     │                    │                              │
//                        └──────────┬──────────┴────────────────────┴──────────────┬───────────────┘
//                                   ▼  reject, retract, silence, a proposal        ▼  finish; migrated
//                                 ended  that crosses                            ended
//
// Several devices of the other party hear a proposal. The first that proceeds has the call. The others hear of it from their
// own server (carbons), and nothing is said to them: what is sent to one device is copied to all, and would end the call of
// the one that took it.

import { overrules } from './tie-break.ts';
import type { Initiation } from './initiation.ts';
import {
  DEFAULT_INITIATION_LIMITS,
  type InitiationEffect,
  type InitiationEnd,
  type InitiationEvent,
  type InitiationLimits,
  type InitiationPhase,
  type InitiationRole,
  type InitiationState,
  type InitiationTransition,
} from './initiation-types.ts';

/** A call before its propose. `peer`: bare JID; whatever does not come from there is not of this call. */
export function initialInitiation(
  parts: Pick<InitiationState, 'role' | 'id' | 'self' | 'peer' | 'only'>,
  limits: InitiationLimits = DEFAULT_INITIATION_LIMITS,
): InitiationState {
  const { role, id, self, peer, only } = parts;
  return { phase: 'idle', role, id, self, peer, ...(only === undefined ? {} : { only }), limits };
}

/** An event by name; what was received has that of its element. */
type EventName = Exclude<InitiationEvent['kind'], 'received'> | `received ${Initiation['kind']}`;

type Handler = (state: InitiationState, event: InitiationEvent) => InitiationTransition;
type Row = Partial<Readonly<Record<EventName, Handler>>>;

const NO_EFFECTS: readonly InitiationEffect[] = [];
const EXPIRED = { condition: 'expired' } as const;
const TIE_BREAK = { reason: { condition: 'expired', text: 'Tie-Break' }, tieBreak: true } as const;

/** An event that belongs to the state and changes nothing. */
const same: Handler = (state) => ({ state, effects: NO_EFFECTS, expected: true });
const unexpected: Handler = (state) => ({ state, effects: NO_EFFECTS, expected: false });

/** While a timer runs: a proposer waits for a device, a proposee for the session that was promised. */
function isTimed({ role, phase }: InitiationState): boolean {
  return role === 'proposer' ? phase === 'proposed' || phase === 'ringing' : phase === 'proceeded';
}

function go(
  state: InitiationState,
  phase: InitiationPhase,
  ...effects: readonly InitiationEffect[]
): InitiationTransition {
  const next = { ...state, phase };
  const stops: readonly InitiationEffect[] =
    isTimed(state) && !isTimed(next) ? [{ kind: 'stopTimer' }] : NO_EFFECTS;
  return { state: next, effects: [...stops, ...effects], expected: true };
}

function end(
  state: InitiationState,
  how: InitiationEnd,
  ...effects: readonly InitiationEffect[]
): InitiationTransition {
  return go(state, 'ended', ...effects, { kind: 'end', end: how });
}

function toAll(state: InitiationState, initiation: Initiation): InitiationEffect {
  return { kind: 'send', to: state.only ?? state.peer, initiation };
}

function toDevice(state: InitiationState, initiation: Initiation): InitiationEffect {
  return { kind: 'send', to: state.device ?? state.peer, initiation };
}

const propose: Handler = (state, event) => {
  if (event.kind !== 'propose' || event.descriptions.length === 0) return unexpected(state, event);
  const { id, limits } = state;
  const { descriptions } = event;
  return go(state, 'proposed', toAll(state, { kind: 'propose', id, descriptions }), {
    kind: 'startTimer',
    ms: limits.answerMs,
  });
};

const proposed: Handler = (state, event) => {
  if (event.kind !== 'received' || event.initiation.kind !== 'propose') return unexpected(state, event);
  // "to the full JID of the initiator": there has to be one.
  if (event.from === state.peer) return unexpected(state, event);
  const { descriptions } = event.initiation;
  const report = { kind: 'proposed', descriptions, device: event.from } as const;
  return go({ ...state, device: event.from }, 'proposed', { kind: 'report', report });
};

const rings: Handler = (state) => go(state, 'ringing', { kind: 'report', report: { kind: 'ringing' } });

const ring: Handler = (state) => go(state, 'ringing', toDevice(state, { kind: 'ringing', id: state.id }));

/** CALL-92: this device gets the session-initiate. */
const taken: Handler = (state, event) => {
  if (event.kind !== 'received' || event.from === state.peer) return unexpected(state, event);
  const report = { kind: 'proceed', device: event.from } as const;
  return go({ ...state, device: event.from }, 'proceeded', { kind: 'report', report });
};

const proceed: Handler = (state) =>
  go(state, 'proceeded', toDevice(state, { kind: 'proceed', id: state.id }), {
    kind: 'startTimer',
    ms: state.limits.initiateMs,
  });

const begun: Handler = (state) => go(state, 'running');

const ended: Handler = (state, event) => {
  if (event.kind !== 'received') return unexpected(state, event);
  const { initiation } = event;
  switch (initiation.kind) {
    case 'reject':
    case 'retract': {
      if (initiation.tieBreak) return end(state, { cause: 'overruled' });
      const cause = initiation.kind === 'reject' ? 'rejected' : 'retracted';
      return end(state, { cause, reason: initiation.reason });
    }
    case 'finish': {
      const { reason, migratedTo } = initiation;
      const how = { cause: 'finished', reason, migratedTo } as const;
      // "Finishing": "both parties SHOULD send" it.
      if (state.phase !== 'running') return end(state, how);
      return end(
        state,
        how,
        toDevice(state, { kind: 'finish', id: state.id, reason: { condition: 'success' } }),
      );
    }
    default:
      return unexpected(state, event);
  }
};

/** Only the device that took the call can give it back. */
const givenBack: Handler = (state, event) =>
  event.kind === 'received' && event.from === state.device ? ended(state, event) : same(state, event);

/** CALL-94, and after a proceed for which no session-initiate went out: it may have crossed our decision. */
const retract: Handler = (state, event) => {
  if (event.kind !== 'leave') return unexpected(state, event);
  const { reason } = event;
  const message = toAll(state, { kind: 'retract', id: state.id, reason, tieBreak: false });
  return end(state, { cause: 'left', reason }, message);
};

const reject: Handler = (state, event) => {
  if (event.kind !== 'leave') return unexpected(state, event);
  const { reason } = event;
  const message = toDevice(state, { kind: 'reject', id: state.id, reason, tieBreak: false });
  return end(state, { cause: 'left', reason }, message);
};

/** CALL-99. */
const finish: Handler = (state, event) => {
  if (event.kind !== 'leave') return unexpected(state, event);
  const { reason } = event;
  return end(state, { cause: 'left', reason }, toDevice(state, { kind: 'finish', id: state.id, reason }));
};

/** CALL-95. The reason is the one that a retract SHOULD have. */
const nobodyTookIt: Handler = (state) => {
  const reason = { condition: 'cancel' } as const;
  return end(
    state,
    { cause: 'unanswered' },
    toAll(state, { kind: 'retract', id: state.id, reason, tieBreak: false }),
  );
};

const neverBegan: Handler = (state) =>
  end(
    state,
    { cause: 'unanswered' },
    toDevice(state, { kind: 'reject', id: state.id, reason: EXPIRED, tieBreak: false }),
  );

/** CALL-96. */
const proposeFailed: Handler = (state, event) => failedAbout('propose', state, event);
const proceedFailed: Handler = (state, event) => failedAbout('proceed', state, event);

function failedAbout(
  about: Initiation['kind'],
  state: InitiationState,
  event: InitiationEvent,
): InitiationTransition {
  if (event.kind !== 'error' || event.about !== about) return same(state, event);
  return end(state, { cause: 'failed', error: event.error });
}

/** CALL-100; "No existing session": the lower id is the one. */
const crossed: Handler = (state, event) => {
  if (event.kind !== 'crossed') return unexpected(state, event);
  const ours = { sid: state.id, jid: state.self };
  if (overrules(ours, { sid: event.id, jid: event.from })) {
    const rejection: Initiation = { kind: 'reject', id: event.id, ...TIE_BREAK };
    return go(state, state.phase, { kind: 'send', to: event.from, initiation: rejection });
  }
  return end(state, { cause: 'overruled' }, toAll(state, { kind: 'retract', id: state.id, ...TIE_BREAK }));
};

/** "Existing session": the new one "is a transparent continuation of the old one". */
const migrates: Handler = (state, event) => {
  if (event.kind !== 'crossed') return unexpected(state, event);
  const message: Initiation = {
    ...{ kind: 'finish', id: state.id, migratedTo: event.id },
    reason: { condition: 'expired', text: 'Session migrated' },
  };
  return end(state, { cause: 'migrated', to: event.id }, toDevice(state, message));
};

const RUNNING: Row = {
  leave: finish,
  crossed: migrates,
  error: same,
  'received propose': same,
  'received ringing': same,
  'received proceed': same,
  // How the session ends is said in the session; a decision that crossed its beginning may be in no session.
  'received reject': givenBack,
  'received retract': same,
  'received finish': ended,
};

/** What comes late. */
const OVER: Row = {
  error: same,
  'received propose': same,
  'received ringing': same,
  'received proceed': same,
  'received reject': same,
  'received retract': same,
  'received finish': same,
};

const WAITING: Row = {
  leave: retract,
  timer: nobodyTookIt,
  crossed,
  'received proceed': taken,
  // By one device for all of them: its server tells the others.
  'received reject': ended,
  'received finish': ended,
};

const ASKED: Row = {
  proceed,
  begun,
  leave: reject,
  error: same,
  'received propose': same,
  'received retract': ended,
  'received finish': ended,
};

const TABLE: Readonly<Record<InitiationRole, Readonly<Record<InitiationPhase, Row>>>> = {
  proposer: {
    idle: { propose },
    proposed: { ...WAITING, error: proposeFailed, 'received ringing': rings },
    // A device has it: what came back is of another one.
    ringing: { ...WAITING, error: same, 'received ringing': same },
    proceeded: {
      begun,
      leave: retract,
      crossed: migrates,
      error: same,
      'received ringing': same,
      // "later proceeds ignored".
      'received proceed': same,
      'received reject': givenBack,
      'received finish': ended,
    },
    running: RUNNING,
    ended: OVER,
  },
  proposee: {
    idle: { 'received propose': proposed },
    proposed: { ...ASKED, ring },
    ringing: { ...ASKED, ring: same },
    proceeded: {
      begun,
      leave: reject,
      timer: neverBegan,
      crossed: migrates,
      error: proceedFailed,
      'received propose': same,
      'received retract': ended,
      'received finish': ended,
    },
    running: RUNNING,
    ended: OVER,
  },
};

/** Pure. An event that its state does not expect keeps the state, without effects, and says so. */
export function stepInitiation(state: InitiationState, event: InitiationEvent): InitiationTransition {
  if (!isOfThisCall(state, event)) return unexpected(state, event);
  if (event.kind === 'received' && state.only !== undefined && event.from !== state.only) {
    return ofAnother(state, event);
  }
  const name: EventName = event.kind === 'received' ? `received ${event.initiation.kind}` : event.kind;
  const handler = TABLE[state.role][state.phase][name] ?? unexpected;
  return handler(state, event);
}

/**
 * The call is for one device (a GRUU, ADDR-11), and its server gave it to the others, as it does with what is for nobody that is
 * there (RFC 6121 §8.5.3.2.1): what they say decides nothing, and whoever takes it hears that he has it not.
 */
function ofAnother(
  state: InitiationState,
  { from, initiation }: InitiationEvent & { kind: 'received' },
): InitiationTransition {
  if (initiation.kind !== 'proceed' || state.phase === 'idle') {
    return { state, effects: NO_EFFECTS, expected: state.phase !== 'idle' };
  }
  const reason = { condition: 'cancel' } as const;
  const message: Initiation = { kind: 'retract', id: state.id, reason, tieBreak: false };
  return go(state, state.phase, { kind: 'send', to: from, initiation: message });
}

function isOfThisCall({ id, peer }: InitiationState, event: InitiationEvent): boolean {
  if (event.kind !== 'received' && event.kind !== 'crossed') return true;
  const isPeer = event.from === peer || event.from.startsWith(`${peer}/`);
  return isPeer && (event.kind === 'received' ? event.initiation.id === id : event.id !== id);
}
