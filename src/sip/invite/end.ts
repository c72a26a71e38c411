// How a call ends: one word for each, the same at both ends of an INVITE and within the session.

import type { Loss } from './change.ts';

export type CallEnd =
  /** The caller's INVITE got this final response (3xx … 6xx), or we gave it. */
  | { readonly cause: 'refused'; readonly status: number }
  /** CANCEL, or a BYE on an early dialog; `by` whose. */
  | { readonly cause: 'cancelled'; readonly by: 'us' | 'peer' }
  /** Nobody answered in the time that the owner of the call gave it, or in that of Expires. */
  | { readonly cause: 'noAnswer' }
  /** No final response came at all. */
  | { readonly cause: 'failed'; readonly reason: 'timeout' | 'transport' | 'unlocatable' | 'stopped' }
  /** BYE; `by` whose. */
  | { readonly cause: 'hungUp'; readonly by: 'us' | 'peer' }
  /** The session timer ran out (RFC 4028 §10). */
  | { readonly cause: 'expired' }
  /** A request within the call failed so that the call cannot go on. */
  | { readonly cause: 'lost'; readonly why: Loss };
