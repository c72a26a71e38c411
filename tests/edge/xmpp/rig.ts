// A link, its recorded events, and time that moves only when told to; the sockets are real.

import { Counters, SeededRandom, VirtualTime, type Log } from '../../../src/base/index.ts';
import { BarrierDesk, ComponentLink, type ComponentLinkLimits } from '../../../src/edge/xmpp/index.ts';
import { element, NS_CLIENT, type XmlElement } from '../../../src/xml/index.ts';

export const DOMAIN = 'sip.example.org';

export interface LogLine {
  readonly level: string;
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export function recordingLog(lines: LogLine[]): Log {
  const at =
    (level: string) =>
    (event: string, fields: Readonly<Record<string, unknown>> = {}): void => {
      lines.push({ level, event, fields });
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error'), enabled: () => true };
}

export class Rig {
  readonly time = new VirtualTime();
  readonly counters = new Counters();
  readonly lines: LogLine[] = [];
  readonly events: string[] = [];
  readonly stanzas: XmlElement[] = [];
  readonly confirmed: number[] = [];
  onUp: () => void = () => {};
  onStanza: () => void = () => {};
  readonly desk: BarrierDesk;
  readonly link: ComponentLink;

  constructor(
    port: number,
    limits: Partial<ComponentLinkLimits> = {},
    secret = 'secret',
    host = '127.0.0.1',
    seed = 7,
    desk = new BarrierDesk(),
  ) {
    this.desk = desk;
    this.link = new ComponentLink(
      { domain: DOMAIN, host, port, secret, limits },
      {
        clock: this.time,
        timers: this.time.timers,
        random: new SeededRandom(seed),
        barriers: this.desk,
        log: recordingLog(this.lines),
        counters: this.counters,
      },
      {
        stanza: (el) => {
          this.stanzas.push(el);
          this.onStanza();
        },
        up: () => {
          this.events.push('up');
          this.onUp();
        },
        down: (_link, reason) => this.events.push(`down ${reason}`),
        confirmed: (_link, seq) => this.confirmed.push(seq),
        proved: () => this.events.push('proved'),
        writable: () => this.events.push('writable'),
        ended: (_link, reason) => this.events.push(`ended ${reason}`),
      },
    );
  }

  /** Moves time on until the next attempt begins, not further: the sockets need real time. Returns the wait. */
  waitForAttempt(): number {
    let waitedMs = 0;
    while (this.link.state === 'closed') {
      this.time.advance(50);
      waitedMs += 50;
    }
    return waitedMs;
  }

  /** Log lines above debug. */
  told(): string[] {
    return this.lines
      .filter((line) => line.level !== 'debug')
      .map((line) => {
        const reason = line.fields['reason'];
        return typeof reason === 'string'
          ? `${line.level} ${line.event} ${reason}`
          : `${line.level} ${line.event}`;
      });
  }
}

/** Waits, in real time, until something the sockets do has happened. */
export async function until(what: string, happened: () => boolean): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (!happened()) {
    if (Date.now() > deadline) throw new Error(`never happened: ${what}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 1);
    });
  }
}

/** Lets the sockets do whatever they still may. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 10; i++) {
    await new Promise((resolve) => {
      setTimeout(resolve, 1);
    });
  }
}

export function message(
  body: string,
  from: string | null = `bob@${DOMAIN}`,
  to = 'alice@example.org',
): XmlElement {
  return element(
    'message',
    NS_CLIENT,
    { from: from ?? undefined, to, type: 'chat' },
    element('body', NS_CLIENT, {}, body),
  );
}
