// `stoxgate check`: the file, then the surroundings, one line a finding with its remedy.

import { formatFinding } from '../gateway/index.ts';
import { checkAdmin } from './check-admin.ts';
import { checkDns } from './check-dns.ts';
import { checkKeys } from './keys.ts';
import { checkLinks } from './check-links.ts';
import { checkPorts } from './check-ports.ts';
import { checkRelay } from './check-relay.ts';
import { checkRoutes } from './check-routes.ts';
import { checkStore } from './check-store.ts';
import { checkTargets } from './check-targets.ts';
import { ExitStatus, loadOrTell, type Terminal } from './terminal.ts';

/** What is wrong around the gateway. */
export interface SurroundingFinding {
  /** The key of the configuration that it belongs to. */
  readonly key: string;
  readonly message: string;
  readonly remedy: string;
}

/** Exit status: 0 nothing wrong, 1 a finding, 2 an unusable file. */
export async function check(path: string, terminal: Terminal): Promise<number> {
  const loaded = loadOrTell(path, terminal);
  if (loaded === undefined) return ExitStatus.unusable;
  const { config, warnings } = loaded;
  const surroundings = await Promise.all([
    checkPorts(config),
    checkAdmin(path, config),
    checkStore(config),
    checkDns(config),
    checkTargets(config),
    checkLinks(config),
    checkRelay(config),
    checkRoutes(config),
  ]);
  const lines = [
    ...warnings.map(formatFinding),
    ...[...checkKeys(path, config, terminal), ...surroundings.flat()].map(
      ({ key, message, remedy }) => `${path}: ${key}: ${message}; ${remedy}`,
    ),
  ];
  for (const line of lines) terminal.out(line);
  if (lines.length > 0) return ExitStatus.failed;
  terminal.out(`${path}: nothing wrong`);
  return ExitStatus.fine;
}
