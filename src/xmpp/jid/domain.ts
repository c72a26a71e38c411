// The domainpart (RFC 7622 §3.2): an internationalised domain name as U-labels, or an IP address.

import { toASCII, toUnicode } from 'tr46';
import { fault, isWellFormed, ok, utf8Length, type Result } from '../../base/index.ts';
import { isIdentifierClass } from './code-points.ts';
import { satisfiesContextRules } from './context-rules.ts';
import { canonicalIpv6 } from './ip-literal.ts';

const CLAUSE = 'RFC 7622 §3.2';
const MAX_OCTETS = 1023;

const STRICT = {
  checkBidi: true,
  checkHyphens: true,
  checkJoiners: true,
  useSTD3ASCIIRules: true,
  verifyDNSLength: true,
} as const;

/**
 * The prepared domainpart: lower case, A-labels as U-labels, one final dot stripped; `[…]` holds an IPv6 address
 * in canonical text. Fault `jid-malformed` when it is none.
 */
export function prepareDomain(text: string): Result<string> {
  // RFC 7622 §3.2: the final dot goes before any other step.
  const name = text.endsWith('.') ? text.slice(0, -1) : text;
  if (name === '') return refuse('no domainpart');
  if (utf8Length(name) > MAX_OCTETS) return refuse('domainpart too long');
  if (name.charCodeAt(0) === 0x5b) {
    // Prepared domainparts are compared octet by octet, so that one address must have one text (RFC 5952).
    const address = name.endsWith(']') ? canonicalIpv6(name.slice(1, -1)) : undefined;
    return address === undefined ? refuse('no IPv6 address in brackets') : ok(`[${address}]`);
  }
  const kind = hostKind(name);
  if (kind === 'ldh') return ok(name);
  if (kind === 'upper') return ok(name.toLowerCase());
  return kind === 'idn' ? prepareIdn(name) : refuse('no domain name');
}

/** What a name is, in one look at each character: `ldh` and `upper` need no IDNA. */
function hostKind(name: string): 'ldh' | 'upper' | 'idn' | 'bad' {
  if (name.length > 253) return 'idn';
  let upper = false;
  let labelStart = 0;
  let before = 0x2e;
  for (let i = 0; i <= name.length; i++) {
    const code = i === name.length ? 0x2e : name.charCodeAt(i);
    if (code >= 0x61 && code <= 0x7a) {
      // a–z
    } else if (code >= 0x30 && code <= 0x39) {
      // 0–9
    } else if (code === 0x2e) {
      // RFC 1034 §3.5: a label has 1 to 63 characters and does not end with a hyphen.
      if (before === 0x2e || before === 0x2d || i - labelStart > 63) return 'bad';
      labelStart = i + 1;
    } else if (code === 0x2d) {
      if (before === 0x2e) return 'bad';
      // Third and fourth: an A-label or a reserved one (RFC 5890 §2.3.1).
      if (before === 0x2d && i - labelStart === 3) return 'idn';
    } else if (code >= 0x41 && code <= 0x5a) {
      upper = true;
    } else return code > 0x7f ? 'idn' : 'bad';
    before = code;
  }
  return upper ? 'upper' : 'ldh';
}

function prepareIdn(name: string): Result<string> {
  if (!isWellFormed(name) || toASCII(name, STRICT) === null)
    return refuse('no internationalised domain name');
  const { domain, error } = toUnicode(name, STRICT);
  if (error) return refuse('no internationalised domain name');
  // UTS 46 lets symbols through (emoji, for instance) that are no letters or digits of IDNA2008 (RFC 5892 §2.1);
  // RFC 7622 §3.2.1 wants U-labels. The contextual rules of other characters than joiners are RFC 5892's too.
  const labels = domain.split('.');
  if (!labels.every((label) => isIdentifierClass(label) && satisfiesContextRules(label))) {
    return refuse('disallowed character in a domain name');
  }
  return ok(domain);
}

function refuse(message: string): Result<string> {
  return fault('jid-malformed', message, CLAUSE);
}
