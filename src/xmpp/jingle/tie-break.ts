// Which of two sessions that both parties begin at the same time is the one (XEP-0166 §7.2.16; XEP-0353, "Tie Breaking").

export interface Beginning {
  readonly sid: string;
  /** JID of whoever begins it. */
  readonly jid: string;
}

/**
 * "The lower of the two session IDs MUST overrule the other action", by i;octet (RFC 4790 §9.3); where they are the same,
 * the one of the lower JID.
 */
export function overrules(left: Beginning, right: Beginning): boolean {
  const order = compareOctets(left.sid, right.sid);
  return (order === 0 ? compareOctets(left.jid, right.jid) : order) < 0;
}

/** The order of octets in UTF-8 is that of code points; that of UTF-16 is not. */
function compareOctets(left: string, right: string): number {
  for (let at = 0; at < left.length && at < right.length;) {
    const one = left.codePointAt(at) ?? 0;
    const other = right.codePointAt(at) ?? 0;
    if (one !== other) return one - other;
    at += one > 0xffff ? 2 : 1;
  }
  return left.length - right.length;
}
