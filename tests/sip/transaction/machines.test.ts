// State by event matrices of the four machines. A cell that is not written is an event that the state does not expect.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import type { Effect, Transition } from '../../../src/sip/transaction/effect.ts';
import type { ClientEvent, Machine, ServerEvent, TimerEvent } from '../../../src/sip/transaction/event.ts';
import { InviteClientMachine } from '../../../src/sip/transaction/invite-client.ts';
import { InviteServerMachine } from '../../../src/sip/transaction/invite-server.ts';
import { NonInviteClientMachine } from '../../../src/sip/transaction/non-invite-client.ts';
import { NonInviteServerMachine } from '../../../src/sip/transaction/non-invite-server.ts';
import {
  DEFAULT_TIMERS,
  nonInviteTrying,
  timerD,
  type TimerName,
} from '../../../src/sip/transaction/timing.ts';

const TIMERS: readonly TimerName[] = [
  'A',
  'B',
  'D',
  'E',
  'F',
  'G',
  'H',
  'I',
  'J',
  'K',
  'L',
  'M',
  '100',
  'expiry',
];
const TIMER_EVENTS = TIMERS.map((name): TimerEvent => `timer ${name}`);
const CLIENT_EVENTS: readonly ClientEvent[] = ['1xx', '2xx', '300-699', 'transport error', ...TIMER_EVENTS];
const SERVER_EVENTS: readonly ServerEvent[] = [
  'request',
  'ack',
  '100 from TU',
  '101-199 from TU',
  '2xx from TU',
  '300-699 from TU',
  '408 from TU',
  'transport error',
  ...TIMER_EVENTS,
];

function effectText(effect: Effect): string {
  if (effect.kind === 'setTimer') return `set ${effect.timer} ${effect.ms}`;
  if (effect.kind === 'clearTimer') return `clear ${effect.timer}`;
  return `${effect.kind} ${effect.kind === 'inform' ? effect.reason : effect.what}`;
}

function text<S extends { readonly name: string }>(
  transition: Transition<S> | undefined,
): string | undefined {
  if (transition === undefined) return undefined;
  const effects = transition.effects.map(effectText).toSorted().join(', ');
  return effects === '' ? transition.state.name : `${transition.state.name}: ${effects}`;
}

/** "State: effects", effects in alphabetical order. */
type Matrix<E extends string> = Readonly<Record<string, Partial<Record<E, string>>>>;

function check<S extends { readonly name: string }, E extends string>(
  machine: Machine<S, E>,
  states: Readonly<Record<string, S>>,
  events: readonly E[],
  matrix: Matrix<E>,
): void {
  assert.deepEqual(Object.keys(states), Object.keys(matrix));
  for (const [name, state] of Object.entries(states)) {
    for (const event of events) {
      assert.equal(text(machine.step(state, event)), matrix[name]?.[event], `${name} × ${event}`);
    }
  }
}

describe('RFC 3261 §17.1.2.2: non-INVITE client', () => {
  const states = {
    'Trying, E = 500': { name: 'Trying', timerE: 500 },
    'Trying, E = 4000': { name: 'Trying', timerE: 4000 },
    Proceeding: { name: 'Proceeding' },
    Completed: { name: 'Completed' },
    Terminated: { name: 'Terminated' },
  } as const;
  const final = 'Completed: clear E, deliver response, set K 5000';
  const waiting = {
    '1xx': 'Proceeding: deliver response',
    '2xx': final,
    '300-699': final,
    'timer F': 'Terminated: inform timeout',
    'transport error': 'Terminated: inform transport',
  };
  const matrix: Matrix<ClientEvent> = {
    'Trying, E = 500': { ...waiting, 'timer E': 'Trying: send request, set E 1000' },
    'Trying, E = 4000': { ...waiting, 'timer E': 'Trying: send request, set E 4000' },
    Proceeding: { ...waiting, 'timer E': 'Proceeding: send request, set E 4000' },
    Completed: {
      '1xx': 'Completed',
      '2xx': 'Completed',
      '300-699': 'Completed',
      'transport error': 'Completed',
      'timer K': 'Terminated',
    },
    Terminated: {},
  };

  test('every state × event over UDP', () => {
    check(new NonInviteClientMachine(DEFAULT_TIMERS, false), states, CLIENT_EVENTS, matrix);
  });

  test('start: E = T1 only over unreliable transports, F = 64*T1', () => {
    const udp = new NonInviteClientMachine(DEFAULT_TIMERS, false).start;
    const tcp = new NonInviteClientMachine(DEFAULT_TIMERS, true).start;
    assert.equal(text(udp), 'Trying: send request, set E 500, set F 32000');
    assert.equal(text(tcp), 'Trying: send request, set F 32000');
  });

  test('K is zero over reliable transports', () => {
    const machine = new NonInviteClientMachine(DEFAULT_TIMERS, true);
    assert.equal(
      text(machine.step(states.Proceeding, '2xx')),
      'Completed: clear E, deliver response, set K 0',
    );
  });

  test('E doubles up to T2: sent again after 0.5, 1.5, 3.5, 7.5, 11.5 s', () => {
    const machine = new NonInviteClientMachine(DEFAULT_TIMERS, false);
    const times: number[] = [];
    let now = 500;
    let { state } = machine.start;
    for (let i = 0; i < 5; i++) {
      times.push(now);
      const next = machine.step(state, 'timer E');
      assert.ok(next !== undefined);
      const set = next.effects.find((effect) => effect.kind === 'setTimer');
      assert.ok(set?.kind === 'setTimer');
      now += set.ms;
      state = next.state;
    }
    assert.deepEqual(times, [500, 1500, 3500, 7500, 11_500]);
  });

  test('the ordinary transitions are shared, not made anew', () => {
    const machine = new NonInviteClientMachine(DEFAULT_TIMERS, false);
    const { state } = machine.start;
    assert.equal(machine.step(state, '2xx'), machine.step(state, '2xx'));
    assert.equal(machine.step(state, '1xx'), machine.step(state, '1xx'));
  });
});

