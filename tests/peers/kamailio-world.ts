// Kamailio as the SIP server of a whole world: it finds other domains by DNS (NAPTR, SRV), speaks TLS with their servers, and
// believes of them what their certificates say. Wants a network of its own: it takes its DNS server from the system.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kamailioModules, kamailioProcess } from './kamailio.ts';
import type { PeerProcess } from './peer-process.ts';
import { untilPortIsOpen } from './port-open.ts';
import { fillTemplate } from './template.ts';
import type { TestCertificate } from './test-ca.ts';
import type { Account } from './xmpp-server.ts';

export interface WorldKamailioOptions {
  readonly folder: string;
  readonly domain: string;
  /** Its address for servers, port 5061, and that for phones, UDP 5060 and WebSocket 8080; as they are, without brackets. */
  readonly server: string;
  readonly phones: string;
  readonly accounts: readonly Account[];
  readonly certificate: TestCertificate;
}

export class WorldKamailio {
  readonly #options: WorldKamailioOptions;
  #process: PeerProcess | undefined;

  constructor(options: WorldKamailioOptions) {
    this.#options = options;
    const { folder, domain, accounts, certificate: own, server, phones } = options;
    mkdirSync(folder, { recursive: true });
    const side = (kind: string): string =>
      [
        `[${kind}:default]`,
        ...['method = TLSv1.2+', 'verify_certificate = yes', 'require_certificate = yes'],
        ...[`private_key = ${own.key}`, `certificate = ${own.certificate}`, `ca_list = ${own.ca}`],
      ].join('\n');
    writeFileSync(join(folder, 'tls.cfg'), `${side('server')}\n${side('client')}\n`);
    const bracketed = (address: string): string => (address.includes(':') ? `[${address}]` : address);
    writeFileSync(
      join(folder, 'kamailio.cfg'),
      fillTemplate('kamailio/world.cfg', {
        FOLDER: folder,
        MODULE_PATH: kamailioModules(),
        SIP_DOMAIN: domain,
        ALIASES: `alias="${domain}"`,
        SERVER: bracketed(server),
        PHONES: bracketed(phones),
        PASSWORDS: accounts
          .map(({ user, password }) => `  $sht(passwords=>${user}) = "${password}";`)
          .join('\n'),
      }),
    );
  }

  async start(): Promise<void> {
    const { folder, server } = this.#options;
    this.#process = kamailioProcess(folder);
    await untilPortIsOpen('kamailio', 5061, 10_000, server);
  }

  async stop(): Promise<void> {
    await this.#process?.stop();
  }
}
