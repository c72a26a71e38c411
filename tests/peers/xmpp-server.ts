// What the suites want of an XMPP server, whichever it is: accounts, a client port, component links, stop and start again.

export interface Account {
  readonly user: string;
  readonly password: string;
}

export interface ComponentAccount {
  readonly domain: string;
  readonly secret: string;
  readonly port: number;
}

/** How a server speaks to other servers. */
export interface Federation {
  /** Where it listens for servers; default 127.0.0.1. */
  readonly address?: string;
  readonly port: number;
  /** Certificate, key and authority (PEM). */
  readonly tls: { readonly certificate: string; readonly key: string; readonly ca: string };
  /** `ADDRESS:PORT` of the DNS server that it asks. */
  readonly dns: string;
  /** Only certificates count; else dialback will do. */
  readonly certificatesOnly: boolean;
  /** The port begins with TLS (XEP-0368), where the server can. */
  readonly directTls?: boolean;
  /** XEP-0198 and XEP-0288, where the server has them. */
  readonly extensions: boolean;
}

export interface XmppServerOptions {
  /** Where it listens for clients, where the server can be told; default 127.0.0.1. */
  readonly clientAddress?: string;
  /** Of jabberd2's router, when there is no component. */
  readonly routerPort?: number;
  /** Absent: it speaks to no other server. */
  readonly federation?: Federation;
  readonly folder: string;
  readonly domain: string;
  readonly clientPort: number;
  readonly accounts: readonly Account[];
  readonly components: readonly ComponentAccount[];
}

export interface XmppServer {
  readonly name: string;
  readonly options: XmppServerOptions;
  /** Starts it, also again after `stop`, with the same data and ports; resolves when its ports are open. */
  start(): Promise<void>;
  /** The orderly way (SIGTERM). */
  stop(): Promise<void>;
  /** SIGKILL, all of its processes. */
  kill(): Promise<void>;
}

export type XmppServerKind = 'prosody' | 'ejabberd' | 'jabberd2';
