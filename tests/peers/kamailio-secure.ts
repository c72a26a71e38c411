// Kamailio with phones over WebSocket on one side and the gateway over mutual TLS on the other.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kamailioModules, kamailioProcess } from './kamailio.ts';
import type { PeerProcess } from './peer-process.ts';
import { untilPortIsOpen } from './port-open.ts';
import { fillTemplate } from './template.ts';
import type { TestCertificate } from './test-ca.ts';

export interface SecureKamailioOptions {
  readonly folder: string;
  readonly domain: string;
  readonly xmppDomain: string;
  readonly tlsPort: number;
  readonly webSocketPort: number;
  /** WebSocket over TLS: nobody is asked for a certificate there. */
  readonly secureWebSocketPort: number;
  readonly gatewayPort: number;
  readonly certificate: TestCertificate;
}

export class SecureKamailio {
  readonly #options: SecureKamailioOptions;
  #process: PeerProcess | undefined;

  constructor(options: SecureKamailioOptions) {
    this.#options = options;
    const { folder, certificate: own } = options;
    mkdirSync(folder, { recursive: true });
    const side = (kind: string): string =>
      [
        `[${kind}:default]`,
        'method = TLSv1.2+',
        'verify_certificate = yes',
        'require_certificate = yes',
        `private_key = ${own.key}`,
        `certificate = ${own.certificate}`,
        `ca_list = ${own.ca}`,
      ].join('\n');
    const forBrowsers = [
      `[server:127.0.0.1:${options.secureWebSocketPort}]`,
      ...['method = TLSv1.2+', 'verify_certificate = no', 'require_certificate = no'],
      ...[`private_key = ${own.key}`, `certificate = ${own.certificate}`],
    ].join('\n');
    writeFileSync(join(folder, 'tls.cfg'), `${side('server')}\n${side('client')}\n${forBrowsers}\n`);
    writeFileSync(
      join(folder, 'kamailio.cfg'),
      fillTemplate('kamailio/secure.cfg', {
        FOLDER: folder,
        MODULE_PATH: kamailioModules(),
        SIP_DOMAIN: options.domain,
        XMPP_DOMAIN: options.xmppDomain,
        TLS_PORT: options.tlsPort,
        WS_PORT: options.webSocketPort,
        WSS_PORT: options.secureWebSocketPort,
        GATEWAY_PORT: options.gatewayPort,
      }),
    );
  }

  async start(): Promise<void> {
    this.#process = kamailioProcess(this.#options.folder);
    await untilPortIsOpen('kamailio', this.#options.tlsPort);
    await untilPortIsOpen('kamailio', this.#options.webSocketPort);
    await untilPortIsOpen('kamailio', this.#options.secureWebSocketPort);
  }

  async stop(): Promise<void> {
    await this.#process?.stop();
  }
}
