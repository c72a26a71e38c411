// biboumi as a peer: a component of an XMPP server that makes an IRC network out of addresses (`#chat%irc.example@…`).
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PeerProcess } from './peer-process.ts';
import { fillTemplate } from './template.ts';
import type { ComponentAccount } from './xmpp-server.ts';

export interface BiboumiOptions extends ComponentAccount {
  readonly folder: string;
}

export class Biboumi {
  readonly options: BiboumiOptions;
  #process: PeerProcess | undefined;

  constructor(options: BiboumiOptions) {
    this.options = options;
    const { folder, domain, secret, port } = options;
    mkdirSync(folder, { recursive: true });
    const text = fillTemplate('irc/biboumi.cfg', {
      FOLDER: folder,
      DOMAIN: domain,
      SECRET: secret,
      PORT: port,
    });
    writeFileSync(join(folder, 'biboumi.cfg'), text);
  }

  /** Resolves when its XMPP server has taken it. */
  async start(): Promise<void> {
    const { folder } = this.options;
    this.#process = new PeerProcess('biboumi', ['biboumi', join(folder, 'biboumi.cfg')], {
      logFile: join(folder, 'biboumi.log'),
      cwd: folder,
    });
    await this.#process.waitForOutput('Authenticated with the XMPP server', 10_000);
  }

  async stop(): Promise<void> {
    await this.#process?.stop();
  }
}
