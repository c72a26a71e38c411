// The operator's rules: who may send what to whom (`policy`; row ERR-G3). The first rule that fits decides; where none
// does, it is allowed.

import { IpNetwork, parseIpAddress, unmapped, type Counter, type Counters } from '../base/index.ts';
import type { AddressBook } from '../mapping/index.ts';
import { formatWarning, rawHeaderField, type Refusal } from '../sip/index.ts';
import { stanzaError, type StanzaError } from '../xmpp/index.ts';
import { addressPattern, compilePattern, type Party } from './address-pattern.ts';

export type Direction = 'to-xmpp' | 'to-sip';

/** One entry of `policy`, as it stands in the configuration. */
export interface PolicyRule {
  readonly action: 'allow' | 'deny';
  readonly direction: Direction | 'both';
  readonly from?: readonly string[] | undefined;
  readonly to?: readonly string[] | undefined;
  /** Sources of SIP requests. */
  readonly network?: readonly string[] | undefined;
  readonly answer: 'forbidden' | 'declined' | 'policy-violation';
  readonly reason?: string | undefined;
}

/** What is asked about. */
export interface Deed {
  readonly direction: Direction;
  readonly from: Party;
  /** undefined: an address that has no name on the other side; it is refused for that. */
  readonly to: Party | undefined;
  /** Address that a SIP request came from; undefined for stanzas. */
  readonly remoteAddress?: string | undefined;
}

/** A refusal, in the words of both sides. */
export interface Denial {
  /** Place of the rule in `policy`. */
  readonly index: number;
  readonly sip: Refusal;
  readonly stanza: StanzaError;
}

const DEFAULT_REASON = 'The policy of the gateway forbids this';
/** RFC 3261 §20.43: 399 "Miscellaneous warning". The agent is a pseudonym: which host it is concerns nobody. */
const WARNING = 399;
const AGENT = 'stoxgate';

const ANSWERS = {
  forbidden: { status: 403, condition: 'forbidden', type: 'auth' },
  declined: { status: 603, condition: 'not-allowed', type: 'cancel' },
  'policy-violation': { status: 403, condition: 'policy-violation', type: 'modify' },
} as const;

interface Compiled {
  readonly rule: PolicyRule;
  readonly from: (party: Party) => boolean;
  readonly to: (party: Party) => boolean;
  readonly networks: readonly IpNetwork[];
  readonly denial: Denial;
}

const ANYBODY = (): boolean => true;

export class PolicyRules {
  readonly #rules: readonly Compiled[];
  readonly #denied: Readonly<Record<Direction, Counter>>;

  /** The rules are checked where they are read: what is no pattern or no network fits nobody. */
  constructor(
    rules: readonly PolicyRule[],
    book: Pick<AddressBook, 'sipSenderToJid' | 'sipTargetToJid'>,
    counters: Counters,
  ) {
    const anyOf = (patterns: readonly string[] | undefined): ((party: Party) => boolean) => {
      if (patterns === undefined) return ANYBODY;
      const compiled = patterns.flatMap((text) => {
        const pattern = addressPattern(text);
        return pattern === undefined ? [] : [compilePattern(pattern, book)];
      });
      return (party) => compiled.some((matches) => matches(party));
    };
    this.#rules = rules.map((rule, index) => ({
      rule,
      from: anyOf(rule.from),
      to: anyOf(rule.to),
      networks: (rule.network ?? []).flatMap((text) => IpNetwork.parse(text) ?? []),
      denial: denialOf(rule, index),
    }));
    const denied = (direction: Direction): Counter =>
      counters.counter('stoxgate_policy_denied_total', 'What a rule of `policy` refused.', { direction });
    this.#denied = { 'to-xmpp': denied('to-xmpp'), 'to-sip': denied('to-sip') };
  }

  get isEmpty(): boolean {
    return this.#rules.length === 0;
  }

  /** undefined: it may be done. */
  decide(deed: Deed): Denial | undefined {
    for (const compiled of this.#rules) {
      if (!fits(compiled, deed)) continue;
      if (compiled.rule.action === 'allow') return undefined;
      this.#denied[deed.direction].add();
      return compiled.denial;
    }
    return undefined;
  }

  /**
   * Which rules may decide about somebody, in order: up to the first that depends on nothing else. `conditional`: it
   * depends on the other one, or on the network.
   */
  candidates(
    direction: Direction,
    role: 'from' | 'to',
    party: Party,
  ): readonly { readonly index: number; readonly rule: PolicyRule; readonly conditional: boolean }[] {
    const found: { index: number; rule: PolicyRule; conditional: boolean }[] = [];
    for (const [index, compiled] of this.#rules.entries()) {
      const { rule } = compiled;
      if (rule.direction !== 'both' && rule.direction !== direction) continue;
      if (rule.network !== undefined && direction === 'to-sip') continue;
      if (!compiled[role](party)) continue;
      const other = role === 'from' ? rule.to : rule.from;
      const conditional = other?.includes('*') === false || rule.network !== undefined;
      found.push({ index, rule, conditional });
      if (!conditional) break;
    }
    return found;
  }
}

function fits({ rule, from, to, networks }: Compiled, deed: Deed): boolean {
  if (rule.direction !== 'both' && rule.direction !== deed.direction) return false;
  if (rule.network !== undefined && !isWithin(networks, deed.remoteAddress)) return false;
  if (!from(deed.from)) return false;
  return deed.to === undefined ? rule.to === undefined : to(deed.to);
}

function isWithin(networks: readonly IpNetwork[], address: string | undefined): boolean {
  const parsed = address === undefined ? undefined : parseIpAddress(address);
  // An IPv6 socket shows an IPv4 peer as ::ffff:a.b.c.d; the operator wrote a.b.c.d.
  const plain = parsed === undefined ? undefined : unmapped(parsed);
  return plain !== undefined && networks.some((network) => network.contains(plain));
}

function denialOf(rule: PolicyRule, index: number): Denial {
  const { status, condition, type } = ANSWERS[rule.answer];
  const text = rule.reason ?? DEFAULT_REASON;
  const warning = formatWarning({ code: WARNING, agent: AGENT, text });
  return {
    index,
    sip: { status, headers: [rawHeaderField('Warning', warning)] },
    stanza: stanzaError(condition, { type, text, lang: 'en' }),
  };
}
