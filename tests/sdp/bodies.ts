// Session descriptions out of recorded traffic.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = join(import.meta.dirname, '../vectors/sdp');

/** Every recorded description, by the name of its file. */
export function recordedDescriptions(): ReadonlyMap<string, string> {
  return new Map(
    readdirSync(FOLDER)
      .filter((name) => name.endsWith('.txt'))
      .map((name) => [name, readFileSync(join(FOLDER, name), 'utf8')]),
  );
}
