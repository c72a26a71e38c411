// `stoxgate run`

import { startGateway } from '../gateway/index.ts';
import { supervise } from './supervise.ts';
import type { Terminal } from './terminal.ts';
import { packageVersion } from './version.ts';

export function run(path: string, terminal: Terminal): Promise<number> {
  return supervise(path, {
    terminal,
    version: packageVersion(),
    start: startGateway,
    signals: process,
    exit: (status) => process.exit(status),
  });
}