describe('RFC 3261 §17.1.1.2, RFC 6026 §8.4: INVITE client', () => {
  const states = {
    Calling: { name: 'Calling', timerA: 500 },
    Proceeding: { name: 'Proceeding' },
    Completed: { name: 'Completed' },
    Accepted: { name: 'Accepted' },
    Terminated: { name: 'Terminated' },
  } as const;
  const answers = {
    '2xx': 'Accepted: clear A, deliver response, set M 32000',
    '300-699': 'Completed: clear A, deliver response, send ack, set D 32000',
  };
  const matrix: Matrix<ClientEvent> = {
    Calling: {
      ...answers,
      '1xx': 'Proceeding: clear A, clear B, deliver response',
      'timer A': 'Calling: send request, set A 1000',
      'timer B': 'Terminated: inform timeout',
      'transport error': 'Terminated: inform transport',
    },
    Proceeding: {
      ...answers,
      '1xx': 'Proceeding: deliver response',
      'transport error': 'Proceeding',
      'timer B': 'Terminated: inform timeout',
    },
    Completed: {
      '1xx': 'Completed',
      '2xx': 'Completed',
      '300-699': 'Completed: send ack',
      'transport error': 'Terminated: inform transport',
      'timer D': 'Terminated',
    },
    Accepted: {
      '1xx': 'Accepted',
      '2xx': 'Accepted: deliver response',
      '300-699': 'Accepted',
      'transport error': 'Accepted',
      'timer M': 'Terminated',
    },
    Terminated: {},
  };

  test('every state × event over UDP', () => {
    check(new InviteClientMachine(DEFAULT_TIMERS, false), states, CLIENT_EVENTS, matrix);
  });

  test('start, and D, by transport', () => {
    const udp = new InviteClientMachine(DEFAULT_TIMERS, false);
    const tcp = new InviteClientMachine(DEFAULT_TIMERS, true);
    assert.equal(text(udp.start), 'Calling: send request, set A 500, set B 32000');
    assert.equal(text(tcp.start), 'Calling: send request, set B 32000');
    assert.match(text(tcp.step(states.Calling, '300-699')) ?? '', /set D 0/);
  });

  test('A doubles without a cap', () => {
    const machine = new InviteClientMachine(DEFAULT_TIMERS, false);
    assert.equal(
      text(machine.step({ name: 'Calling', timerA: 8000 }, 'timer A')),
      'Calling: send request, set A 16000',
    );
  });

  test('D is at least 32 s whatever T1 is', () => {
    assert.equal(timerD({ ...DEFAULT_TIMERS, t1Ms: 100 }, false), 32_000);
    assert.equal(timerD({ ...DEFAULT_TIMERS, t1Ms: 1000 }, false), 64_000);
  });
});

