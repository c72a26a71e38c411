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
  | {
      readonly kind: 'presence';
      readonly config: string;
      readonly watcher: string;
      readonly contact: string;
      readonly json: boolean;
    }
  | { readonly kind: 'call'; readonly config: string; readonly id: string; readonly json: boolean }
  | { readonly kind: 'version' | 'help' }
  | { readonly kind: 'unusable'; readonly reason: string };

export const USAGE = `Usage:
  stoxgate run --config FILE               run in the foreground
  stoxgate check --config FILE             check the file, then ports, DNS and links
  stoxgate address ADDRESS --config FILE   explain what becomes of an address, in both directions
  stoxgate message ID --config FILE        ask the running gateway where a message went and why, by the
                                           stanza's id, the Call-ID, or the Message-ID of a report
  stoxgate message --totals --config FILE  how many messages had which outcome since the start
  stoxgate presence WATCHER CONTACT --config FILE
                                           ask the running gateway what the one is shown of the other and why;
                                           both are addresses of either side
  stoxgate call ID --config FILE           ask the running gateway where a call stands or what became of it, by
                                           the Call-ID, the sid of the Jingle session, or the id in the log
  stoxgate --version
  stoxgate --help

Exit status of run: 0 after SIGTERM, 1 when it cannot start, 2 when the file is unusable.
Exit status of check: 0 nothing wrong, 1 a finding, 2 when the file is unusable.
Exit status of message: 0 found, 1 not found, 2 when the gateway cannot be asked.
Exit status of presence: 0 he watches him, 1 he does not, 2 when the gateway cannot be asked, or not this.
Exit status of call: 0 found, 1 not found, 2 when the gateway cannot be asked.
--json (message, presence, call) prints the answer as JSON.
`;

/** Commands of the contract whose feature is not built yet. */
const LATER = new Set(['init']);

/** Those that ask the running gateway. */
const ASKING = new Set(['message', 'presence', 'call']);

/** Arguments beside the options that each command takes. */
const TAKES = { run: 0, check: 0, address: 1, message: 1, presence: 2, call: 1 } as const;

function isCommand(name: string): name is keyof typeof TAKES {
  return Object.hasOwn(TAKES, name);
}

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
  if (!isCommand(name)) return unusable(`unknown command "${name}"`);
  const { config, json = false, totals = false } = values;
  if (totals && name !== 'message') return unusable(`${name} does not take --totals`);
  if (json && !ASKING.has(name)) return unusable(`${name} does not take --json`);
  const [what = '', contact = ''] = rest;
  if (name === 'address' && rest.length === 0) return unusable('address needs an ADDRESS');
  if (name === 'presence' && (what === '' || contact === ''))
    return unusable('presence needs a WATCHER and a CONTACT');
  if (name === 'call' && what === '') return unusable('call needs an ID');
  if (totals && rest.length > 0) return unusable('message takes an ID or --totals, not both');
  const surplus = rest[TAKES[name]];
  if (surplus !== undefined) return unusable(`${name} does not take "${surplus}"`);
  if (config === undefined || config === '') return unusable(`${name} needs --config FILE`);
  switch (name) {
    case 'address':
      return { kind: name, config, address: what };
    case 'message': {
      const [id] = rest;
      if (id === '') return unusable('message needs an ID that is not empty');
      return { kind: name, config, id, json };
    }
    case 'presence':
      return { kind: name, config, watcher: what, contact, json };
    case 'call':
      return { kind: name, config, id: what, json };
    default:
      return { kind: name, config };
  }
}

function unusable(reason: string): Command {
  return { kind: 'unusable', reason };
}
