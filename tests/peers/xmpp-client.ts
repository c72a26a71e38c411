// An XMPP user at a real client library (slixmpp).
import { fileURLToPath } from 'node:url';
import { textField } from './json-object.ts';
import { Agent, type AgentEvent } from './agent.ts';

export interface XmppClientOptions {
  readonly jid: string;
  readonly password: string;
  readonly port: number;
  /** Default: 127.0.0.1. */
  readonly host?: string;
  readonly logFile: string;
  /** Logs in again whenever the server went away. */
  readonly reconnect?: boolean;
}

export interface ReceivedStanza {
  readonly sender: string;
  readonly to: string;
  readonly type: string;
  readonly id: string | null;
  readonly body: string | null;
  readonly subject: string | null;
  readonly thread: string | null;
  readonly lang: string | null;
  readonly state: string | null;
  readonly condition: string | null;
  readonly errorType: string | null;
  readonly text: string | null;
  readonly delayed: boolean;
  /** Ids of the messages that a receipt and a marker are about. */
  readonly received: string | null;
  readonly displayed: string | null;
  /** `request` (XEP-0184), `markable` (XEP-0333). */
  readonly asks: readonly string[];
}

export interface ReceivedPresence {
  readonly sender: string;
  /** `available` without a type. */
  readonly type: string;
  readonly show: string | null;
  readonly status: string | null;
  readonly condition: string | null;
}

export interface OutgoingStanza {
  readonly to: string;
  readonly body?: string;
  readonly type?: string;
  readonly id?: string;
  readonly thread?: string;
  readonly subject?: string;
  readonly state?: string;
  readonly lang?: string;
}

const AGENT = fileURLToPath(new URL('slixmpp/slixmpp_agent.py', import.meta.url));

export class XmppClient {
  readonly agent: Agent;
  readonly jid: string;

  constructor(options: XmppClientOptions) {
    this.jid = options.jid;
    // Debian's python, for Debian's packages: another one earlier in PATH does not see them.
    const command = [
      '/usr/bin/python3',
      AGENT,
      options.jid,
      options.password,
      options.host ?? '127.0.0.1',
      String(options.port),
    ];
    if (options.reconnect) command.push('reconnect=1');
    this.agent = new Agent(`slixmpp ${options.jid}`, command, options.logFile);
  }

  static async online(options: XmppClientOptions): Promise<XmppClient> {
    const client = new XmppClient(options);
    await client.agent.wait('online', undefined, 20_000);
    return client;
  }

  send(stanza: OutgoingStanza): void {
    this.agent.do('message', { ...stanza });
  }

  /** Sends a stanza as it is written. */
  sendXml(xml: string): void {
    this.agent.do('xml', { xml });
  }

  /** It says that it knows this, when it is asked (XEP-0030). */
  announce(feature: string): void {
    this.agent.do('feature', { var: feature });
  }

  /** Presence with a type to somebody: `subscribe`, `unsubscribe` … */
  presence(to: string, type: string): void {
    this.agent.do('presence', { to, type });
  }

  /** Every presence stanza so far. */
  get presences(): readonly ReceivedPresence[] {
    return this.agent.events.filter((e) => e.event === 'presence').map(asPresence);
  }

  /** Every message stanza so far, errors too. */
  get received(): readonly ReceivedStanza[] {
    return this.agent.events.filter((e) => e.event === 'message').map(asStanza);
  }

  async message(
    matches: (stanza: ReceivedStanza) => boolean,
    timeoutMs = 10_000,
    from = 0,
  ): Promise<ReceivedStanza> {
    return asStanza(await this.agent.wait('message', (e) => matches(asStanza(e)), timeoutMs, from));
  }

  /** Sends an IQ (XML text) and gives the answer's type, condition and XML. */
  async ask(id: string, xml: string): Promise<{ type: string; condition: string | null; xml: string }> {
    this.agent.do('iq', { xml, id });
    const answer = await this.agent.wait('iq-result', (e) => e['id'] === id, 8_000);
    return {
      type: textField(answer, 'type') ?? '',
      condition: textField(answer, 'condition') ?? null,
      xml: textField(answer, 'xml') ?? '',
    };
  }

  close(): Promise<void> {
    return this.agent.close();
  }

  /** Ends it without its goodbye. */
  kill(): Promise<void> {
    return this.agent.kill();
  }
}

function asPresence(event: AgentEvent): ReceivedPresence {
  return {
    sender: textField(event, 'sender') ?? '',
    type: textField(event, 'type') ?? '',
    show: textField(event, 'show') ?? null,
    status: textField(event, 'status') ?? null,
    condition: textField(event, 'condition') ?? null,
  };
}

function asStanza(event: AgentEvent): ReceivedStanza {
  return {
    sender: textField(event, 'sender') ?? '',
    to: textField(event, 'to') ?? '',
    type: textField(event, 'type') ?? '',
    id: textField(event, 'id') ?? null,
    body: textField(event, 'body') ?? null,
    subject: textField(event, 'subject') ?? null,
    thread: textField(event, 'thread') ?? null,
    lang: textField(event, 'lang') ?? null,
    state: textField(event, 'state') ?? null,
    condition: textField(event, 'condition') ?? null,
    errorType: textField(event, 'errorType') ?? null,
    text: textField(event, 'text') ?? null,
    delayed: event['delayed'] === true,
    received: textField(event, 'received') ?? null,
    displayed: textField(event, 'displayed') ?? null,
    asks: Array.isArray(event['asks']) ? event['asks'].map(String) : [],
  };
}
