// ejabberd as a peer: Erlang run directly (ejabberdctl changes the user and wants /etc and /var).
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PeerProcess } from './peer-process.ts';
import { untilPortIsOpen } from './port-open.ts';
import { fillTemplate } from './template.ts';
import { pause } from './wait.ts';
import type { XmppServer, XmppServerOptions } from './xmpp-server.ts';

/** disk_log of Erlang keeps what it was given for 2 s. */
const LOG_DELAY_MS = 2200;

export class Ejabberd implements XmppServer {
  readonly name = 'ejabberd';
  readonly options: XmppServerOptions;
  #process: PeerProcess | undefined;

  constructor(options: XmppServerOptions) {
    this.options = options;
    mkdirSync(join(options.folder, 'mnesia'), { recursive: true });
    // One listener for each: a listener with several hosts gives every connection the stanzas of all of them.
    const listeners = options.components.map(
      ({ domain, secret, port }) =>
        `  - {port: ${port}, ip: "127.0.0.1", module: ejabberd_service, access: component, check_from: true, ` +
        `hosts: {"${domain}": {password: "${secret}"}}}`,
    );
    writeFileSync(
      join(options.folder, 'ejabberd.yml'),
      fillTemplate('ejabberd/ejabberd.yml.in', {
        DOMAIN: options.domain,
        CLIENT_PORT: options.clientPort,
        COMPONENTS: listeners.join('\n'),
        ...federation(options),
      }),
    );
  }

  async start(): Promise<void> {
    const { folder, domain, accounts } = this.options;
    const register = accounts.map(
      ({ user, password }) => `ejabberd_auth:try_register(<<"${user}">>,<<"${domain}">>,<<"${password}">>),`,
    );
    this.#process = new PeerProcess(
      'ejabberd',
      [
        ...['erl', '-noinput', '-noshell', '-pa', libraryFolder(), '+K', 'true', '+P', '50000', '+S', '1:1'],
        ...[
          '-kernel',
          'inet_dist_use_interface',
          '{127,0,0,1}',
          '-mnesia',
          'dir',
          `"${join(folder, 'mnesia')}"`,
        ],
        ...[
          '-ejabberd',
          'config',
          `"${join(folder, 'ejabberd.yml')}"`,
          'log_path',
          `"${join(folder, 'ejabberd.log')}"`,
        ],
        '-eval',
        `${nameServer(this.options)}{ok,_}=application:ensure_all_started(ejabberd), ${register.join(' ')} io:format("ready~n").`,
      ],
      { logFile: join(folder, 'erl.log'), cwd: folder, env: { HOME: folder, ERL_CRASH_DUMP: '/dev/null' } },
    );
    await this.#process.waitForOutput('ready', 30_000);
    await untilPortIsOpen('ejabberd', this.options.clientPort);
    for (const { port } of this.options.components) await untilPortIsOpen('ejabberd', port);
    const { federation: other } = this.options;
    if (other) await untilPortIsOpen('ejabberd', other.port, 10_000, other.address);
  }

  async stop(): Promise<void> {
    // The Erlang runtime ends its applications in order on SIGTERM (init:stop); listeners and sessions take a moment.
    await this.#process?.stop(10_000);
  }

  /** SIGKILL. Mnesia's log waits up to two seconds for its disk, and a roster that is lost is no fault of ours to be tested. */
  async kill(): Promise<void> {
    await pause(LOG_DELAY_MS);
    await this.#process?.stop(0, 'SIGKILL');
  }
}

/** ejabberd_s2s_in and what it needs, or none of it. */
function federation({ folder, federation: wanted }: XmppServerOptions): Record<string, string> {
  if (wanted === undefined) {
    return { FEDERATION: 's2s_access: none', FEDERATION_LISTENER: '', FEDERATION_MODULES: '' };
  }
  const { tls, port, certificatesOnly, extensions, address = '127.0.0.1' } = wanted;
  const pem = join(folder, 'server.pem');
  writeFileSync(pem, readFileSync(tls.certificate, 'utf8') + readFileSync(tls.key, 'utf8'));
  return {
    FEDERATION: [
      's2s_access: all',
      `certfiles: ["${pem}"]`,
      `ca_file: "${tls.ca}"`,
      `s2s_cafile: "${tls.ca}"`,
      's2s_use_starttls: required',
      's2s_dns_timeout: 3 seconds',
      'outgoing_s2s_families: [ipv4]',
    ].join('\n'),
    FEDERATION_LISTENER: `  - {port: ${port}, ip: "${address}", module: ejabberd_s2s_in}`,
    FEDERATION_MODULES: [
      ...(certificatesOnly ? [] : ['  mod_s2s_dialback: {}']),
      ...(extensions ? ['  mod_stream_mgmt: {}'] : []),
    ].join('\n'),
  };
}

/** Erlang asks the servers of resolv.conf, unless it is told. */
function nameServer({ federation: wanted }: XmppServerOptions): string {
  if (wanted === undefined) return '';
  const [address = '', port = ''] = wanted.dns.split(':');
  const tuple = `{${address.replaceAll('.', ',')}}`;
  return `inet_db:set_resolv_conf(""), inet_db:set_lookup([dns]), inet_db:add_ns(${tuple}, ${port}), `;
}

// COMPAT(Debian 12): two ejabberd-* folders are installed, and only one may hold the application file.
function libraryFolder(): string {
  for (const architecture of readdirSync('/usr/lib')) {
    const base = join('/usr/lib', architecture);
    if (!statSync(base, { throwIfNoEntry: false })?.isDirectory()) continue;
    for (const name of readdirSync(base)) {
      const ebin = join(base, name, 'ebin');
      if (name.startsWith('ejabberd-') && existsSync(join(ebin, 'ejabberd.app'))) return ebin;
    }
  }
  throw new Error('no ejabberd library folder below /usr/lib: is the package ejabberd installed?');
}
