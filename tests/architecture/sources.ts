// The files of the checkout, as texts.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

export function readText(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

/** Every TypeScript file below a folder, by its path from the root. */
export function typeScriptBelow(folder: string): Map<string, string> {
  const files = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
  return new Map(
    files
      .filter((file) => file.endsWith('.ts'))
      .toSorted()
      .map((file) => [`${folder}/${file}`, readText(`${folder}/${file}`)]),
  );
}
