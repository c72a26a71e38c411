// The operator's rules for calls: who may call whom. The first rule that fits decides; where none does, a call is allowed, except
// one to a telephone number, which costs money and may reach anybody: it is refused.

import { formatWarning, parseUri, percentDecodeUtf8, rawHeaderField, type Refusal } from '../sip/index.ts';
import { stanzaError, type StanzaError } from '../xmpp/index.ts';
import type { AddressBook } from '../mapping/index.ts';
import { addressPattern, compilePattern, type Party } from './address-pattern.ts';
import type { Direction } from './rules.ts';

export interface CallRule {
  readonly action: 'allow' | 'deny';
  readonly direction: Direction | 'both';
  readonly from?: readonly string[] | undefined;
  readonly to?: readonly string[] | undefined;
  /**
   * Telephone numbers that are called, as patterns of `numberPattern`. A rule that allows without it says nothing of numbers: who may
   * call the users of a domain may not call the world through it.
   */
  readonly number?: readonly string[] | undefined;
}

export interface CallDeed {
  readonly direction: Direction;
  readonly from: Party;
  readonly to: Party;
  /** Of a call to SIP: the number that is dialled, `dialledNumber`. */
  readonly number?: string | undefined;
}

/** A refusal, in the words of both sides. */
export interface CallDenial {
  /** Place of the rule; undefined: no rule allows this number. */
  readonly index: number | undefined;
  readonly sip: Refusal;
  readonly stanza: StanzaError;
}

interface Compiled {
  readonly rule: CallRule;
  readonly from: (party: Party) => boolean;
  readonly to: (party: Party) => boolean;
  readonly numbers: readonly ((number: string) => boolean)[];
}

/** RFC 3261 §20.43; the agent is a pseudonym. */
const WARNING = 399;
const RULED_OUT = 'The policy of the gateway forbids this call';
const NO_NUMBERS = 'Calls to telephone numbers are not allowed';
/** RFC 3966 §3: what makes a number readable and is no part of it. */
const SEPARATORS = /[-.()\s]/g;
/** Digits, and the two keys that dial strings have besides (RFC 4967). */
const DIAL_STRING = /^\+?[0-9*#]*[0-9][0-9*#]*$/;

/** A whole number, or its beginning before `*`; `*` alone: each. Undefined: it is no pattern. */
export function numberPattern(text: string): ((number: string) => boolean) | undefined {
  if (text === '*') return () => true;
  const isOpen = text.endsWith('*');
  const digits = isOpen ? text.slice(0, -1) : text;
  if (!/^\+?[0-9]+$/.test(digits)) return undefined;
  return isOpen ? (number) => number.startsWith(digits) : (number) => number === digits;
}

/**
 * The telephone number that a SIP or tel URI calls, without visual separators (ADDR-60): its user part is a global number or a
 * dial string, or it says `user=phone`. Undefined: it names a user.
 */
export function dialledNumber(uri: string): string | undefined {
  const parsed = parseUri(uri);
  if (!parsed.ok) return undefined;
  const { value } = parsed;
  if (value.scheme === 'tel') return value.number.replace(SEPARATORS, '');
  if (value.scheme !== 'sip' && value.scheme !== 'sips') return undefined;
  const decoded = percentDecodeUtf8(value.user ?? '');
  if (!decoded.ok) return undefined;
  // RFC 3261 §19.1.6: parameters of a tel URI stand in the user part.
  const number = (decoded.value.split(';')[0] ?? '').replace(SEPARATORS, '');
  const isPhone = value.params.get('user')?.toLowerCase() === 'phone';
  return isPhone || DIAL_STRING.test(number) ? number : undefined;
}

export class CallRules {
  readonly #rules: readonly Compiled[];

  /** What is no pattern fits nobody: rules are checked where they are read. */
  constructor(rules: readonly CallRule[], book: Pick<AddressBook, 'sipSenderToJid' | 'sipTargetToJid'>) {
    const anyOf = (patterns: readonly string[] | undefined): ((party: Party) => boolean) => {
      if (patterns === undefined) return () => true;
      const compiled = patterns.flatMap((text) => {
        const pattern = addressPattern(text);
        return pattern === undefined ? [] : [compilePattern(pattern, book)];
      });
      return (party) => compiled.some((fits) => fits(party));
    };
    this.#rules = rules.map((rule) => ({
      rule,
      from: anyOf(rule.from),
      to: anyOf(rule.to),
      numbers: (rule.number ?? []).flatMap((text) => numberPattern(text) ?? []),
    }));
  }

  /** undefined: the call may be made. */
  decide(deed: CallDeed): CallDenial | undefined {
    for (const [index, compiled] of this.#rules.entries()) {
      if (!fits(compiled, deed)) continue;
      return compiled.rule.action === 'allow' ? undefined : denial(index, RULED_OUT);
    }
    return deed.number === undefined ? undefined : denial(undefined, NO_NUMBERS);
  }
}

function fits({ rule, from, to, numbers }: Compiled, deed: CallDeed): boolean {
  const { direction, number } = deed;
  if (rule.direction !== 'both' && rule.direction !== direction) return false;
  if (rule.number === undefined) {
    if (number !== undefined && rule.action === 'allow') return false;
  } else if (number === undefined || !numbers.some((each) => each(number))) return false;
  return from(deed.from) && to(deed.to);
}

function denial(index: number | undefined, text: string): CallDenial {
  const warning = formatWarning({ code: WARNING, agent: 'stoxgate', text });
  return {
    index,
    sip: { status: 403, headers: [rawHeaderField('Warning', warning)] },
    stanza: stanzaError('forbidden', { type: 'auth', text, lang: 'en' }),
  };
}
