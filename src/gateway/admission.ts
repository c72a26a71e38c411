// May this be done, and not too often: the operator's rules (`policy`, ERR-G3) and limits (`limits`, ERR-G2), asked for
// a request or a stanza whose sender is believed.

import type { MappedJid, MappedUri } from '../mapping/index.ts';
import type { PolicyRules, RateLimits } from '../policy/index.ts';
import type { Refusal } from '../sip/index.ts';
import type { StanzaError } from '../xmpp/index.ts';

/** Why not, and what the sender is told. */
export interface NotAdmitted<Answer> {
  readonly clause: 'ERR-G2' | 'ERR-G3';
  readonly answer: Answer;
}

/** `counted`: it is one of the things that `limits` counts. */
interface Manner {
  readonly counted: boolean;
}

export class Admission {
  readonly rules: PolicyRules;
  readonly limits: RateLimits;
  /** There are neither rules nor limits: nobody need be asked about. */
  readonly open: boolean;

  constructor(rules: PolicyRules, limits: RateLimits) {
    this.rules = rules;
    this.limits = limits;
    this.open = rules.isEmpty && limits.isEmpty;
  }

  /** `to`: undefined where the target has no name in XMPP. */
  request(
    from: MappedJid,
    to: MappedJid | undefined,
    remoteAddress: string,
    { counted }: Manner,
  ): NotAdmitted<Refusal> | undefined {
    const denial = this.rules.decide({ direction: 'to-xmpp', from, to, remoteAddress });
    if (denial !== undefined) return { clause: 'ERR-G3', answer: denial.sip };
    if (!counted) return undefined;
    const demand = { user: from.bareText, domain: from.host, peer: remoteAddress };
    const excess = this.limits.take('to-xmpp', demand);
    return excess === undefined ? undefined : { clause: 'ERR-G2', answer: excess.sip };
  }

  /** `peer`: the domain of the link that the stanza came by. */
  stanza(
    from: MappedUri,
    to: MappedUri,
    peer: string,
    { counted }: Manner,
  ): NotAdmitted<StanzaError> | undefined {
    if (this.open) return undefined;
    const denial = this.rules.decide({ direction: 'to-sip', from, to });
    if (denial !== undefined) return { clause: 'ERR-G3', answer: denial.stanza };
    if (!counted) return undefined;
    const excess = this.limits.take('to-sip', { user: from.bareText, domain: from.jid.domain, peer });
    return excess === undefined ? undefined : { clause: 'ERR-G2', answer: excess.stanza };
  }
}
