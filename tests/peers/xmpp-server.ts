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

export interface XmppServerOptions {
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
