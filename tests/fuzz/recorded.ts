// Samples recorded from real peers (tests/vectors), as seeds.

import { readdirSync, readFileSync } from 'node:fs';

const FOLDER = new URL('../vectors/', import.meta.url);

/** SIP messages, each whole. */
export function recordedSip(): readonly Uint8Array[] {
  return files('.sip').map((file) => readFileSync(file));
}

/** Stanzas of recorded component streams, both directions. */
export function recordedStanzas(): readonly string[] {
  return files('.txt').flatMap((file) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .map((line) => /^(?:<<|>>) (<.*>)$/.exec(line)?.[1])
      .filter((stanza) => stanza !== undefined),
  );
}

/** Presence documents and watcher information, each whole. */
export function recordedPresence(): readonly Uint8Array[] {
  return [...files('.pidf'), ...files('.winfo')].flatMap((file) =>
    readFileSync(file, 'utf8')
      .split('----\n')
      .map((text) => Buffer.from(text)),
  );
}

function files(ending: string): readonly URL[] {
  return readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .toSorted()
    .map((name) => new URL(name, FOLDER));
}
