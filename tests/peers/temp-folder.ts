// A folder of its own under the system's temporary folder; gone afterwards whatever happens.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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
    // A peer that was just killed may still have written its last line while we walked the folder.
    rmSync(this.path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  }
}

const living = new Set<TempFolder>();

/** For the signal and exit handlers of a program that must leave nothing behind. */
export function removeAllTempFolders(): void {
  if (process.env['STOXGATE_KEEP'] === '1') return;
  for (const folder of living) folder.remove();
}
process.once('exit', removeAllTempFolders);
