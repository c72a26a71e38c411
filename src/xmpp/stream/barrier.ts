// The acknowledgement barrier of a link without XEP-0198 (docs/architecture.md, "Acknowledgement"), as data.
//
// A ping from the component's domain to itself goes through the server and comes back; servers handle a component's
// stanzas in order, so whatever was written before it is held by the server. One barrier is in flight at a time and
// serves everything written before it; what is written meanwhile waits for the next. A ping is confirmed by any return
// with its id: as the looped get, as a result, or as an error.
//
// What "held" means: an error for a local address comes before the barrier, one of a remote server after it. jabberd2's
// router returns the ping itself, so there the session managers behind it have their say before this machine hears of
// the return (session-managers.ts).
//
// The looped get is not answered. We are its sender and have learnt what we wanted; a result would cross the server
// once more and tell nobody anything.

export interface BarrierState {
  /** Number of the last ping made. */
  readonly counter: number;
  /** Last stanza written, and last of those written that want confirmation. */
  readonly written: number;
  readonly wanted: number;
  /** Everything up to here is confirmed, or was written on an earlier stream and never will be. */
  readonly settled: number;
  readonly inFlight: { readonly covers: number; readonly purpose: BarrierPurpose } | undefined;
}

/** `confirm`: stanzas wait for it; `probe`: only asks whether the peer is alive. */
export type BarrierPurpose = 'confirm' | 'probe';

export type BarrierEvent =
  /** A stream came up; `seq` is the last number given out. What an earlier stream left unconfirmed stays so for ever. */
  | { readonly kind: 'up'; readonly seq: number }
  /**
   * A write goes out now: its last stanza, and the last in it that wants confirmation (or those of the write before).
   * A ping of this step belongs at the end of the same write.
   */
  | { readonly kind: 'write'; readonly seq: number; readonly wanted: number }
  /** Nothing was heard for long. */
  | { readonly kind: 'idle' }
  /** The ping of this number came back. */
  | { readonly kind: 'returned'; readonly counter: number }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'down' };

export type BarrierEffect =
  | { readonly kind: 'ping'; readonly counter: number }
  /** Replaces the barrier's timer. */
  | { readonly kind: 'setTimer'; readonly purpose: BarrierPurpose }
  | { readonly kind: 'clearTimer' }
  | { readonly kind: 'confirmed'; readonly seq: number }
  /** Write what is pending now: more waits for the next barrier. */
  | { readonly kind: 'flush' }
  /** No return in time: the link is down. */
  | { readonly kind: 'lost'; readonly purpose: BarrierPurpose };

export interface BarrierTransition {
  readonly state: BarrierState;
  readonly effects: readonly BarrierEffect[];
}

export const initialBarrierState: BarrierState = {
  counter: 0,
  written: 0,
  wanted: 0,
  settled: 0,
  inFlight: undefined,
};

const NONE: readonly BarrierEffect[] = [];

/** The machine. Pure; never throws. Sequence numbers never repeat, over reconnects too. */
export function stepBarrier(state: BarrierState, event: BarrierEvent): BarrierTransition {
  switch (event.kind) {
    case 'up':
      // The first ping tells at once whether this server returns barriers at all.
      return ping({ ...state, written: event.seq, wanted: event.seq, settled: event.seq }, 'confirm');
    case 'write':
      return write(state, event.seq, event.wanted);
    case 'idle':
      return state.inFlight === undefined ? ping(state, 'probe') : { state, effects: NONE };
    case 'returned':
      return returned(state, event.counter);
    case 'timeout':
      if (state.inFlight === undefined) return { state, effects: NONE };
      return {
        state: { ...state, inFlight: undefined },
        effects: [{ kind: 'lost', purpose: state.inFlight.purpose }],
      };
    case 'down':
      return { state: { ...state, inFlight: undefined }, effects: [{ kind: 'clearTimer' }] };
  }
}

/** True while a stanza that wants confirmation has none. */
export function awaitsConfirmation(state: BarrierState): boolean {
  return state.wanted > state.settled;
}

function write(state: BarrierState, seq: number, wanted: number): BarrierTransition {
  const next: BarrierState = {
    ...state,
    written: Math.max(state.written, seq),
    wanted: Math.max(state.wanted, wanted),
  };
  if (next.wanted <= next.settled) return { state: next, effects: NONE };
  if (next.inFlight === undefined) return ping(next, 'confirm');
  if (next.inFlight.purpose === 'confirm') return { state: next, effects: NONE };
  // Stanzas wait now for what was only a probe: it gets no more time than they have.
  return {
    state: { ...next, inFlight: { ...next.inFlight, purpose: 'confirm' } },
    effects: [{ kind: 'setTimer', purpose: 'confirm' }],
  };
}

function returned(state: BarrierState, counter: number): BarrierTransition {
  // Once as a get and once more as a result is possible: only the first tells something.
  if (state.inFlight === undefined || counter !== state.counter) return { state, effects: NONE };
  const covers = state.inFlight.covers;
  const effects: BarrierEffect[] = [{ kind: 'clearTimer' }];
  if (covers > state.settled) effects.push({ kind: 'confirmed', seq: covers });
  if (state.wanted > covers) effects.push({ kind: 'flush' });
  return { state: { ...state, settled: Math.max(state.settled, covers), inFlight: undefined }, effects };
}

function ping(state: BarrierState, purpose: BarrierPurpose): BarrierTransition {
  const counter = state.counter + 1;
  return {
    state: { ...state, counter, inFlight: { covers: state.written, purpose } },
    effects: [
      { kind: 'ping', counter },
      { kind: 'setTimer', purpose },
    ],
  };
}
