// A proposed call in each of its phases, and all that can happen to it.

import assert from 'node:assert/strict';
import {
  initialInitiation,
  stanzaError,
  stepInitiation,
  type Initiation,
  type InitiationEvent,
  type InitiationKind,
  type InitiationPhase,
  type InitiationRole,
  type InitiationState,
} from '../../../src/xmpp/index.ts';
import { parse } from './session-play.ts';

export const ID = 'ca3cf894-5325-482f-a412-a6e9f832298d';
export const LOWER = '989a46a6-f202-4910-a7c3-83c6ba3f3947';
export const HIGHER = 'fecbea35-08d3-404f-9ec7-2b57c566fa74';
export const ROMEO = 'romeo@montague.example/orchard';
export const JULIET = 'juliet@capulet.example';
export const PHONE = `${JULIET}/phone`;
export const TABLET = `${JULIET}/tablet`;
export const AUDIO = parse("<description xmlns='urn:xmpp:jingle:apps:rtp:1' media='audio'/>");
export const BUSY = { condition: 'busy' } as const;
export const ERROR = stanzaError('service-unavailable');

export const MESSAGES: Record<InitiationKind, Initiation> = {
  propose: { kind: 'propose', id: ID, descriptions: [AUDIO] },
  ringing: { kind: 'ringing', id: ID },
  proceed: { kind: 'proceed', id: ID },
  reject: { kind: 'reject', id: ID, reason: BUSY, tieBreak: false },
  retract: { kind: 'retract', id: ID, reason: { condition: 'cancel' }, tieBreak: false },
  finish: { kind: 'finish', id: ID, reason: { condition: 'success' } },
};

export const got = (kind: InitiationKind, from = PHONE): InitiationEvent => ({
  ...{ kind: 'received', from, initiation: MESSAGES[kind] },
});

export const EVENTS = {
  propose: { kind: 'propose', descriptions: [AUDIO] },
  ring: { kind: 'ring' },
  proceed: { kind: 'proceed' },
  begun: { kind: 'begun' },
  leave: { kind: 'leave', reason: BUSY },
  timer: { kind: 'timer' },
  lowerCrosses: { kind: 'crossed', from: PHONE, id: LOWER },
  higherCrosses: { kind: 'crossed', from: PHONE, id: HIGHER },
  proposeBounced: { kind: 'error', about: 'propose', error: ERROR },
  proceedBounced: { kind: 'error', about: 'proceed', error: ERROR },
  finishBounced: { kind: 'error', about: 'finish', error: ERROR },
  gotPropose: got('propose'),
  gotRinging: got('ringing'),
  gotProceed: got('proceed'),
  gotReject: got('reject'),
  gotRetract: got('retract'),
  gotFinish: got('finish'),
  otherProceeds: got('proceed', TABLET),
  otherRejects: got('reject', TABLET),
} as const satisfies Record<string, InitiationEvent>;
export type Name = keyof typeof EVENTS;

/** The way to each phase. */
export const WAYS: Record<InitiationRole, Record<InitiationPhase, readonly Name[]>> = {
  proposer: {
    idle: [],
    proposed: ['propose'],
    ringing: ['propose', 'gotRinging'],
    proceeded: ['propose', 'gotRinging', 'gotProceed'],
    running: ['propose', 'gotProceed', 'begun'],
    ended: ['propose', 'gotReject'],
  },
  proposee: {
    idle: [],
    proposed: ['gotPropose'],
    ringing: ['gotPropose', 'ring'],
    proceeded: ['gotPropose', 'ring', 'proceed'],
    running: ['gotPropose', 'proceed', 'begun'],
    ended: ['gotPropose', 'gotRetract'],
  },
};
export const ROLES = ['proposer', 'proposee'] as const;
export const PHASES = ['idle', 'proposed', 'ringing', 'proceeded', 'running', 'ended'] as const;

export function inPhase(role: InitiationRole, phase: InitiationPhase): InitiationState {
  let state = initialInitiation({ role, id: ID, self: ROMEO, peer: JULIET });
  for (const name of WAYS[role][phase]) state = stepInitiation(state, EVENTS[name]).state;
  assert.equal(state.phase, phase);
  return state;
}
