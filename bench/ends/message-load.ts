// The message load of gwbench.c with ends of our own, so that it can go over TLS and between servers: so many outstanding, and
// each of them ends on the side that it came from (the phone's 2xx, or the response to the phone).

import { setTimeout as sleep } from 'node:timers/promises';
import type { Direction } from '../load.ts';
import type { Ports, RunningGateway } from '../gateways.ts';
import { usageOf } from '../presence-load.ts';
import { openSip, type Pem, type SipEnd, type SipTransport } from './sip-end.ts';
import { bodyOf, fieldOf, responseTo, statusOf, viaProtocol } from './sip-text.ts';
import { openComponentServer, openServer, type XmppEnd } from './xmpp-end.ts';

/** How both ends meet the gateway. */
export interface Ways {
  readonly sip: SipTransport;
  /** Over TLS, both sides show and verify certificates. */
  readonly mutual: boolean;
  /** Streams between servers in place of a component's. */
  readonly servers: boolean;
}

export interface MessageLoad {
  readonly direction: Direction;
  readonly count: number;
  readonly warmUp: number;
  readonly window: number;
  readonly targets: number;
  readonly bodyOctets: number;
}

export interface MessageFigures {
  readonly perSecond: number;
  /** Of the gateway's process, all of its threads. */
  readonly cpuSecondsPer100k: number;
  /** Sent, and without an outcome, or with one and never arrived. */
  readonly lost: number;
  readonly duplicates: number;
}

/** Seconds without any progress after which what is still open counts as lost. */
const PATIENCE_MS = 10_000;

export class MessageEnds {
  readonly #ways: Ways;
  readonly #ports: Ports;
  readonly #sip: SipEnd;
  readonly #xmpp: XmppEnd;
  readonly #run: { current: Run | undefined };

  private constructor(parts: {
    readonly ways: Ways;
    readonly ports: Ports;
    readonly sip: SipEnd;
    readonly xmpp: XmppEnd;
    readonly run: { current: Run | undefined };
  }) {
    this.#ways = parts.ways;
    this.#ports = parts.ports;
    this.#sip = parts.sip;
    this.#xmpp = parts.xmpp;
    this.#run = parts.run;
  }

  /** `start`: the gateway, which wants to find the XMPP server where it connects to. */
  static async open(
    ways: Ways,
    ports: Ports,
    pem: { readonly sip: Pem; readonly xmpp: Pem },
    start: () => Promise<RunningGateway>,
  ): Promise<{ readonly ends: MessageEnds; readonly gateway: RunningGateway }> {
    const run: { current: Run | undefined } = { current: undefined };
    const stanza = (text: string): void => run.current?.stanza(text);
    const place = { transport: ways.sip, port: ports.peer, gateway: ports.sip };
    const secure = ways.sip === 'tls' ? { ...place, pem: pem.sip, mutual: ways.mutual } : place;
    if (ways.servers) {
      const gateway = await start();
      const sip = await openSip(secure, (text, reply) => run.current?.message(text, reply));
      const xmpp = await openServer(ports.xmpp, ports.server, pem.xmpp, stanza);
      await xmpp.linked();
      return { ends: new MessageEnds({ ways, ports, sip, xmpp, run }), gateway };
    }
    const xmpp = await openComponentServer(ports.xmpp, stanza);
    const gateway = await start();
    await xmpp.linked();
    const sip = await openSip(secure, (text, reply) => run.current?.message(text, reply));
    return { ends: new MessageEnds({ ways, ports, sip, xmpp, run }), gateway };
  }

  async measure(load: MessageLoad, pid: number): Promise<MessageFigures> {
    const via = `${viaProtocol(this.#ways.sip)} 127.0.0.1:${this.#ports.peer}`;
    const run = new Run(load, pid, via, this.#sip, this.#xmpp);
    this.#run.current = run;
    return run.figures();
  }

  close(): void {
    this.#sip.close();
    this.#xmpp.close();
  }
}

/** One load, from its first message to the last outcome. */
class Run {
  readonly #load: MessageLoad;
  readonly #pid: number;
  readonly #via: string;
  readonly #sip: SipEnd;
  readonly #xmpp: XmppEnd;
  readonly #total: number;
  readonly #filler: string;
  /** Of each message: 1 it has its outcome, 2 it arrived. */
  readonly #seen: Uint8Array;
  #sent = 0;
  #done = 0;
  #duplicates = 0;
  #movedMs = performance.now();
  #began = { ms: 0, cpu: 0 };
  #ended = { ms: 0, cpu: 0 };
  readonly #over = Promise.withResolvers<void>();

