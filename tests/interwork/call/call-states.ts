// Machine K alone, in each of its states, by the events that lead there; and its effects as words.

import assert from 'node:assert/strict';
import {
  beginCall,
  stepCall,
  type CallDirection,
  type CallEffect,
  type CallEvent,
  type CallState,
} from '../../../src/interwork/call/index.ts';
import type { Content, Jingle, JingleAction } from '../../../src/xmpp/index.ts';
import { contentOf, DESK, SID, sdpOf } from './call-play.ts';

export const ORIGIN = {
  ...{ username: '-', sessionId: '1', sessionVersion: '1' },
  ...{ netType: 'IN', addrType: 'IP4', address: '198.51.100.1' },
};

export function jingle(
  action: JingleAction,
  contents: readonly Content[] = [],
  more: Partial<Jingle> = {},
): CallEvent {
  const whole: Jingle = { action, sid: SID, contents, groups: [], infos: [], ...more };
  return { kind: 'session', report: { kind: 'action', jingle: whole } };
}

export const info = (kind: 'ringing' | 'hold' | 'unhold' | 'active' | 'mute'): CallEvent => ({
  ...{ kind: 'session', report: { kind: 'info', info: { kind } } },
});

export const INVITED: CallEvent & { kind: 'invited' } = {
  kind: 'invited',
  description: sdpOf(['audio']),
  trickle: false,
};
export const PROCEED: CallEvent = { kind: 'initiation', report: { kind: 'proceed', device: DESK } };
export const ACCEPT = jingle('session-accept', [contentOf('0', 'initiator')]);
export const ACCEPT_BARE = jingle('session-accept', [
  contentOf('0', 'initiator', 'audio', { candidates: false }),
]);
export const PROPOSED: CallEvent = {
  ...{ kind: 'initiation', report: { kind: 'proposed', descriptions: [], device: DESK } },
};
export const OFFERED = contentOf('voice', 'initiator', 'audio', { setup: 'actpass' });
export const INITIATE = jingle('session-initiate', [OFFERED]);
export const INITIATE_BARE = jingle('session-initiate', [
  contentOf('voice', 'initiator', 'audio', { setup: 'actpass', candidates: false }),
]);
export const ANSWERED: CallEvent & { kind: 'answered' } = {
  ...{ kind: 'answered', tag: 'a', description: sdpOf(['audio'], { setup: 'active' }), trickle: false },
};

/** The ways to the states. `calling` and the like of the other direction are under their own names. */
export const WAYS = {
  proposing: ['toXmpp', INVITED],
  initiating: ['toXmpp', INVITED, PROCEED],
  answering: ['toXmpp', INVITED, PROCEED, ACCEPT_BARE],
  up: ['toXmpp', INVITED, PROCEED, ACCEPT],
  proposed: ['toSip', PROPOSED],
  gathering: ['toSip', PROPOSED, INITIATE_BARE],
  calling: ['toSip', PROPOSED, INITIATE],
  upToSip: ['toSip', PROPOSED, INITIATE, ANSWERED],
  ended: ['toXmpp', INVITED, PROCEED, { kind: 'shutDown' }],
} as const satisfies Record<string, readonly [CallDirection, ...CallEvent[]]>;
export type Way = keyof typeof WAYS;

const IN_ORDER = new Map<string, readonly [CallDirection, ...CallEvent[]]>(Object.entries(WAYS));

/** A call that is told what happens. */
export class Call {
  state: CallState;

  constructor(direction: CallDirection, trickle = false) {
    this.state = beginCall({ direction, origin: ORIGIN, trickle });
  }

  step(event: CallEvent): readonly CallEffect[] {
    const { state, effects, expected } = stepCall(this.state, event);
    if (!expected) {
      assert.equal(state, this.state, 'what is not expected changes nothing');
      assert.equal(effects.length, 0);
    }
    this.state = state;
    return effects;
  }

  steps(...events: readonly CallEvent[]): readonly CallEffect[] {
    return events.flatMap((event) => this.step(event));
  }
}

/** `way`: one of `WAYS`. */
export function callIn(way: string, trickle = false): Call {
  const [direction, ...events] = IN_ORDER.get(way) ?? assert.fail(way);
  const call = new Call(direction, trickle);
  call.steps(...events);
  assert.equal(call.state.phase, way === 'upToSip' ? 'up' : way);
  return call;
}

/** Each effect as a few words. */
export function words(effects: readonly CallEffect[]): readonly string[] {
  return effects.map((effect) => {
    switch (effect.kind) {
      case 'progress':
        return `progress ${effect.status}`;
      case 'endSip':
        return `endSip ${effect.status}${effect.cause === undefined ? '' : ` cause ${effect.cause}`}`;
      case 'answer':
        return `answer ${effect.status}`;
      case 'initiation':
        return effect.event.kind === 'leave' ? `leave ${effect.event.reason.condition}` : effect.event.kind;
      case 'session': {
        const { action, reason, infos = [] } = effect.action;
        const said = reason?.condition ?? infos[0]?.name;
        return said === undefined ? action : `${action} ${said}`;
      }
      case 'startTimer':
        return `start ${effect.timer} ${effect.ms}`;
      case 'stopTimer':
        return `stop ${effect.timer}`;
      case 'outcome':
        return `= ${Object.values(effect.outcome).join(' ')}`;
      default:
        return effect.kind;
    }
  });
}
