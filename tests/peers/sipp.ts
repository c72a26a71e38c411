// sipp (package sip-tester): runs of one scenario, exact messages; exit status 0 means that the scenario was met.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PeerProcess } from './peer-process.ts';
import { freePort } from './ports.ts';
import { mustBecome } from './wait.ts';

export interface SippRun {
  readonly folder: string;
  /** A file of tests/peers/sipp, or a scenario as `sippScenario` writes it. */
  readonly scenario: string;
  /** Whom it sends to; absent: it waits for requests. */
  readonly targetPort?: number;
  /** Default: a free one. */
  readonly port?: number;
  readonly keys?: Readonly<Record<string, string>>;
  readonly transport?: 'u1' | 't1';
  readonly count?: number;
  readonly ratePerSecond?: number;
  /** Calls at the same time; default: as sipp thinks right. */
  readonly limit?: number;
  /** `uri`: of the digest, without scheme; sipp itself would take its own target (RFC 7616 §3.4.6). */
  readonly account?: { readonly user: string; readonly password: string; readonly uri?: string };
}

export interface SippResult {
  readonly exitCode: number;
  readonly output: string;
}

const GIVE_UP_SECONDS = '40';

/** Runs a scenario that begins itself, to its end. */
export function runSipp(run: SippRun): Promise<SippResult> {
  return startSipp(run).then((sipp) => sipp.result());
}

/** A run that is under way. */
export class Sipp {
  readonly #process: PeerProcess;
  readonly #faults: string;

  constructor(process: PeerProcess, faults: string) {
    this.#process = process;
    this.#faults = faults;
  }

  /** When it has ended; what it did not expect is in `output`. */
  async result(): Promise<SippResult> {
    const exitCode = await this.#process.exited;
    const faults = existsSync(this.#faults) ? readFileSync(this.#faults, 'utf8') : '';
    return { exitCode, output: `${faults}\n${this.#process.output}` };
  }

  /** What it wrote, with its table of messages; an Error with what went wrong unless the scenario was met. */
  async met(): Promise<string> {
    const { exitCode, output } = await this.result();
    if (exitCode !== 0) throw new Error(`sipp ended with ${exitCode}:\n${output.slice(0, 2_500)}`);
    return output;
  }

  /** It is gone without a word. */
  async kill(): Promise<void> {
    await this.#process.stop(0, 'SIGKILL');
  }

  async stop(): Promise<void> {
    await this.#process.stop(500);
  }
}

/** Starts a run; one that waits for requests can hear them when this resolves. */
export async function startSipp(run: SippRun): Promise<Sipp> {
  const port = run.port ?? (await freePort());
  const transport = run.transport ?? 'u1';
  const keys = Object.entries(run.keys ?? {}).flatMap(([name, value]) => ['-key', name, value]);
  const account = run.account ? ['-au', run.account.user, '-ap', run.account.password] : [];
  if (run.account?.uri !== undefined) account.push('-auth_uri', run.account.uri);
  const faults = join(run.folder, 'errors.log');
  const sipp = new PeerProcess(
    'sipp',
    [
      ...[
        'sipp',
        '-sf',
        scenarioFile(run),
        '-i',
        '127.0.0.1',
        '-p',
        String(port),
        '-t',
        transport,
        '-nostdin',
      ],
      ...['-m', String(run.count ?? 1), '-r', String(run.ratePerSecond ?? 10)],
      ...(run.limit === undefined ? [] : ['-l', String(run.limit)]),
      ...['-timeout', GIVE_UP_SECONDS, '-timeout_error', '-trace_err', '-error_file', faults],
      ...(process.env['STOXGATE_KEEP'] === '1'
        ? ['-trace_msg', '-message_file', join(run.folder, 'messages.log')]
        : []),
      ...[...account, ...keys],
      ...(run.targetPort === undefined ? [] : [`127.0.0.1:${run.targetPort}`]),
    ],
    { logFile: join(run.folder, 'sipp.log'), cwd: run.folder, env: { TERM: 'dumb' } },
  );
  if (run.targetPort === undefined) {
    const table = transport === 'u1' ? 'udp' : 'tcp';
    await mustBecome(`port ${port} of sipp`, () => !sipp.alive || isBound(table, port), 10_000);
  }
  return new Sipp(sipp, faults);
}

function scenarioFile({ scenario, folder }: SippRun): string {
  if (!scenario.startsWith('<')) return fileURLToPath(new URL(`sipp/${scenario}`, import.meta.url));
  const file = join(folder, 'scenario.xml');
  writeFileSync(file, scenario);
  return file;
}

/** State of a socket that listens, in the tables of /proc/net; one of TCP that was closed is in the table for a minute more. */
const LISTENS = { udp: '07', tcp: '0A' } as const;

/** Some socket of IPv4 listens there: a connection would be a call of its own to sipp. */
function isBound(table: 'udp' | 'tcp', port: number): boolean {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return readFileSync(`/proc/net/${table}`, 'utf8')
    .split('\n')
    .some((line) => {
      const [, local = '', , state = ''] = line.trim().split(/\s+/);
      return local.endsWith(wanted) && state === LISTENS[table];
    });
}
