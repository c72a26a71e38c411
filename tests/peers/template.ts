// Fills `@NAME@` places of a peer's configuration file kept beside this code.
import { readFileSync } from 'node:fs';

/** Throws when a place of the template has no value: a peer must not start with a half-filled file. */
export function fillTemplate(file: string, values: Readonly<Record<string, string | number>>): string {
  const text = readFileSync(new URL(file, import.meta.url), 'utf8');
  return text.replace(/@([A-Z0-9_]+)@/g, (place, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`${file}: nothing given for ${place}`);
    return String(value);
  });
}
