// Kamailio as the presence server of a domain (packages kamailio and kamailio-presence-modules): its users publish, watchers
// subscribe, and rules come over XCAP.
import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { kamailioModules, kamailioProcess, KAMAILIO_TABLES } from './kamailio.ts';
import type { PeerProcess } from './peer-process.ts';
import { untilPortIsOpen } from './port-open.ts';
import { fillTemplate } from './template.ts';

export interface KamailioPresenceOptions {
  readonly folder: string;
  readonly domain: string;
  /** SIP, and HTTP over TCP. */
  readonly port: number;
  /** Where subscriptions to other domains go. */
  readonly nextPort: number;
  /** Of the gateway: `gateway` for PUBLISH, `xcap` for HTTP. */
  readonly password: string;
  /** Watchers need no permission. */
  readonly forceActive: boolean;
}

export class KamailioPresence {
  readonly options: KamailioPresenceOptions;
  #process: PeerProcess | undefined;

  constructor(options: KamailioPresenceOptions) {
    this.options = options;
    const { folder, domain, port, nextPort, password, forceActive } = options;
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      join(folder, 'kamailio.cfg'),
      fillTemplate('kamailio/presence.cfg', {
        MODULE_PATH: kamailioModules(),
        DOMAIN: domain,
        PORT: port,
        NEXT_PORT: nextPort,
        FORCE_ACTIVE: forceActive ? 1 : 0,
        TABLES: join(folder, 'tables'),
        PASSWORDS: ['gateway', 'xcap']
          .map((user) => `  $sht(passwords=>${user}) = "${password}";`)
          .join('\n'),
      }),
    );
  }

  get xcapRoot(): string {
    return `http://127.0.0.1:${this.options.port}/xcap-root`;
  }

  /** What an earlier run knew of presence it has forgotten; rules are kept. */
  async start(): Promise<void> {
    const { folder, port } = this.options;
    const tables = join(folder, 'tables');
    cpSync(KAMAILIO_TABLES, tables, { recursive: true, filter: (from) => !this.#keeps(from) });
    this.#process = kamailioProcess(folder);
    await untilPortIsOpen('kamailio', port);
  }

  #keeps(table: string): boolean {
    return basename(table) === 'xcap' && existsSync(join(this.options.folder, 'tables', 'xcap'));
  }

  get output(): string {
    return this.#process?.output ?? '';
  }

  async stop(): Promise<void> {
    await this.#process?.stop();
  }
}
