// Kamailio as the presence server of a domain (packages kamailio and kamailio-presence-modules): its users publish, watchers
// subscribe, and rules come over XCAP.
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
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
  /** It serves lists, too (RFC 4662). */
  readonly lists?: readonly KeptList[];
}

/** A list that is kept for one of its users (RFC 4826 §4). */
export interface KeptList {
  readonly user: string;
  readonly uri: string;
  /** SIP URIs. */
  readonly members: readonly string[];
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
        LISTS_DEFINE: options.lists === undefined ? '' : '#!define LISTS',
        FORCE_ACTIVE: forceActive ? 1 : 0,
        TABLES: join(folder, 'tables'),
        PASSWORDS: ['gateway', 'xcap']
          .map((user) => `  $sht(passwords=>${user}) = "${password}";`)
          .join('\n'),
      }),
    );
    if (options.lists !== undefined) this.#keep(options.lists);
  }

  /** In the table in which its XCAP server keeps documents (module db_text: one line each, with ":" escaped). */
  #keep(lists: readonly KeptList[]): void {
    const tables = join(this.options.folder, 'tables');
    mkdirSync(tables, { recursive: true });
    const rows = lists.map(({ user, uri, members }, index) => {
      const fields = [
        ...[String(index + 1), user, this.options.domain, rlsServices(uri, members), String(RLS_SERVICES)],
        ...['etag', '0', `/xcap-root/rls-services/users/sip:${user}@${this.options.domain}/index`, '0'],
      ];
      return fields.map((field) => field.replaceAll(':', String.raw`\:`)).join(':');
    });
    const head = readFileSync(join(KAMAILIO_TABLES, 'xcap'), 'utf8').trimEnd();
    writeFileSync(join(tables, 'xcap'), `${[head, ...rows].join('\n')}\n`);
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

/** The number that Kamailio gives documents of this kind. */
const RLS_SERVICES = 8;

function rlsServices(uri: string, members: readonly string[]): string {
  const entries = members.map((member) => `<entry uri="${member}"/>`);
  return (
    `<?xml version="1.0" encoding="UTF-8"?><rls-services xmlns="urn:ietf:params:xml:ns:rls-services" xmlns:rl="urn:ietf:params:xml:ns:resource-lists">` +
    `<service uri="${uri}"><list>${entries.join('').replaceAll('<entry', '<rl:entry')}</list><packages><package>presence</package></packages></service></rls-services>`
  );
}
