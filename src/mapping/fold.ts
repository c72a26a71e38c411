// A whole foreign address in the local part of one domain of ours ("bob\40sip.org@sip.example.org"; row ADDR-53 b).
//
// The text is user, mark, domain, where the mark is "@" (written `\40` in a JID, `%40` in a SIP user part) or the
// separator of the rule. Neither can stand in a domain, so the last mark is the border, whatever the user holds. An
// address without a user is mark and domain: a text without any mark names nobody.

export type Separator = '!' | '$' | '*' | '+' | '=' | '~';

export const SEPARATORS: readonly Separator[] = ['!', '$', '*', '+', '=', '~'];

export interface FoldedAddress {
  /** '' for a whole domain. */
  readonly user: string;
  readonly domain: string;
}

export function foldAddress(address: FoldedAddress, separator: Separator | undefined): string {
  return `${address.user}${separator ?? '@'}${address.domain}`;
}

/** Reads both forms; undefined when the text holds no address. */
export function unfoldAddress(text: string, separator: Separator | undefined): FoldedAddress | undefined {
  const mark = Math.max(text.lastIndexOf('@'), separator === undefined ? -1 : text.lastIndexOf(separator));
  if (mark < 0 || mark === text.length - 1) return undefined;
  return { user: text.slice(0, mark), domain: text.slice(mark + 1) };
}
