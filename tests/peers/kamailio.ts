// Kamailio as a peer: registrar and proxy of a SIP domain that sends the XMPP domains to the gateway.
import { cpSync, mkdirSync, readdirSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PeerProcess } from './peer-process.ts';
import { untilPortIsOpen } from './port-open.ts';
import { fillTemplate } from './template.ts';
import type { Account } from './xmpp-server.ts';

/** Empty tables in the form of its module db_text; they come with the package. */
export const KAMAILIO_TABLES = '/usr/share/kamailio/dbtext/kamailio';

export interface KamailioOptions {
  readonly folder: string;
  readonly domain: string;
  readonly port: number;
  readonly gatewayPort: number;
  /** The domains that are sent to the gateway. */
  readonly gatewayDomains: readonly string[];
  readonly accounts: readonly Account[];
  /** Serves the event package "reg" (package kamailio-presence-modules). `minExpires`: shorter subscriptions get 423. */
  readonly registrationEvents?: { readonly minExpires: number };
  /** Carries SUBSCRIBE and NOTIFY of the package "presence" between its users and the XMPP domains. */
  readonly presence?: boolean;
  /** Stays in the way of calls, as a proxy that counts them does. */
  readonly calls?: boolean;
  /** Hands over one line for each message in and out, with its time to the microsecond. */
  readonly onTrace?: (line: string) => void;
}

export class Kamailio {
  readonly options: KamailioOptions;
  #process: PeerProcess | undefined;

  constructor(options: KamailioOptions) {
    this.options = options;
    mkdirSync(options.folder, { recursive: true });
    const routes = options.gatewayDomains.map(
      (domain) =>
        `  if ($rd == "${domain}") { $du = "sip:127.0.0.1:${options.gatewayPort};transport=udp"; route(RELAY); }`,
    );
    const passwords = options.accounts.map(
      ({ user, password }) => `  $sht(passwords=>${user}) = "${password}";`,
    );
    const tables = join(options.folder, 'tables');
    if (options.registrationEvents !== undefined) cpSync(KAMAILIO_TABLES, tables, { recursive: true });
    writeFileSync(
      join(options.folder, 'kamailio.cfg'),
      fillTemplate('kamailio/kamailio.cfg', {
        CHILDREN: 2,
        MODULE_PATH: kamailioModules(),
        SIP_DOMAIN: options.domain,
        SIP_PORT: options.port,
        GATEWAY_PORT: options.gatewayPort,
        PASSWORDS: passwords.join('\n'),
        ROUTES: routes.join('\n'),
        REGISTRATION_EVENTS_DEFINE: options.registrationEvents ? '#!define REGISTRATION_EVENTS' : '',
        PRESENCE_DEFINE: options.presence === true ? '#!define PRESENCE' : '',
        CALLS_DEFINE: options.calls === true ? '#!define CALLS' : '',
        SUBSCRIPTION_MIN_EXPIRES: options.registrationEvents?.minExpires ?? 0,
        TABLES: tables,
        TRACE_DEFINE: options.onTrace ? '#!define TRACE' : '',
        TRACE_REPLIES: options.onTrace ? 'onsend_route_reply=yes' : '',
      }),
    );
  }

  async start(): Promise<void> {
    const { folder, port, onTrace } = this.options;
    this.#process = kamailioProcess(folder, onTrace);
    await untilPortIsOpen('kamailio', port);
  }

  async stop(): Promise<void> {
    await this.#process?.stop();
  }

  /** SIGKILL, its workers too. */
  async kill(): Promise<void> {
    await this.#process?.stop(0, 'SIGKILL');
  }
}

/** Runs it with the `kamailio.cfg` of this folder. */
export function kamailioProcess(folder: string, onTrace?: (line: string) => void): PeerProcess {
  // The shell joins the two outputs: Kamailio logs on standard error, and lines come from standard output here.
  const command =
    'cd "$1" && exec kamailio -DD -E -m 64 -M 8 -w "$1" -Y "$1" -P "$1/pid" -f "$1/kamailio.cfg" 2>&1';
  return new PeerProcess('kamailio', ['sh', '-c', command, 'kamailio', folder], {
    logFile: join(folder, 'kamailio.log'),
    cwd: folder,
    // Its main process ends its workers; nobody else would.
    deathSignal: 'TERM',
    ...(onTrace && {
      onLine: (line: string) => {
        const at = line.indexOf('TRACE\t');
        if (at >= 0) onTrace(line.slice(at));
      },
    }),
  });
}

export function kamailioModules(): string {
  for (const name of readdirSync('/usr/lib')) {
    const path = join('/usr/lib', name, 'kamailio/modules');
    if (existsSync(path)) return `${path}/`;
  }
  throw new Error('no kamailio/modules below /usr/lib: is the package kamailio installed?');
}
