// What a presence document says, whatever its form: RFC 3863 (PIDF) with the data model of RFC 4479. Read by
// pidf-read.ts, and by old-pidf.ts from what came before PIDF; written by pidf-format.ts.

import type { Capabilities } from './pidf-caps.ts';
import type { RichPresence } from './rpid.ts';

export const NS_PIDF = 'urn:ietf:params:xml:ns:pidf';
/** RFC 4479. */
export const NS_DATA_MODEL = 'urn:ietf:params:xml:ns:pidf:data-model';

export const PIDF_TYPE = 'application/pidf+xml';

/** Text for people, without white space around it; never empty. */
export interface PidfNote {
  readonly text: string;
  /** Its xml:lang, or that of what it stands in. */
  readonly lang?: string;
}

/** RFC 6121 §4.7.2.1, which RFC 8048 §6.2 puts into PIDF. */
export type PidfShow = 'away' | 'chat' | 'dnd' | 'xa';

export interface PidfContact {
  /** As written. */
  readonly uri: string;
  /** 0 to 1 in thousandths (RFC 3863 §4.1.5); undefined: the lowest there is. */
  readonly priority?: number;
}

/** One service of the presentity (RFC 3863 §4.1.2). */
export interface PidfTuple {
  /** "An arbitrary string", unique among the tuples. */
  readonly id: string;
  /** Undefined when the status is told in other words only. */
  readonly basic?: 'open' | 'closed';
  readonly show?: PidfShow;
  readonly contact?: PidfContact;
  readonly notes: readonly PidfNote[];
  /** When the status changed, ms. */
  readonly timestampMs?: number;
  /** The devices that it runs on (RFC 4479 §3.4). */
  readonly deviceIds: readonly string[];
  readonly rich: RichPresence;
  readonly capabilities?: Capabilities;
}

/** The human being (RFC 4479 §3.2). */
export interface PidfPerson {
  readonly id: string;
  readonly rich: RichPresence;
  readonly notes: readonly PidfNote[];
  readonly timestampMs?: number;
}

/** RFC 4479 §3.4. */
export interface PidfDevice {
  readonly id: string;
  /** A URN; '' when the document leaves it out against the schema. */
  readonly deviceId: string;
  readonly rich: RichPresence;
  readonly notes: readonly PidfNote[];
  readonly timestampMs?: number;
}

export interface PidfDocument {
  /** The URI of the presentity, as written. */
  readonly entity: string;
  readonly tuples: readonly PidfTuple[];
  readonly persons: readonly PidfPerson[];
  readonly devices: readonly PidfDevice[];
  /** About the presentity as a whole (RFC 3863 §4.1.6). */
  readonly notes: readonly PidfNote[];
}

/** Languages of the notes of a document, each once; no more than anybody reads. */
export function noteLanguages({ tuples, persons, notes }: PidfDocument): readonly string[] {
  const all = [
    ...tuples.flatMap((tuple) => tuple.notes),
    ...persons.flatMap((person) => person.notes),
    ...notes,
  ];
  return [...new Set(all.flatMap(({ lang }) => lang ?? []))].slice(0, MAX_LANGUAGES);
}

const MAX_LANGUAGES = 8;