  constructor(load: MessageLoad, pid: number, via: string, sip: SipEnd, xmpp: XmppEnd) {
    this.#load = load;
    this.#pid = pid;
    this.#via = via;
    this.#sip = sip;
    this.#xmpp = xmpp;
    this.#total = load.warmUp + load.count;
    this.#filler = 'x'.repeat(load.bodyOctets);
    this.#seen = new Uint8Array(this.#total);
  }

  async figures(): Promise<MessageFigures> {
    for (let i = 0; i < this.#load.window; i++) this.#next();
    const watch = setInterval(() => {
      if (performance.now() - this.#movedMs > PATIENCE_MS) this.#over.resolve();
    }, 1000);
    try {
      await this.#over.promise;
    } finally {
      clearInterval(watch);
    }
    if (this.#ended.ms === 0) this.#ended = this.#now();
    // A copy of what has its outcome may still be under way.
    await sleep(200);
    const cpu = this.#ended.cpu - this.#began.cpu;
    return {
      perSecond: (this.#load.count / (this.#ended.ms - this.#began.ms)) * 1000,
      cpuSecondsPer100k: (cpu / this.#load.count) * 100_000,
      lost: this.#seen.reduce((sum, seen) => sum + (seen === 3 ? 0 : 1), 0),
      duplicates: this.#duplicates,
    };
  }

  /** What the phone gets: a message of the XMPP user, or the outcome of one of its own. */
  message(text: string, reply: (text: string) => void): void {
    this.#guarded(() => this.#message(text, reply));
  }

  stanza(text: string): void {
    this.#guarded(() => this.#stanza(text));
  }

  /** What must not be ends the load. */
  #guarded(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#over.reject(error);
    }
  }

  #message(text: string, reply: (text: string) => void): void {
    const status = statusOf(text);
    if (status === 0) {
      const index = numberOf(bodyOf(text), 'X');
      reply(responseTo(text, '200 OK'));
      this.#arrived(index);
      // It is the gateway that hears the outcome; nothing of it goes to the sender (RFC 7572 §6).
      this.#outcome(index);
    } else if (status >= 300) throw new Error(`refused: ${text}`);
    else if (status >= 200) this.#outcome(Number(fieldOf(text, 'CSeq').split(' ')[0]) - 1);
  }

  #stanza(text: string): void {
    if (!text.startsWith('<message')) return;
    if (text.includes("type='error'")) throw new Error(`an error: ${text}`);
    this.#arrived(numberOf(text.slice(text.indexOf('<body>') + 6), 'S'));
  }

  #arrived(index: number): void {
    const seen = this.#seen[index] ?? 0;
    if ((seen & 2) !== 0) this.#duplicates += 1;
    this.#seen[index] = seen | 2;
  }

  #outcome(index: number): void {
    const seen = this.#seen[index] ?? 0;
    if ((seen & 1) !== 0) return;
    this.#seen[index] = seen | 1;
    this.#done += 1;
    this.#movedMs = performance.now();
    if (this.#done === this.#load.warmUp) this.#began = this.#now();
    if (this.#done < this.#total) return this.#next();
    this.#ended = this.#now();
    this.#over.resolve();
  }

  #next(): void {
    if (this.#sent >= this.#total) return;
    const index = this.#sent++;
    const user = index % this.#load.targets;
    if (this.#load.direction === 'sip2xmpp') this.#sip.send(this.#request(index, user));
    else {
      this.#xmpp.send(
        `<message from='bob${user}@xmpp.test/bench' to='alice${user}*sip.test@gw.test' id='b${index}' type='chat'>` +
          `<body>${this.#body('X', index)}</body></message>`,
      );
    }
  }

  #request(index: number, user: number): string {
    const uri = `sip:bob${user}*xmpp.test@gw.test`;
    const body = this.#body('S', index);
    return (
      `MESSAGE ${uri} SIP/2.0\r\nVia: ${this.#via};branch=z9hG4bKm${index};rport\r\nMax-Forwards: 70\r\n` +
      `From: <sip:alice${user}@sip.test>;tag=f${index}\r\nTo: <${uri}>\r\nCall-ID: m${index}@bench\r\n` +
      `CSeq: ${index + 1} MESSAGE\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n${body}`
    );
  }

  /** Its number, and so many octets in all. */
  #body(letter: string, index: number): string {
    return `${letter}${index} ${this.#filler}`.slice(0, this.#load.bodyOctets);
  }

  #now(): { readonly ms: number; readonly cpu: number } {
    return { ms: performance.now(), cpu: usageOf(this.#pid).cpuSeconds };
  }
}

function numberOf(body: string, letter: string): number {
  if (!body.startsWith(letter)) throw new Error(`not a message of this load: ${body.slice(0, 80)}`);
  return Number.parseInt(body.slice(1, 20), 10);
}
