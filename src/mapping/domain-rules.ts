// The rules of `domains`: which domains exist, on which side their users live, what each is called on either side.

import { StoxgateError } from '../base/index.ts';
import { canonicalHost, hostToDomain } from './domain-name.ts';
import type { Separator } from './fold.ts';

export type Side = 'sip' | 'xmpp';

/** One entry of `domains`. Names are exact, `*.name` or `*`. */
export interface DomainRule {
  /** Where its users live. */
  readonly home: Side;
  readonly sip: string;
  readonly xmpp: string;
  /** Of folded addresses; undefined: the standard escape of the side. */
  readonly separator?: Separator | undefined;
  /** `carry`: `sips` targets of it are carried over all the same, by the operator's will (ADDR-63). */
  readonly sips?: 'refuse' | 'carry' | undefined;
}

/** What a rule does with an address: the names are alike in kind, or one side folds. */
export type RuleKind = 'exact' | 'below' | 'all' | 'fold';

/** A rule with its names in the forms that are compared and written. */
export interface CompiledRule {
  readonly rule: DomainRule;
  /** Place in the list, from 0. */
  readonly index: number;
  readonly kind: RuleKind;
  /** Name per side as a host (A-labels), without "*."; '' for "*". */
  readonly names: Readonly<Record<Side, string>>;
  /** The exact XMPP name as a prepared domainpart; '' unless it is exact. */
  readonly xmppDomain: string;
}

type NameKind = 'exact' | 'below' | 'all';

interface Name {
  readonly kind: NameKind;
  readonly host: string;
}

/** Reads a rule. Throws StoxgateError ERR_ADDRESS_RULE for one that means nothing: configuration is checked before. */
export function compileRule(rule: DomainRule, index: number): CompiledRule {
  const names = { sip: readName(rule, 'sip', index), xmpp: readName(rule, 'xmpp', index) };
  const home = names[rule.home];
  const away = names[rule.home === 'sip' ? 'xmpp' : 'sip'];
  const folds = home.kind === 'all' && away.kind === 'exact';
  if (!folds && home.kind !== away.kind) throw ruleError(rule, index, 'its names are of different kinds');
  const domain = names.xmpp.kind === 'exact' ? hostToDomain(names.xmpp.host) : undefined;
  return {
    rule,
    index,
    kind: folds ? 'fold' : home.kind,
    names: { sip: names.sip.host, xmpp: names.xmpp.host },
    xmppDomain: domain?.ok === true ? domain.value : '',
  };
}

function readName(rule: DomainRule, side: Side, index: number): Name {
  const text = rule[side];
  if (text === '*') return { kind: 'all', host: '' };
  const below = text.startsWith('*.');
  const host = canonicalHost(below ? text.slice(2) : text);
  if (host === undefined) throw ruleError(rule, index, `"${text}" is no domain`);
  return { kind: below ? 'below' : 'exact', host };
}

function ruleError(rule: DomainRule, index: number, why: string): StoxgateError {
  return new StoxgateError('ERR_ADDRESS_RULE', `domains[${index}] (${formatRule(rule)}): ${why}`);
}

/** A rule as the configuration file has it. */
export function formatRule(rule: DomainRule): string {
  const separator = rule.separator === undefined ? '' : `, separator: "${rule.separator}"`;
  return `home: ${rule.home}, sip: ${quoted(rule.sip)}, xmpp: ${quoted(rule.xmpp)}${separator}`;
}

function quoted(name: string): string {
  return name.startsWith('*') ? `"${name}"` : name;
}

export interface RuleMatch {
  readonly rule: CompiledRule;
  /** Orders matches: exact above `*.name` (longer above shorter) above `*`. */
  readonly specificity: number;
}

const EXACT = 1000;

/** The rules of one home, by their name on one side. */
export class RuleTable {
  readonly #side: Side;
  readonly #exact = new Map<string, CompiledRule>();
  readonly #below = new Map<string, CompiledRule>();
  #all: CompiledRule | undefined;

  constructor(rules: readonly CompiledRule[], home: Side, side: Side) {
    this.#side = side;
    for (const rule of rules) {
      if (rule.rule.home !== home) continue;
      const name = rule.names[side];
      // File order decides between equals only: the first stays.
      if (name === '') this.#all ??= rule;
      else {
        const table = rule.kind === 'below' ? this.#below : this.#exact;
        if (!table.has(name)) table.set(name, rule);
      }
    }
  }

  /** The rule for a host: an exact name beats `*.name`, the longest of them first, which beats `*`. */
  find(host: string): RuleMatch | undefined {
    const exact = this.#exact.get(host);
    if (exact !== undefined) return { rule: exact, specificity: EXACT };
    // An IPv6 literal has no labels, and "*.1" is no network.
    for (let dot = host.indexOf('.'); dot >= 0; dot = host.indexOf('.', dot + 1)) {
      const below = this.#below.get(host.slice(dot + 1));
      if (below !== undefined) return { rule: below, specificity: host.length - dot };
    }
    return this.#all === undefined ? undefined : { rule: this.#all, specificity: 0 };
  }

  /** The host that `host`, found by the name on this side, is called on the other one. Not for rules that fold. */
  renamed(host: string, rule: CompiledRule): string {
    const other = rule.names[this.#side === 'sip' ? 'xmpp' : 'sip'];
    if (rule.kind === 'all') return host;
    if (rule.kind === 'exact') return other;
    return `${host.slice(0, host.length - rule.names[this.#side].length)}${other}`;
  }
}
