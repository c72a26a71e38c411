// rtpengine as a peer: in user space, without its kernel module, on loopback, with its control protocol "ng" over UDP.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { PeerProcess } from './peer-process.ts';

export interface RtpengineOptions {
  readonly folder: string;
  /** A loopback address, where media and the control protocol are. */
  readonly address: string;
  readonly port: number;
  /** Further interfaces by name, each with a loopback address; then the first one is "default". */
  readonly interfaces?: Readonly<Record<string, string>>;
}

export class Rtpengine {
  readonly options: RtpengineOptions;
  #process: PeerProcess | undefined;

  constructor(options: RtpengineOptions) {
    this.options = options;
    mkdirSync(options.folder, { recursive: true });
  }

  async start(): Promise<void> {
    const { address, port, folder, interfaces } = this.options;
    const named = Object.entries(interfaces ?? {}).map(([name, host]) => `--interface=${name}/${host}`);
    const command = [
      ...['rtpengine', '--foreground', '--log-stderr', '--log-level=6', '--config-file=none', '--table=-1'],
      ...(named.length > 0 ? named : [`--interface=${address}`]),
      ...[`--listen-ng=${address}:${port}`, '--port-min=30000', '--port-max=30999', '--num-threads=1'],
      // A call that was deleted is gone at once, so that a test can see it.
      ...['--delete-delay=0', '--no-fallback'],
    ];
    this.#process = new PeerProcess('rtpengine', command, {
      logFile: join(folder, `rtpengine-${port}.log`),
      cwd: folder,
    });
    await this.#process.waitForOutput('Startup complete', 10_000);
  }

  /** All that it has logged. */
  get output(): string {
    return this.#process?.output ?? '';
  }

  /** Ends as a crash does. */
  async kill(): Promise<void> {
    this.#process?.kill();
    await this.#process?.exited;
  }

  async stop(): Promise<void> {
    await this.#process?.stop();
  }
}