describe('RFC 3261 §17.2.2, RFC 4320: non-INVITE server', () => {
  const states = {
    Trying: { name: 'Trying' },
    Proceeding: { name: 'Proceeding' },
    'Completed, answered': { name: 'Completed', answered: true },
    'Completed, silent': { name: 'Completed', answered: false },
    Terminated: { name: 'Terminated' },
  } as const;
  const open = {
    '2xx from TU': 'Completed: send newResponse, set J 32000',
    '300-699 from TU': 'Completed: send newResponse, set J 32000',
    '408 from TU': 'Completed: set J 32000',
    'timer expiry': 'Completed: inform timeout, set J 32000',
  };
  const discarded = {
    '2xx from TU': 'Completed',
    '300-699 from TU': 'Completed',
    '408 from TU': 'Completed',
    'timer J': 'Terminated',
  };
  const matrix: Matrix<ServerEvent> = {
    Trying: {
      ...open,
      request: 'Trying',
      '100 from TU': 'Trying',
      '101-199 from TU': 'Trying',
      'timer 100': 'Proceeding: send trying, set expiry 28500',
    },
    Proceeding: {
      ...open,
      request: 'Proceeding: send lastResponse',
      '100 from TU': 'Proceeding: send lastResponse',
      '101-199 from TU': 'Proceeding',
      'transport error': 'Proceeding: inform transport',
    },
    'Completed, answered': {
      ...discarded,
      request: 'Completed: send lastResponse',
      'transport error': 'Completed: inform transport',
    },
    'Completed, silent': { ...discarded, request: 'Completed', 'transport error': 'Completed' },
    Terminated: {},
  };

  test('every state × event over UDP', () => {
    check(new NonInviteServerMachine(DEFAULT_TIMERS, false), states, SERVER_EVENTS, matrix);
  });

  test('RFC 4320 §4.1: over a reliable transport 100 may be sent at any time; J is zero there', () => {
    const machine = new NonInviteServerMachine(DEFAULT_TIMERS, true);
    assert.equal(
      text(machine.step(states.Trying, '100 from TU')),
      'Proceeding: send trying, set expiry 28500',
    );
    assert.equal(text(machine.step(states.Trying, '2xx from TU')), 'Completed: send newResponse, set J 0');
  });

  test('RFC 4320 §4.1: 100 "if it has not otherwise responded after the amount of time it takes … to be reset to T2"', () => {
    assert.equal(nonInviteTrying(DEFAULT_TIMERS), 3500);
    assert.equal(nonInviteTrying({ t1Ms: 1000, t2Ms: 4000, t4Ms: 5000 }), 3000);
    assert.equal(nonInviteTrying({ t1Ms: 700, t2Ms: 4000, t4Ms: 5000 }), 4900);
    assert.equal(nonInviteTrying({ t1Ms: 4000, t2Ms: 4000, t4Ms: 5000 }), 4000);
    assert.equal(
      text(new NonInviteServerMachine(DEFAULT_TIMERS, false).start),
      'Trying: deliver request, set 100 3500',
    );
  });

  test('RFC 4320 §4.2: never 408, and a second final response is discarded', () => {
    const machine = new NonInviteServerMachine(DEFAULT_TIMERS, false);
    const silent = machine.step(states.Trying, '408 from TU');
    assert.deepEqual(silent?.state, states['Completed, silent']);
    assert.deepEqual(machine.step(states.Trying, '2xx from TU')?.state, states['Completed, answered']);
  });
});

describe('RFC 3261 §17.2.1, RFC 6026 §8.7: INVITE server', () => {
  const states = {
    'Proceeding, unanswered': { name: 'Proceeding', answered: false },
    'Proceeding, answered': { name: 'Proceeding', answered: true },
    'Completed, G = 500': { name: 'Completed', timerG: 500 },
    'Completed, G = 4000': { name: 'Completed', timerG: 4000 },
    Confirmed: { name: 'Confirmed' },
    Accepted: { name: 'Accepted' },
    Terminated: { name: 'Terminated' },
  } as const;
  const refused = 'Completed: send newResponse, set G 500, set H 32000';
  const responses = {
    '100 from TU': 'Proceeding: clear 100, send newResponse',
    '101-199 from TU': 'Proceeding: clear 100, send newResponse',
    '2xx from TU': 'Accepted: send newResponse, set L 32000',
    '300-699 from TU': refused,
    '408 from TU': refused,
  };
  const completed = {
    request: 'Completed: send lastResponse',
    ack: 'Confirmed: clear G, set I 5000',
    'timer H': 'Terminated: inform timeout',
    'transport error': 'Completed: inform transport',
  };
  const matrix: Matrix<ServerEvent> = {
    'Proceeding, unanswered': {
      ...responses,
      request: 'Proceeding',
      'timer 100': 'Proceeding: send trying',
    },
    'Proceeding, answered': {
      ...responses,
      request: 'Proceeding: send lastResponse',
      'transport error': 'Proceeding: inform transport',
    },
    'Completed, G = 500': { ...completed, 'timer G': 'Completed: send lastResponse, set G 1000' },
    'Completed, G = 4000': { ...completed, 'timer G': 'Completed: send lastResponse, set G 4000' },
    Confirmed: {
      request: 'Confirmed',
      ack: 'Confirmed',
      'transport error': 'Confirmed',
      'timer I': 'Terminated',
    },
    Accepted: {
      request: 'Accepted',
      ack: 'Accepted: deliver ack',
      '2xx from TU': 'Accepted: send newResponse',
      'transport error': 'Accepted: inform transport',
      'timer L': 'Terminated',
    },
    Terminated: {},
  };

  test('every state × event over UDP', () => {
    check(new InviteServerMachine(DEFAULT_TIMERS, false), states, SERVER_EVENTS, matrix);
  });

  test('over reliable transports: no G, I is zero; L and H run all the same', () => {
    const machine = new InviteServerMachine(DEFAULT_TIMERS, true);
    const proceeding = states['Proceeding, answered'];
    assert.equal(
      text(machine.step(proceeding, '300-699 from TU')),
      'Completed: send newResponse, set H 32000',
    );
    assert.equal(text(machine.step(proceeding, '2xx from TU')), 'Accepted: send newResponse, set L 32000');
    assert.equal(text(machine.step(states['Completed, G = 500'], 'ack')), 'Confirmed: clear G, set I 0');
  });

  test('start: to TU, and 100 after 200 ms without an answer', () => {
    assert.equal(
      text(new InviteServerMachine(DEFAULT_TIMERS, false).start),
      'Proceeding: deliver request, set 100 200',
    );
  });
});
