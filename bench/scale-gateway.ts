// The gateway of a measurement of much that stands: it tells its heap (heap-report.ts), with its store in a folder of the run's own.

import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stoxgate, type RunningGateway } from './gateways.ts';

export interface ScaleOptions {
  /** In the name of the folder. */
  readonly name: string;
  /** Another state of the project. */
  readonly root: string | undefined;
  /** Where a CPU profile goes. */
  readonly prof: string | undefined;
  readonly noStore: boolean;
  /** More lines of configuration. */
  readonly lines?: readonly string[];
}

export class ScaleGateway {
  readonly gateway: ReturnType<typeof stoxgate>;
  readonly #folder: string;
  readonly #report: string;
  readonly #database: string;

  constructor({ name, root, prof, noStore, lines = [] }: ScaleOptions) {
    this.#folder = mkdtempSync(join(tmpdir(), `stoxgate-${name}-`));
    this.#report = join(this.#folder, 'heap.json');
    this.#database = join(this.#folder, 'gw.db');
    process.env['STOXGATE_HEAP'] = this.#report;
    this.gateway = stoxgate(
      'stoxgate',
      root,
      [
        ...['--expose-gc', '--import', join(import.meta.dirname, 'heap-report.ts')],
        ...(prof === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${prof}`]),
      ],
      [`store: ${noStore ? '"memory:"' : `sqlite:${this.#database}`}`, ...lines],
    );
  }

  /** What the gateway holds after a full collection. */
  async held({ pid }: RunningGateway): Promise<NodeJS.MemoryUsage> {
    rmSync(this.#report, { force: true });
    process.kill(pid, 'SIGUSR2');
    for (let i = 0; i < 1200 && !existsSync(this.#report); i++) await sleep(50);
    const usage: NodeJS.MemoryUsage = JSON.parse(readFileSync(this.#report, 'utf8'));
    return usage;
  }

  /** Size of the SQLite file in octets. */
  get databaseOctets(): number {
    return statSync(this.#database).size;
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
