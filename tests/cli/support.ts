// A terminal and files that are only texts.

import type { Terminal } from '../../src/cli/terminal.ts';

export interface FakeTerminal extends Terminal {
  readonly output: string[];
  readonly errors: string[];
  readonly files: Map<string, string>;
}

export function fakeTerminal(files: Readonly<Record<string, string>> = {}): FakeTerminal {
  const store = new Map(Object.entries(files));
  const output: string[] = [];
  const errors: string[] = [];
  return {
    output,
    errors,
    files: store,
    env: {},
    out: (line) => output.push(line),
    err: (line) => errors.push(line),
    readFile: (path) => {
      const text = store.get(path);
      if (text === undefined) throw Object.assign(new Error(`no ${path}`), { code: 'ENOENT' });
      return text;
    },
    createFile: (path, text) => {
      if (store.has(path)) throw Object.assign(new Error(`${path} is there`), { code: 'EEXIST' });
      store.set(path, text);
    },
    whyNotCreatable: () => undefined,
  };
}
