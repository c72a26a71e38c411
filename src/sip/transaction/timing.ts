// The timers of the transaction layer by their RFC letters (RFC 3261 Table 4, RFC 6026 §8.11, RFC 4320 §4.1).

export interface TimersConfig {
  /** Estimate of the round-trip time, in milliseconds. */
  readonly t1Ms: number;
  /** Longest retransmission interval of non-INVITE requests and INVITE responses, in milliseconds. */
  readonly t2Ms: number;
  /** Longest time that a message stays in the network, in milliseconds. */
  readonly t4Ms: number;
}

export const DEFAULT_TIMERS: TimersConfig = { t1Ms: 500, t2Ms: 4000, t4Ms: 5000 };

/** The letters, "100" for what makes a server answer 100 (Trying), and "expiry" for a TU that never answers. */
export type TimerName =
  | 'A'
  | 'B'
  | 'D'
  | 'E'
  | 'F'
  | 'G'
  | 'H'
  | 'I'
  | 'J'
  | 'K'
  | 'L'
  | 'M'
  | '100'
  | 'expiry';

/** INVITE request retransmission, only over unreliable transports: T1, then doubled without a cap. */
export const timerA = (t: TimersConfig): number => t.t1Ms;
/** INVITE transaction timeout. */
export const timerB = (t: TimersConfig): number => 64 * t.t1Ms;
/** Wait for response retransmissions: at least 32 s whatever T1 is, since the server's T1 is not known. */
export const timerD = (t: TimersConfig, reliable: boolean): number =>
  reliable ? 0 : Math.max(32_000, 64 * t.t1Ms);
/** Non-INVITE request retransmission, only over unreliable transports: T1, then doubled up to T2. */
export const timerE = (t: TimersConfig): number => t.t1Ms;
/** Non-INVITE transaction timeout. */
export const timerF = (t: TimersConfig): number => 64 * t.t1Ms;
/** INVITE response retransmission, only over unreliable transports: T1, then doubled up to T2. */
export const timerG = (t: TimersConfig): number => t.t1Ms;
/** Wait for the ACK. */
export const timerH = (t: TimersConfig): number => 64 * t.t1Ms;
/** Wait for ACK retransmissions. */
export const timerI = (t: TimersConfig, reliable: boolean): number => (reliable ? 0 : t.t4Ms);
/** Wait for non-INVITE request retransmissions. */
export const timerJ = (t: TimersConfig, reliable: boolean): number => (reliable ? 0 : 64 * t.t1Ms);
/** Wait for response retransmissions. */
export const timerK = (t: TimersConfig, reliable: boolean): number => (reliable ? 0 : t.t4Ms);
/** Wait for retransmissions of an accepted INVITE. */
export const timerL = (t: TimersConfig): number => 64 * t.t1Ms;
/** Wait for retransmissions of the 2xx to INVITE and for 2xx of other branches. */
export const timerM = (t: TimersConfig): number => 64 * t.t1Ms;

/** RFC 3261 §17.2.1: the INVITE server transaction answers 100 "unless it knows that the TU will … within 200 ms". */
export const INVITE_TRYING_MS = 200;

/** RFC 4320 §4.1: no 100 to a non-INVITE before the client's timer E is reset to T2: T1 + 2*T1 + 4*T1 … = 3.5 s. */
export function nonInviteTrying(t: TimersConfig): number {
  let elapsed = 0;
  for (let e = timerE(t); ; e = Math.min(2 * e, t.t2Ms)) {
    elapsed += e;
    if (2 * e >= t.t2Ms || e <= 0) return elapsed;
  }
}

/** RFC 4320 §4.2: after the client's timer F nobody waits for a final response any more. */
export const nonInviteExpiry = (t: TimersConfig): number => timerF(t);
