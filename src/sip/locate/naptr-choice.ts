// Which NAPTR records of a domain apply. Sources: RFC 3263 §4.1 and §8, RFC 3403 §4.1.

import type { TransportName } from '../transport.ts';
import type { NaptrRecord } from './dns-resolver.ts';
import { isSipService, naptrTransport, transportTraits, type TransportSupport } from './transports.ts';

/** A record that applies: over which transport, and where its SRV records are. */
export interface NaptrChoice {
  readonly transport: TransportName;
  readonly srvName: string;
}

/** The records that this gateway can follow, best first; all of one order (see below). */
export function chooseNaptr(
  records: readonly NaptrRecord[],
  secure: boolean,
  support: TransportSupport,
): NaptrChoice[] {
  const applicable: { record: NaptrRecord; transport: TransportName }[] = [];
  for (const record of records) {
    // RFC 3263 §4.1: "an empty regular expression and a replacement value"; §8: the flag is "s".
    if (record.flags.toLowerCase() !== 's' || record.regexp !== '' || record.replacement === '.') continue;
    const transport = naptrTransport(record.service);
    if (transport === undefined || !support.has(transport)) continue;
    // RFC 3263 §4.1: for SIPS, services without SIPS are discarded; for SIP, those with SIPS are kept.
    if (secure && !transportTraits[transport].secure) continue;
    applicable.push({ record, transport });
  }
  applicable.sort(
    ({ record: left }, { record: right }) => left.order - right.order || left.preference - right.preference,
  );
  // RFC 3403 §4.1: once a record of one order matches, those of another order are not considered.
  const order = applicable[0]?.record.order;
  return applicable
    .filter(({ record }) => record.order === order)
    .map(({ record, transport }) => ({ transport, srvName: record.replacement }));
}

/** True when the domain says by NAPTR how it does SIP, though perhaps not how we could use it. */
export function offersSip(records: readonly NaptrRecord[]): boolean {
  return records.some((record) => isSipService(record.service));
}
