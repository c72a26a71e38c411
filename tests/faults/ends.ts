// The people of the matrix. Each end tells the ledgers what it sent, what it got and what it was told.

import { errorOf, messageXml, type XmppPeer } from '../system/xmpp-peer.ts';
import type { Kamailio } from '../peers/kamailio.ts';
import type { Prosody } from '../peers/prosody.ts';
import { SipEndpoint } from '../peers/sip-endpoint.ts';
import { header, parameter, type SipText } from '../peers/sip-text.ts';
import { pause } from '../peers/wait.ts';
import { XmppClient } from '../peers/xmpp-client.ts';
import { numbersIn, textOf, type Direction, type Ledger } from './ledger.ts';

export const SIP_DOMAIN = 'example.net';
export const XMPP_DOMAIN = 'example.com';

export type Ledgers = Readonly<Record<Direction, Ledger>>;

/** Who is there from the beginning, and who comes at the end. */
const PRESENT = 20;
const AWAY = 10;
const PEOPLE = 4;
/** RFC 3261 §17.1.2.2: the sender's own timer F. */
const TIMER_F_MS = 32_000;
const OFFLINE_MS = 1000;

/** The hint keeps `x2s` what it is: delivered now, or reported (XEP-0334). */
export const NO_STORE = `<no-store xmlns='urn:xmpp:hints'/>`;

export interface SipEnd {
  /** Sends one message and writes down what its sender was told. */
  send(index: number): Promise<void>;
  /** The recipient of a message from XMPP. */
  recipient(direction: 'x2s' | 'kept', index: number): string;
  /** What a fault answers instead; undefined: the end's own answer; 0: silence. */
  override: ((request: SipText) => number | undefined) | undefined;
  /** Whoever was away is there, and says so. */
  show(): Promise<void>;
  /** Where it listens, when it is the gateway's own next hop. */
  readonly port?: number;
  /** Requests that came again and were known: 482. */
  readonly merged: number;
  close(): Promise<void>;
}

/** One endpoint that is the gateway's next hop and all SIP users. */
export class DirectSipEnd implements SipEnd {
  override: SipEnd['override'];
  readonly #endpoint: SipEndpoint;
  readonly #ledgers: Ledgers;
  #shown = false;

  private constructor(endpoint: SipEndpoint, ledgers: Ledgers) {
    this.#endpoint = endpoint;
    this.#ledgers = ledgers;
    endpoint.answer = (request) => {
      const verdict = this.override?.(request);
      if (verdict !== undefined) return verdict === 0 ? undefined : verdict;
      if (request.startLine.includes('sip:away') && !this.#shown) return 480;
      arrived(ledgers, request);
      return 200;
    };
  }

  /** See `StageOptions`. */
  static async open(
    gatewayPort: number,
    ledgers: Ledgers,
    { answerMs = 0, merges = true }: { readonly answerMs?: number; readonly merges?: boolean },
  ): Promise<DirectSipEnd> {
    const options = { user: 'bob0', domain: SIP_DOMAIN, proxyPort: gatewayPort, merges, answerMs };
    return new DirectSipEnd(await SipEndpoint.open(options), ledgers);
  }

  get port(): number {
    return this.#endpoint.port;
  }

  get merged(): number {
    return this.#endpoint.merged;
  }

  get retransmissions(): number {
    return this.#endpoint.retransmissions;
  }

  async send(index: number): Promise<void> {
    await sendAs(this.#endpoint, this.#ledgers.s2x, index, {
      from: `bob${index % PRESENT}@${SIP_DOMAIN}`,
      to: `alice${index % PEOPLE}@${XMPP_DOMAIN}`,
    });
  }

  recipient(direction: 'x2s' | 'kept', index: number): string {
    return direction === 'x2s' ? `bob${index % PRESENT}@${SIP_DOMAIN}` : `away${index % AWAY}@${SIP_DOMAIN}`;
  }

