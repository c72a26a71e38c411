// The gateway itself as a process: `bin/stoxgate run`, its `ready` line, its log, its health page.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readObject, type JsonObject } from './json-object.ts';
import { PeerProcess } from './peer-process.ts';
import { mustBecome, waitFor } from './wait.ts';

/** This checkout's command, or another installation's to be tested by the same suites. */
const COMMAND =
  process.env['STOXGATE_COMMAND'] ?? fileURLToPath(new URL('../../bin/stoxgate', import.meta.url));

export interface StoxgateOptions {
  readonly name?: string;
  readonly folder: string;
  readonly consolePort: number;
  /** Default: 127.0.0.1. */
  readonly consoleHost?: string;
  /** The configuration as a value (JSON is YAML), or the text of the file, which then has the console at `consolePort`. */
  readonly config: Readonly<Record<string, unknown>> | string;
  readonly env?: Readonly<Record<string, string>>;
  /** Each line of its log (format json) as it comes. */
  readonly onLog?: (line: JsonObject) => void;
}

export class Stoxgate {
  readonly options: StoxgateOptions;
  #process: PeerProcess | undefined;
  #readyLine = '';

  constructor(options: StoxgateOptions) {
    this.options = options;
    mkdirSync(options.folder, { recursive: true });
    const { config } = options;
    const console = { listen: this.#console };
    const text =
      typeof config === 'string' ? config : `${JSON.stringify({ ...config, console }, undefined, 2)}\n`;
    writeFileSync(this.configFile, text);
  }

  get configFile(): string {
    return join(this.options.folder, 'stoxgate.yaml');
  }

  /** Everything that it wrote to standard error. */
  get output(): string {
    return this.#process?.output ?? '';
  }

  get alive(): boolean {
    return this.#process?.alive ?? false;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Resolves at the line `ready` (every listener is bound); links may still be on their way. */
  async start(): Promise<void> {
    this.#readyLine = '';
    const { onLog, env } = this.options;
    const process = new PeerProcess(
      this.options.name ?? 'stoxgate',
      [COMMAND, 'run', '--config', this.configFile],
      {
        logFile: join(this.options.folder, 'stoxgate.log'),
        ...(env && { env }),
        onLine: (line) => {
          this.#readyLine ||= line;
        },
        ...(onLog && {
          onErrorLine: (text: string) => {
            const line = readObject(text);
            if (line) onLog(line);
          },
        }),
      },
    );
    this.#process = process;
    await waitFor(() => this.#readyLine !== '' || !process.alive, 15_000);
    if (this.#readyLine !== 'ready') {
      throw new Error(
        `stoxgate said "${this.#readyLine}" instead of "ready":\n${process.output.slice(-3_000)}`,
      );
    }
  }

  /** Resolves when every link has been up once and all is well: /healthz says 200. */
  async healthy(timeoutMs = 20_000): Promise<void> {
    await mustBecome('/healthz of stoxgate', async () => (await this.health()) === 200, timeoutMs);
  }

  /** The status of GET /healthz; 0 when nobody answers. */
  async health(): Promise<number> {
    try {
      const response = await fetch(`http://${this.#console}/healthz`);
      await response.arrayBuffer();
      return response.status;
    } catch {
      return 0;
    }
  }

  /** What a command that asks the running gateway prints: `call ID`, for example. */
  asks(command: string, ...rest: readonly string[]): Promise<string> {
    const options = ['--config', this.configFile, ...rest];
    return new Promise((resolve) => {
      execFile(COMMAND, [command, ...options], { timeout: 10_000 }, (_error, stdout, stderr) =>
        resolve(`${stdout}${stderr}`),
      );
    });
  }

  async metrics(): Promise<string> {
    const response = await fetch(`http://${this.#console}/metrics`);
    return await response.text();
  }

  get #console(): string {
    const { consoleHost: host = '127.0.0.1', consolePort } = this.options;
    return `${host.includes(':') ? `[${host}]` : host}:${consolePort}`;
  }

  /** The log lines (JSON) of one event so far. */
  logged(event: string): readonly JsonObject[] {
    const lines: JsonObject[] = [];
    for (const text of this.output.split('\n')) {
      if (!text.includes(event)) continue;
      const line = readObject(text);
      if (line?.['event'] === event || line?.['msg'] === event) lines.push(line);
    }
    return lines;
  }

  /** SIGTERM: drains and exits 0 (the contract); resolves to the exit code. */
  async stop(graceMs = 20_000): Promise<number> {
    return (await this.#process?.stop(graceMs)) ?? 0;
  }

  async kill(): Promise<void> {
    await this.#process?.stop(0, 'SIGKILL');
  }
}
