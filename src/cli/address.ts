// `stoxgate address`: which rule covers an address, and what becomes of it on the other side, in both directions; and
// which rule of `policy` would decide about it.

import { Counters } from '../base/index.ts';
import { AddressBook } from '../mapping/index.ts';
import { explainPolicy, PolicyRules } from '../policy/index.ts';
import { ExitStatus, loadOrTell, type Terminal } from './terminal.ts';

export function explainAddress(address: string, path: string, terminal: Terminal): number {
  const loaded = loadOrTell(path, terminal);
  if (loaded === undefined) return ExitStatus.unusable;
  const { domains, policy, telephony } = loaded.config;
  const book = new AddressBook(domains, { telephonyDomain: telephony?.domain });
  for (const line of book.explain(address)) terminal.out(line);
  if (policy.length === 0) return ExitStatus.fine;
  const rules = new PolicyRules(policy, book, new Counters());
  for (const line of explainPolicy(rules, book, address)) terminal.out(line);
  return ExitStatus.fine;
}
