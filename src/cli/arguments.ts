// The command line, read.

import { parseArgs } from 'node:util';

export type Command =
  | { readonly kind: 'run' | 'check'; readonly config: string }
  | { readonly kind: 'address'; readonly config: string; readonly address: string }
  | {
      readonly kind: 'message';
      readonly config: string;
      /** undefined: the totals. */
      readonly id: string | undefined;
      readonly json: boolean;
    }
  | { readonly kind: 'version' | 'help' }
  | { readonly kind: 'unusable'; readonly reason: string };

export const USAGE = `Usage:
  stoxgate run --config FILE               run in the foreground
  stoxgate check --config FILE             check the file, then ports, DNS and links
  stoxgate address ADDRESS --config FILE   explain what becomes of an address, in both directions
  stoxgate message ID --config FILE        ask the running gateway where a message went and why, by the
                                           stanza's id, the Call-ID, or the Message-ID of a report
  stoxgate message --totals --config FILE  how many messages had which outcome since the start
  stoxgate --version
  stoxgate --help

Exit status of run: 0 after SIGTERM, 1 when it cannot start, 2 when the file is unusable.
Exit status of check: 0 nothing wrong, 1 a finding, 2 when the file is unusable.
Exit status of message: 0 found, 1 not found, 2 when the gateway cannot be asked. --json prints its answer as JSON.
`;

/** Commands of the contract whose feature is not built yet. */
const LATER = new Set(['presence', 'call', 'init']);

/** Reads the arguments after the program's name. */
export function readArguments(argv: readonly string[]): Command {
  let parsed;
  try {
    parsed = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        config: { type: 'string', short: 'c' },
        json: { type: 'boolean' },
        totals: { type: 'boolean' },
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
  if (name !== 'run' && name !== 'check' && name !== 'address' && name !== 'message')
    return unusable(`unknown command "${name}"`);
  const { config, json = false, totals = false } = values;
  if (name !== 'message' && (json || totals))
    return unusable(`${name} does not take --${json ? 'json' : 'totals'}`);
  const takes = name === 'address' || name === 'message';
  const [what, ...more] = takes ? rest : ['', ...rest];
  if (name === 'address' && what === undefined) return unusable('address needs an ADDRESS');
  if (totals && what !== undefined) return unusable('message takes an ID or --totals, not both');
  if (more.length > 0) return unusable(`${name} does not take "${more[0]}"`);
  if (config === undefined || config === '') return unusable(`${name} needs --config FILE`);
  switch (name) {
    case 'address':
      return { kind: name, config, address: what ?? '' };
    case 'message':
      if (what === '') return unusable('message needs an ID that is not empty');
      return { kind: name, config, id: what, json };
    default:
      return { kind: name, config };
  }
}

function unusable(reason: string): Command {
  return { kind: 'unusable', reason };
}
