// The command `stoxgate`. Each command loads only what it needs.

import { readArguments, USAGE } from './arguments.ts';
import { ExitStatus, processTerminal, type Terminal } from './terminal.ts';
import { packageVersion } from './version.ts';

async function main(argv: readonly string[], terminal: Terminal): Promise<number> {
  const command = readArguments(argv);
  switch (command.kind) {
    case 'run':
      return (await import('./run.ts')).run(command.config, terminal);
    case 'check':
      return (await import('./check.ts')).check(command.config, terminal);
    case 'address':
      return (await import('./address.ts')).explainAddress(command.address, command.config, terminal);
    case 'message':
      return (await import('./message.ts')).message(command, terminal);
    case 'presence':
      return (await import('./presence.ts')).presence(command, terminal);
    case 'call':
      return (await import('./call.ts')).call(command, terminal);
    case 'version':
      terminal.out(packageVersion());
      return ExitStatus.fine;
    case 'help':
      terminal.out(USAGE.trimEnd());
      return ExitStatus.fine;
    default:
      terminal.err(`stoxgate: ${command.reason}\n\n${USAGE.trimEnd()}`);
      return ExitStatus.unusable;
  }
}

// The last resort: the gateway guards every entry of its own, so this is a fault in starting or stopping.
process.on('uncaughtException', (error) => {
  process.stderr.write(
    `${JSON.stringify({ level: 'error', event: 'process.fault', error: error.stack ?? String(error) })}\n`,
  );
  process.exit(ExitStatus.bug);
});

process.exit(await main(process.argv.slice(2), processTerminal()));
