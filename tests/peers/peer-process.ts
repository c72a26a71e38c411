// A child process of a test or of the demonstration: output in a log file, ended by its own process group, waited for.
import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream, type WriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { waitFor } from './wait.ts';

export interface PeerProcessOptions {
  readonly logFile: string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** What the kernel sends it when this process dies without its exit handlers; default KILL. */
  readonly deathSignal?: 'KILL' | 'TERM';
  /** Each complete line of standard output, instead of into the text that `waitForOutput` searches. */
  readonly onLine?: (line: string) => void;
  /** Each complete line of standard error, as well as into the text. */
  readonly onErrorLine?: (line: string) => void;
}

/** A peer's whole output is kept for `waitForOutput` up to this many characters; the rest is only in the log file. */
const KEPT_OUTPUT = 8_000_000;

const living = new Set<PeerProcess>();

export class PeerProcess {
  readonly name: string;
  output = '';
  exitCode: number | undefined;
  readonly exited: Promise<number>;
  readonly #child: ChildProcess;
  readonly #log: WriteStream;

  constructor(name: string, command: readonly string[], options: PeerProcessOptions) {
    this.name = name;
    this.#log = createWriteStream(options.logFile, { flags: 'a' });
    // A group of its own, so that its children go with it; and the kernel ends it even if this process is killed.
    this.#child = spawn('setpriv', ['--pdeathsig', options.deathSignal ?? 'KILL', '--', ...command], {
      detached: true,
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    living.add(this);
    this.exited = new Promise((resolve) => {
      const ended = (code: number): void => {
        if (this.exitCode !== undefined) return;
        this.exitCode = code;
        living.delete(this);
        this.#signalGroup('SIGKILL');
        this.#log.end();
        resolve(code);
      };
      this.#child.once('error', (error) => {
        this.#keep(`${name}: ${error.message}\n`);
        ended(127);
      });
      // 'close' and not 'exit': everything that it wrote has been read by then. A grandchild that keeps the pipe
      // open must not hold us up, so a little after 'exit' that is enough.
      this.#child.once('close', (code) => ended(code ?? 128));
      this.#child.once('exit', (code) => setTimeout(() => ended(code ?? 128), 300).unref());
    });
    const { stdin, stdout, stderr } = this.#child;
    stdin?.on('error', () => {});
    stderr?.setEncoding('utf8').on('data', (text: string) => this.#keep(text));
    if (stderr && options.onErrorLine) createInterface({ input: stderr }).on('line', options.onErrorLine);
    if (stdout && options.onLine) {
      const { onLine } = options;
      createInterface({ input: stdout, crlfDelay: Infinity }).on('line', (line) => {
        if (!this.#log.writableEnded) this.#log.write(`${line}\n`);
        onLine(line);
      });
    } else {
      stdout?.setEncoding('utf8').on('data', (text: string) => this.#keep(text));
    }
  }

  get alive(): boolean {
    return this.exitCode === undefined;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  write(text: string): void {
    this.#child.stdin?.write(text);
  }

  /** Waits until the output holds `pattern`; throws with the last lines when it ends or the time is over. */
  async waitForOutput(pattern: RegExp | string, timeoutMs = 10_000, from = 0): Promise<void> {
    const found = await waitFor(() => this.#holds(pattern, from) || !this.alive, timeoutMs);
    if (found !== undefined && this.#holds(pattern, from)) return;
    const why = this.alive ? `did not say ${pattern} within ${timeoutMs} ms` : `ended with ${this.exitCode}`;
    throw new Error(`${this.name} ${why}; its last words:\n${this.output.slice(-2_000)}`);
  }

  /** SIGTERM, after `graceMs` SIGKILL to the whole group; resolves to the exit code once it is gone. */
  async stop(graceMs = 5_000, signal: NodeJS.Signals = 'SIGTERM'): Promise<number> {
    if (this.alive) {
      this.signal(signal);
      const timer = setTimeout(() => this.#signalGroup('SIGKILL'), graceMs);
      await this.exited;
      clearTimeout(timer);
    }
    return await this.exited;
  }

  /** To this one process only, not to its group. */
  signal(signal: NodeJS.Signals): void {
    if (this.alive) this.#child.kill(signal);
  }

  kill(): void {
    this.#signalGroup('SIGKILL');
  }

  #holds(pattern: RegExp | string, from: number): boolean {
    const text = from === 0 ? this.output : this.output.slice(from);
    return typeof pattern === 'string' ? text.includes(pattern) : pattern.test(text);
  }

  #keep(text: string): void {
    if (!this.#log.writableEnded) this.#log.write(text);
    if (this.output.length < KEPT_OUTPUT) this.output += text;
  }

  #signalGroup(signal: NodeJS.Signals): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // Nobody of the group is left: that is what we wanted.
    }
  }
}

/** For exit handlers: nothing that this process started outlives it. */
export function killAllPeers(): void {
  for (const peer of living) peer.kill();
}
process.once('exit', killAllPeers);
