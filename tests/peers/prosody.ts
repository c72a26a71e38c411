// Prosody as a peer: generated configuration, accounts written before the start.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PeerProcess } from './peer-process.ts';
import { untilPortIsOpen } from './port-open.ts';
import { fillTemplate } from './template.ts';
import type { XmppServer, XmppServerOptions } from './xmpp-server.ts';

export interface ProsodyOptions extends XmppServerOptions {
  /** A new connection of a component takes the place of the one that is there; else it is refused. */
  readonly kickOld?: boolean;
  /** Logs every stanza with its time (mod_wire_trace) and hands each such line over. */
  readonly onTrace?: (line: string) => void;
  /** The port for clients in web pages (RFC 7395), at /xmpp-websocket; of any origin, without TLS. */
  readonly webSocketPort?: number;
  /** The text that says which hosts there are, in the place of one made of `domain` and `components`. */
  readonly hosts?: string;
  /** Certificate and key (PEM) for STARTTLS with people's own clients. */
  readonly certificate?: { readonly certificateFile: string; readonly keyFile: string };
}

export class Prosody implements XmppServer {
  readonly name = 'prosody';
  readonly options: ProsodyOptions;
  #process: PeerProcess | undefined;

  constructor(options: ProsodyOptions) {
    this.options = options;
    const { folder, certificate } = options;
    const loaded = [
      ...(options.onTrace ? ['wire_trace'] : []),
      ...(options.webSocketPort === undefined ? [] : ['websocket']),
      ...(options.federation ? ['dialback'] : []),
      ...(options.federation?.extensions === true ? ['s2s_bidi', 'smacks'] : []),
    ];
    const modules = loaded.map((module) => `"${module}"`).join(', ');
    const conflict = options.kickOld === true ? '  component_conflict_resolve = "kick_old"\n' : '';
    const components = options.components.map(
      ({ domain, secret }) =>
        `Component "${domain}"\n  component_secret = "${secret}"\n  modules_enabled = { ${modules} }\n${conflict}`,
    );
    const tls = options.federation
      ? ''
      : certificate
        ? `ssl = { key = "${certificate.keyFile}", certificate = "${certificate.certificateFile}" }`
        : '';
    mkdirSync(join(folder, 'data'), { recursive: true });
    writeFileSync(
      join(folder, 'prosody.cfg.lua'),
      fillTemplate('prosody/prosody.cfg.lua', {
        FOLDER: folder,
        PLUGINS: fileURLToPath(new URL('prosody/modules', import.meta.url)),
        HOSTS: options.hosts ?? `VirtualHost "${options.domain}"\n${components.join('')}`,
        CLIENT_ADDRESS: options.clientAddress ?? '127.0.0.1',
        CLIENT_PORT: options.clientPort,
        COMPONENT_PORTS: componentPorts(options).join(', '),
        FEDERATION: federation(options),
        MODULES: modules,
        LOG_LEVEL: options.federation ? 'debug' : 'info',
        TLS: tls,
        WEB_SOCKET: webSocket(options),
      }),
    );
    for (const { user, password } of options.accounts) this.#writeAccount(user, password);
  }

  async start(): Promise<void> {
    const { folder, onTrace } = this.options;
    const config = join(folder, 'prosody.cfg.lua');
    this.#process = new PeerProcess('prosody', ['prosody', '--config', config], {
      logFile: join(folder, 'prosody.log'),
      cwd: folder,
      ...(onTrace && {
        onLine: (line: string) => {
          const at = line.indexOf('TRACE\t');
          if (at >= 0) onTrace(line.slice(at));
        },
      }),
    });
    const { clientPort, clientAddress } = this.options;
    await untilPortIsOpen('prosody', clientPort, 10_000, clientAddress);
    for (const port of componentPorts(this.options)) await untilPortIsOpen('prosody', port);
    const { federation: other, webSocketPort } = this.options;
    if (webSocketPort !== undefined) await untilPortIsOpen('prosody', webSocketPort);
    if (other) await untilPortIsOpen('prosody', other.port, 10_000, other.address);
  }

  async stop(): Promise<void> {
    await this.#process?.stop();
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    await this.#process?.stop(0, 'SIGKILL');
  }

  /** util.datamanager's file of one account: its folder name has every non-alphanumeric octet as %xx. */
  #writeAccount(user: string, password: string): void {
    const encode = (name: string): string =>
      name.replace(/[^A-Za-z0-9]/g, (c) => `%${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
    const folder = join(this.options.folder, 'data', encode(this.options.domain), 'accounts');
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      join(folder, `${encode(user)}.dat`),
      `return {\n\t["password"] = ${JSON.stringify(password)};\n};\n`,
    );
  }
}

function componentPorts(options: XmppServerOptions): number[] {
  return [...new Set(options.components.map(({ port }) => port))];
}

/** mod_websocket with its port, or none of it; clients count as safe there, as behind a proxy that ends TLS. */
function webSocket({ webSocketPort: port, domain }: ProsodyOptions): string {
  if (port === undefined) return '';
  return [
    `http_interfaces = { "127.0.0.1" }; http_ports = { ${port} }; https_ports = {}`,
    `http_default_host = "${domain}"`,
    'consider_websocket_secure = true',
  ].join('\n');
}

/** mod_s2s with its ports, certificates and DNS, or none of it. */
function federation({ federation: wanted }: XmppServerOptions): string {
  if (wanted === undefined) return 'modules_disabled = { "s2s" }\ns2s_direct_tls_ports = {}';
  const { port, tls, dns, certificatesOnly, directTls, address = '127.0.0.1' } = wanted;
  const files = `certificate = "${tls.certificate}", key = "${tls.key}", cafile = "${tls.ca}"`;
  return [
    `s2s_interfaces = { "${address}" }`,
    `s2s_direct_tls_interfaces = { "${address}" }`,
    `s2s_ports = { ${directTls === true ? '' : port} }`,
    `s2s_direct_tls_ports = { ${directTls === true ? port : ''} }`,
    's2s_require_encryption = true',
    `s2s_secure_auth = ${certificatesOnly}`,
    `ssl = { ${files} }`,
    // libunbound asks nobody on loopback, and answers for special names itself, unless it is told.
    `unbound = { resolvconf = false, hoststxt = false, forward = { "${dns.replace(/:(\d+)$/, '@$1').replace(/[[\]]/g, '')}" },`,
    '  options = { ["do-not-query-localhost:"] = "no", ["local-zone:"] = "test. transparent", ["cache-max-ttl:"] = "1", ["cache-max-negative-ttl:"] = "1" } }',
  ].join('\n');
}
