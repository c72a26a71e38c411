// The command line, read.

import { parseArgs } from 'node:util';

export type Command =
  | { readonly kind: 'run' | 'check'; readonly config: string }
  | { readonly kind: 'address'; readonly config: string; readonly address: string }
  | { readonly kind: 'version' | 'help' }
  | { readonly kind: 'unusable'; readonly reason: string };

export const USAGE = `Usage:
  stoxgate run --config FILE               run in the foreground
  stoxgate check --config FILE             check the file, then ports, DNS and links
  stoxgate address ADDRESS --config FILE   explain what becomes of an address, in both directions
  stoxgate --version
  stoxgate --help

Exit status of run: 0 after SIGTERM, 1 when it cannot start, 2 when the file is unusable.
Exit status of check: 0 nothing wrong, 1 a finding, 2 when the file is unusable.
`;

/** Commands of the contract whose feature is not built yet. */
const LATER = new Set(['message', 'presence', 'call', 'init']);

/** Reads the arguments after the program's name. */
export function readArguments(argv: readonly string[]): Command {
  let parsed;
  try {
    parsed = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        config: { type: 'string', short: 'c' },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean' },
      },
    });
  } catch (error) {
    return unusable(error instanceof Error ? error.message : String(error));
  }
  const { values, positionals } = parsed;
  const [name, ...rest] = positionals;
  if (values.help === true || name === 'help') return { kind: 'help' };
  if (values.version === true) return { kind: 'version' };
  if (name === undefined) return unusable('a command is missing');
  if (LATER.has(name)) return unusable(`the command "${name}" belongs to a feature that is not built yet`);
  if (name !== 'run' && name !== 'check' && name !== 'address') return unusable(`unknown command "${name}"`);
  const [address, ...more] = name === 'address' ? rest : ['', ...rest];
  if (address === undefined) return unusable('address needs an ADDRESS');
  if (more.length > 0) return unusable(`${name} does not take "${more[0]}"`);
  const { config } = values;
  if (config === undefined || config === '') return unusable(`${name} needs --config FILE`);
  return name === 'address' ? { kind: name, config, address } : { kind: name, config };
}

function unusable(reason: string): Command {
  return { kind: 'unusable', reason };
}
