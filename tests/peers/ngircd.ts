// ngIRCd as a peer: an IRC server at a loopback address of its own, at the port where IRC clients look for one.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PeerProcess } from './peer-process.ts';
import { untilPortIsOpen } from './port-open.ts';
import { fillTemplate } from './template.ts';

/** What biboumi takes where TLS is not served; it cannot be told another one by its configuration. */
export const IRC_PORT = 6667;

export interface NgircdOptions {
  readonly folder: string;
  /** A loopback address whose port 6667 is free. */
  readonly address: string;
}

export class Ngircd {
  readonly options: NgircdOptions;
  #process: PeerProcess | undefined;

  constructor(options: NgircdOptions) {
    this.options = options;
    mkdirSync(options.folder, { recursive: true });
    const text = fillTemplate('irc/ngircd.conf', { ADDRESS: options.address, PORT: IRC_PORT });
    writeFileSync(this.#configFile, text);
  }

  async start(): Promise<void> {
    this.#process = new PeerProcess('ngircd', ['ngircd', '--nodaemon', '--config', this.#configFile], {
      logFile: join(this.options.folder, 'ngircd.log'),
      cwd: this.options.folder,
    });
    await untilPortIsOpen('ngircd', IRC_PORT, 10_000, this.options.address);
  }

  async stop(): Promise<void> {
    await this.#process?.stop();
  }

  get #configFile(): string {
    return join(this.options.folder, 'ngircd.conf');
  }
}
