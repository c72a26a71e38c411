// Where in a script something is wrong. Node says it in its own ways: at the head of a stack, in a frame of it, or, for
// plain JavaScript that cannot be parsed, only to whoever runs `node --check`.

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface FaultPlace {
  readonly file: string;
  readonly line: number | undefined;
}

const CHECK_MS = 5000;

/** The place of a fault of loading; the file as a whole when nobody knows. */
export async function placeOfFault(error: unknown, file: string): Promise<FaultPlace> {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  const found = headOf(stack) ?? frameOf(stack) ?? importOf(stack);
  if (found !== undefined) return found;
  const plain = error instanceof SyntaxError ? await checked(file) : undefined;
  return plain ?? { file, line: undefined };
}

/** The line of an export; undefined when it is not written out. */
export function lineOfExport(text: string, name: string): number | undefined {
  const escaped = name.replaceAll('$', String.raw`\$`);
  const pattern = new RegExp(
    name === 'default'
      ? String.raw`\bexport\s+default\b`
      : String.raw`\bexport\s+(?:async\s+)?(?:function\s*\*?|const|let|var|class)\s+${escaped}(?![\w$])|\bexport\s*(?:const|let|var)?\s*\{[^}]*?(?<![\w$])${escaped}(?![\w$])`,
  );
  const match = pattern.exec(text) ?? new RegExp(String.raw`(?<![\w$.])${escaped}(?![\w$])`).exec(text);
  return match === null ? undefined : lineAt(text, match.index + match[0].length);
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}

/** `/path/file.ts:2` or `file:///path/file.mjs?…:2` before the line of source. */
function headOf(stack: string): FaultPlace | undefined {
  const match = /^((?:file:\/\/)?\/[^\n]*?)(?:\?[^\n:]*)?:(\d+)$/m.exec(stack.slice(0, 2000));
  return match === null ? undefined : place(match[1], match[2]);
}

/** The first frame in a file that is not Node's own. */
function frameOf(stack: string): FaultPlace | undefined {
  const match = /\n\s+at (?:[^\n]*\()?(file:\/\/\/[^\n?)]*?)(?:\?stoxgate-routes=\d+)?:(\d+):\d+\)?/.exec(
    stack,
  );
  // What called the loader is no part of the script.
  if (match === null || match[1] === undefined || match[1].includes('/edge/routes/')) return undefined;
  return place(match[1], match[2]);
}

/** A module that is not there is named with the one that asks for it: the first line that names it there. */
function importOf(stack: string): FaultPlace | undefined {
  const match = /Cannot find (?:module|package) '([^'\n]+)' imported from (\/[^\n?]+)/.exec(stack);
  const [, wanted = '', asker = ''] = match ?? [];
  if (match === null || asker.includes('/edge/routes/')) return undefined;
  const lines = readFileSync(asker, 'utf8').split('\n');
  const index = lines.findIndex((line) => line.includes(basename(wanted)));
  return { file: asker, line: index < 0 ? undefined : index + 1 };
}

function place(file: string | undefined, line: string | undefined): FaultPlace | undefined {
  if (file === undefined) return undefined;
  const path = file.startsWith('file:') ? fileURLToPath(file) : file;
  return { file: path, line: line === undefined ? undefined : Number(line) };
}

function checked(file: string): Promise<FaultPlace | undefined> {
  return new Promise((resolve) => {
    const options = { timeout: CHECK_MS, maxBuffer: 64 * 1024 };
    execFile(process.execPath, ['--check', file], options, (_error, _stdout, stderr) =>
      resolve(headOf(stderr)),
    );
  });
}