  async show(): Promise<void> {
    this.#shown = true;
    const users = Array.from({ length: AWAY }, (_, index) => `away${index}@${SIP_DOMAIN}`);
    const options = { timeoutMs: 3000 };
    await Promise.all(
      users.map((from) => this.#endpoint.message(`alice0@${XMPP_DOMAIN}`, 'I am here', { from, ...options })),
    );
  }

  /** Whoever was away goes again. */
  hide(): void {
    this.#shown = false;
  }

  close(): Promise<void> {
    return this.#endpoint.close();
  }
}

/** Two users of a real registrar and proxy. */
export class KamailioSipEnd implements SipEnd {
  override: SipEnd['override'];
  readonly #bob: SipEndpoint;
  readonly #away: SipEndpoint;
  readonly #ledgers: Ledgers;

  private constructor(bob: SipEndpoint, away: SipEndpoint, ledgers: Ledgers) {
    this.#bob = bob;
    this.#away = away;
    this.#ledgers = ledgers;
    for (const endpoint of [bob, away]) {
      endpoint.answer = (request) => {
        arrived(ledgers, request);
        return 200;
      };
    }
  }

  static async open(kamailio: Kamailio, ledgers: Ledgers): Promise<KamailioSipEnd> {
    const { accounts, port } = kamailio.options;
    const open = (name: string): Promise<SipEndpoint> => {
      const account = accounts.find(({ user }) => user === name);
      if (account === undefined) throw new Error(`no account ${name}`);
      return SipEndpoint.open({ user: name, domain: SIP_DOMAIN, proxyPort: port, account, merges: true });
    };
    const end = new KamailioSipEnd(await open('bob'), await open('away'), ledgers);
    await end.register();
    return end;
  }

  get merged(): number {
    return this.#bob.merged + this.#away.merged;
  }

  async register(): Promise<void> {
    const { status } = await this.#bob.register();
    if (status !== 200) throw new Error(`bob's registration was answered ${status}`);
  }

  async send(index: number): Promise<void> {
    await sendAs(this.#bob, this.#ledgers.s2x, index, {
      from: `bob@${SIP_DOMAIN}`,
      to: `alice${index % PEOPLE}@${XMPP_DOMAIN}`,
    });
  }

  recipient(direction: 'x2s' | 'kept'): string {
    return direction === 'x2s' ? `bob@${SIP_DOMAIN}` : `away@${SIP_DOMAIN}`;
  }

  async show(): Promise<void> {
    await this.#away.register();
    await this.#away.message(`alice0@${XMPP_DOMAIN}`, 'I am here', { timeoutMs: 3000 });
  }

  async close(): Promise<void> {
    await this.#bob.close();
    await this.#away.close();
  }
}

async function sendAs(
  endpoint: SipEndpoint,
  ledger: Ledger,
  index: number,
  { from, to }: { readonly from: string; readonly to: string },
): Promise<void> {
  const text = textOf('s2x', index);
  ledger.sent(text, to);
  const { status } = await endpoint.message(to, text, { from, timeoutMs: TIMER_F_MS });
  if (status < 200 || status >= 300) ledger.refused(text, String(status));
}

/** The same request by another branch has the same name. */
function arrived(ledgers: Ledgers, request: SipText): void {
  const [text] = numbersIn(request.body.toString('utf8'));
  if (text === undefined) return;
  const tag = parameter(header(request, 'from'), 'tag') ?? '';
  ledgerOf(ledgers, text).arrived(text, `${header(request, 'call-id')} ${tag}`);
}

function ledgerOf(ledgers: Ledgers, text: string): Ledger {
  if (text.startsWith('s2x')) return ledgers.s2x;
  return text.startsWith('x2s') ? ledgers.x2s : ledgers.kept;
}

export interface XmppEnd {
  send(direction: 'x2s' | 'kept', index: number, to: string): void;
  /** Reads what was left for somebody who was not there. */
  collect(): Promise<void>;
  close(): Promise<void>;
}

/** A server of our own that is all XMPP users. */
export class OwnXmppEnd implements XmppEnd {
  readonly #peer: XmppPeer;
  readonly #ledgers: Ledgers;

  constructor(peer: XmppPeer, ledgers: Ledgers) {
    this.#peer = peer;
    this.#ledgers = ledgers;
    peer.react = (stanza) => {
      if (stanza.attr('type') === 'error') {
        const text = stanza.attr('id') ?? '';
        if (numbersIn(text).length > 0)
          ledgerOf(ledgers, text).refused(text, errorOf(stanza).condition ?? 'error');
      } else {
        const [text] = numbersIn(stanza.child('body')?.text() ?? '');
        if (text !== undefined) ledgers.s2x.arrived(text, stanza.attr('id') ?? '');
      }
      return undefined;
    };
  }

