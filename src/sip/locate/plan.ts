// The result of a look-up before anything is tried: servers in groups, each with its addresses.

import type { Fault, Random, Result } from '../../base/index.ts';
import type { Target } from '../transport.ts';
import { hasFixedOrder, orderSrv } from './srv-order.ts';

/** A place to send a request to, best first; usable as a `Target`. */
export interface LocatedTarget extends Target {
  /** The name that led here (SRV target, host or literal), for logs and for certificate checks. */
  readonly name: string;
  /** Value of a Route header field to put on top of the request, "<sip:…;lr>"; undefined: none. */
  readonly route: string | undefined;
}

/**
 * Why there is no target: `unresolvable` (no such domain, or it does not do SIP), `dns-timeout` (nobody knows now),
 * `refused` (it leads only where foreign names may not lead), `no-transport` (only over transports not spoken here),
 * `not-connected` (a user who connects himself, and is not).
 */
export type LocateFaultCode = 'unresolvable' | 'dns-timeout' | 'refused' | 'no-transport' | 'not-connected';

export interface LocateFault extends Fault {
  readonly code: LocateFaultCode;
}

/** Targets in the order in which to try them, at least one; or the reason why there is none. */
export type LocateResult = Result<readonly LocatedTarget[], LocateFault>;

/** One server: an SRV record, or the host itself. */
export interface Candidate {
  readonly priority: number;
  readonly weight: number;
  /** All addresses, in order. */
  readonly targets: readonly LocatedTarget[];
}

/** Candidates of one transport; groups are tried one after the other. */
export type CandidateGroup = readonly Candidate[];

export class Plan {
  readonly #groups: readonly CandidateGroup[];
  readonly #maxTargets: number;
  /** The list, when chance has no part in it. */
  readonly #fixed: readonly LocatedTarget[] | undefined;

  constructor(groups: readonly CandidateGroup[], maxTargets: number) {
    this.#groups = groups;
    this.#maxTargets = maxTargets;
    if (groups.every(hasFixedOrder)) {
      const sorted = groups.flatMap((group) =>
        group.toSorted((left, right) => left.priority - right.priority),
      );
      this.#fixed = sorted.flatMap((candidate) => candidate.targets).slice(0, maxTargets);
    }
  }

  /** Every address in the plan. */
  addresses(): string[] {
    return this.#groups.flatMap((group) =>
      group.flatMap(({ targets }) => targets.map(({ address }) => address)),
    );
  }

  /** The order for one request: RFC 2782 draws anew for each. */
  targets(random: Random): readonly LocatedTarget[] {
    if (this.#fixed !== undefined) return this.#fixed;
    const list: LocatedTarget[] = [];
    for (const group of this.#groups) {
      for (const candidate of orderSrv(group, random)) {
        for (const target of candidate.targets) {
          list.push(target);
          if (list.length === this.#maxTargets) return list;
        }
      }
    }
    return list;
  }
}

/** Shorthand for an `Err` that holds a `LocateFault`. */
export function locateFault(
  code: LocateFaultCode,
  message: string,
  clause: string,
): { readonly ok: false; readonly error: LocateFault } {
  return { ok: false, error: { code, message, clause } };
}
