// Joins the two legs of each message: SIP by Call-ID, XMPP by stanza id; the gateway's log says which belong together.
import { Column, type WireEvent } from './wire-events.ts';

export interface Crossing {
  /** In the order of their times. */
  readonly events: readonly WireEvent[];
  readonly sender: string;
  readonly recipient: string;
  readonly text: string;
  /** The gateway's correlation id, when its log had one. */
  readonly correlation: string | undefined;
}

interface Open {
  readonly events: WireEvent[];
  correlation: string | undefined;
  printing: NodeJS.Timeout | undefined;
}

/** The lines of the two servers and of the gateway reach us on different pipes: this long they may be apart. */
const SETTLE_MS = 150;
/** A crossing without a final outcome is shown after this time, as far as it went. */
const UNFINISHED_MS = 12_000;

export class Crossings {
  readonly #show: (crossing: Crossing) => void;
  readonly #byCallId = new Map<string, Open>();
  readonly #byStanzaId = new Map<string, Open>();
  readonly #open = new Set<Open>();

  constructor(show: (crossing: Crossing) => void) {
    this.#show = show;
  }

  get openCount(): number {
    return this.#open.size;
  }

  add(event: WireEvent): void {
    if (event.barrier) return this.#addBarrier(event);
    const open = this.#find(event);
    open.events.push(event);
    this.#settle(open);
  }

  /** `message.written` and `message.sent` of the gateway's log: the stanza and the SIP request are one message. */
  join(stanzaId: string, callId: string): void {
    const xmppLeg = this.#byStanzaId.get(stanzaId);
    const sipLeg = this.#byCallId.get(callId);
    const open = sipLeg ?? xmppLeg ?? this.#create();
    if (xmppLeg !== undefined && xmppLeg !== open) {
      open.events.push(...xmppLeg.events);
      this.#drop(xmppLeg);
    }
    open.correlation = stanzaId;
    this.#byCallId.set(callId, open);
    this.#byStanzaId.set(stanzaId, open);
    this.#settle(open);
  }

  stop(): void {
    for (const open of this.#open) clearTimeout(open.printing);
    this.#open.clear();
  }

  #find(event: WireEvent): Open {
    const known =
      (event.callId === undefined ? undefined : this.#byCallId.get(event.callId)) ??
      (event.stanzaId === undefined ? undefined : this.#byStanzaId.get(event.stanzaId));
    const open = known !== undefined && this.#open.has(known) ? known : this.#create();
    if (event.callId !== undefined) this.#byCallId.set(event.callId, open);
    if (event.stanzaId !== undefined) this.#byStanzaId.set(event.stanzaId, open);
    return open;
  }

  #create(): Open {
    const open: Open = { events: [], correlation: undefined, printing: undefined };
    this.#open.add(open);
    return open;
  }

  #drop(open: Open): void {
    clearTimeout(open.printing);
    this.#open.delete(open);
    forget(this.#byCallId, open);
    forget(this.#byStanzaId, open);
  }

  /** One ping confirms every stanza written before it (to the component's server): each such crossing shows it. */
  #addBarrier(event: WireEvent): void {
    for (const open of this.#open) {
      const written = open.events.some(
        (e) => e.from === Column.Stoxgate && e.to === Column.Prosody && !e.barrier,
      );
      const seen = open.events.some((e) => e.barrier && e.from === event.from);
      if (written && !seen) open.events.push(event);
    }
  }

  #settle(open: Open): void {
    clearTimeout(open.printing);
    open.printing = setTimeout(() => this.#finish(open), isFinal(open.events) ? SETTLE_MS : UNFINISHED_MS);
  }

  #finish(open: Open): void {
    this.#drop(open);
    const events = open.events.toSorted((a, b) => a.seconds - b.seconds);
    const first = events.find((event) => event.message !== undefined)?.message;
    if (first === undefined) return;
    this.#show({ ...first, events, correlation: open.correlation });
  }
}

/** The sender has been told: a final response reached the phone, a 2xx the gateway, or an error stanza the client. */
function isFinal(events: readonly WireEvent[]): boolean {
  return events.some((event) => {
    const status = event.status ?? 0;
    if (event.to === Column.Phone) return status >= 200 && status !== 407;
    if (event.to === Column.Stoxgate) return status >= 200 && status < 300;
    return event.to === Column.Client && event.condition !== undefined;
  });
}

function forget(map: Map<string, Open>, open: Open): void {
  for (const [key, value] of map) if (value === open) map.delete(key);
}