  send(direction: 'x2s' | 'kept', index: number, to: string): void {
    const id = textOf(direction, index);
    const ledger = this.#ledgers[direction];
    ledger.sent(id, to);
    // What a server answers for a component that is not connected (RFC 6120 §10.5.3).
    if (!this.#peer.linked) return ledger.refused(id, 'no component');
    const from = `alice${index % PEOPLE}@${XMPP_DOMAIN}/home`;
    const more = direction === 'x2s' ? NO_STORE : '';
    this.#peer.write(messageXml({ from, to, id, type: 'chat', body: id, more }));
  }

  collect(): Promise<void> {
    // Nobody waits for these: thousands of stanzas.
    this.#peer.stanzas.forget();
    this.#peer.stanzas.all.length = 0;
    return Promise.resolve();
  }

  close(): Promise<void> {
    return this.#peer.close();
  }
}

/** A real server with a sender who comes back after each restart, and recipients whose messages it stores. */
export class ProsodyXmppEnd implements XmppEnd {
  readonly #prosody: Prosody;
  readonly #sender: XmppClient;
  readonly #logFile: (name: string) => string;
  readonly #ledgers: Ledgers;
  /** The sender has a session. */
  #online = true;

  private constructor(
    prosody: Prosody,
    sender: XmppClient,
    ledgers: Ledgers,
    logFile: (name: string) => string,
  ) {
    this.#prosody = prosody;
    this.#sender = sender;
    this.#ledgers = ledgers;
    this.#logFile = logFile;
    sender.agent.onEvent = ({ event }) => {
      if (event === 'online' || event === 'offline') this.#online = event === 'online';
    };
  }

  static async open(
    prosody: Prosody,
    ledgers: Ledgers,
    logFile: (name: string) => string,
  ): Promise<ProsodyXmppEnd> {
    const sender = await XmppClient.online({ ...clientOf(prosody, 'dora', logFile), reconnect: true });
    return new ProsodyXmppEnd(prosody, sender, ledgers, logFile);
  }

  send(direction: 'x2s' | 'kept', index: number, to: string): void {
    const id = textOf(direction, index);
    const ledger = this.#ledgers[direction];
    ledger.sent(id, to);
    // A person sees that.
    if (!this.#online) return ledger.refused(id, 'not connected');
    const hint = direction === 'x2s' ? NO_STORE : '';
    this.#sender.sendXml(`<message to='${to}' id='${id}' type='chat'><body>${id}</body>${hint}</message>`);
  }

  async collect(): Promise<void> {
    for (const { type, id, condition } of this.#sender.received) {
      if (type === 'error' && id !== null) ledgerOf(this.#ledgers, id).refused(id, condition ?? 'error');
    }
    await Promise.all(Array.from({ length: PEOPLE }, (_, index) => this.#readOffline(`alice${index}`)));
  }

  async #readOffline(name: string): Promise<void> {
    const client = await XmppClient.online(clientOf(this.#prosody, name, this.#logFile));
    // Offline messages come right behind the presence.
    await pause(OFFLINE_MS);
    for (const { type, id, body } of client.received) {
      const [text] = numbersIn(body ?? '');
      if (type !== 'error' && text !== undefined) this.#ledgers.s2x.arrived(text, id ?? '');
    }
    await client.kill();
  }

  async close(): Promise<void> {
    await this.#sender.close();
  }
}

function clientOf(
  prosody: Prosody,
  name: string,
  logFile: (name: string) => string,
): { jid: string; password: string; port: number; logFile: string } {
  const { accounts, clientPort } = prosody.options;
  const account = accounts.find(({ user }) => user === name);
  if (account === undefined) throw new Error(`no account ${name}`);
  return {
    jid: `${name}@${XMPP_DOMAIN}/test`,
    password: account.password,
    port: clientPort,
    logFile: logFile(`slixmpp-${name}.log`),
  };
}

export const XMPP_ACCOUNTS: readonly string[] = [
  'dora',
  ...Array.from({ length: PEOPLE }, (_, index) => `alice${index}`),
];
