// sipp (package sip-tester): one scenario run, exact messages; exit status 0 means that the scenario was met.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PeerProcess } from './peer-process.ts';
import { freePort } from './ports.ts';

export interface SippRun {
  readonly folder: string;
  /** A file of tests/peers/sipp. */
  readonly scenario: string;
  readonly targetPort: number;
  readonly keys: Readonly<Record<string, string>>;
  readonly transport?: 'u1' | 't1';
  readonly count?: number;
  readonly ratePerSecond?: number;
  /** `uri`: of the digest, without scheme; sipp itself would take its own target (RFC 7616 §3.4.6). */
  readonly account?: { readonly user: string; readonly password: string; readonly uri?: string };
}

export interface SippResult {
  readonly exitCode: number;
  readonly output: string;
}

export async function runSipp(run: SippRun): Promise<SippResult> {
  const port = await freePort();
  const scenario = fileURLToPath(new URL(`sipp/${run.scenario}`, import.meta.url));
  const keys = Object.entries(run.keys).flatMap(([name, value]) => ['-key', name, value]);
  const account = run.account ? ['-au', run.account.user, '-ap', run.account.password] : [];
  if (run.account?.uri !== undefined) account.push('-auth_uri', run.account.uri);
  const sipp = new PeerProcess(
    'sipp',
    [
      ...[
        'sipp',
        '-sf',
        scenario,
        '-i',
        '127.0.0.1',
        '-p',
        String(port),
        '-t',
        run.transport ?? 'u1',
        '-nostdin',
      ],
      ...[
        '-m',
        String(run.count ?? 1),
        '-r',
        String(run.ratePerSecond ?? 10),
        '-timeout',
        '40',
        '-timeout_error',
      ],
      ...[...account, ...keys, `127.0.0.1:${run.targetPort}`],
    ],
    { logFile: join(run.folder, 'sipp.log'), cwd: run.folder, env: { TERM: 'dumb' } },
  );
  const exitCode = await sipp.exited;
  return { exitCode, output: sipp.output };
}
