// A folder of its own under the system's temporary folder; gone afterwards whatever happens.
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export class TempFolder {
  readonly path: string;

  constructor(name: string) {
    this.path = mkdtempSync(join(tmpdir(), `stoxgate-${name}-`));
    living.add(this);
  }

  /** A path inside; the folders on the way to it are made. */
  file(...parts: string[]): string {
    const path = join(this.path, ...parts);
    mkdirSync(dirname(path), { recursive: true });
    return path;
  }

  folder(...parts: string[]): string {
    const path = join(this.path, ...parts);
    mkdirSync(path, { recursive: true });
    return path;
  }

  write(path: string, text: string): string {
    const file = this.file(path);
    writeFileSync(file, text);
    return file;
  }

  remove(): void {
    living.delete(this);
    // A peer that was just killed may still write its last line while we walk the folder.
    for (let attempt = 0; attempt < REMOVE_ATTEMPTS && existsSync(this.path); attempt++) {
      try {
        rmSync(this.path, { recursive: true, force: true });
      } catch {
        // The exit handlers cannot wait otherwise.
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, REMOVE_PAUSE_MS);
      }
    }
  }
}

const REMOVE_ATTEMPTS = 100;
const REMOVE_PAUSE_MS = 25;
const living = new Set<TempFolder>();

/** For the signal and exit handlers of a program that must leave nothing behind. */
export function removeAllTempFolders(): void {
  if (process.env['STOXGATE_KEEP'] === '1') return;
  for (const folder of living) folder.remove();
}
process.once('exit', removeAllTempFolders);
