// `stoxgate address`: which rule covers an address, and what becomes of it on the other side, in both directions.

import { AddressBook } from '../mapping/index.ts';
import { ExitStatus, loadOrTell, type Terminal } from './terminal.ts';

export function explainAddress(address: string, path: string, terminal: Terminal): number {
  const loaded = loadOrTell(path, terminal);
  if (loaded === undefined) return ExitStatus.unusable;
  for (const line of new AddressBook(loaded.config.domains).explain(address)) terminal.out(line);
  return ExitStatus.fine;
}
