// Counted traffic: a steady stream of numbered messages, and what became of each.
import type { Outcome, SipEndpoint } from '../peers/sip-endpoint.ts';
import { pause } from '../peers/wait.ts';
import type { XmppClient } from '../peers/xmpp-client.ts';

export interface TrafficOptions {
  readonly perSecond: number;
  readonly seconds: number;
  /** How long one message may stay without a final response; shorter than timer F, longer than the gateway's 10 s. */
  readonly timeoutMs?: number;
}

export interface SipTraffic {
  readonly texts: readonly string[];
  /** The texts for which a 2xx came. */
  readonly accepted: ReadonlySet<string>;
  /** Every outcome by text: a status, 0 for none. */
  readonly outcomes: ReadonlyMap<string, number>;
}

/** Sends at a steady rate whatever the answers are, then waits for every answer. */
export async function sipTraffic(
  endpoint: SipEndpoint,
  recipient: string,
  label: string,
  options: TrafficOptions,
): Promise<SipTraffic> {
  const open: Promise<readonly [string, Outcome]>[] = [];
  const count = options.perSecond * options.seconds;
  const began = performance.now();
  for (let index = 0; index < count; index++) {
    const text = `${label} ${index}`;
    const sent = endpoint.message(recipient, text, { timeoutMs: options.timeoutMs ?? 20_000 });
    open.push(sent.then((outcome) => [text, outcome] as const));
    await pause(Math.max(0, began + ((index + 1) * 1_000) / options.perSecond - performance.now()));
  }
  const outcomes = new Map((await Promise.all(open)).map(([text, { status }]) => [text, status]));
  const accepted = new Set(
    [...outcomes].filter(([, status]) => status >= 200 && status < 300).map(([text]) => text),
  );
  return { texts: [...outcomes.keys()], accepted, outcomes };
}

/** Sends stanzas with the text as id, at a steady rate. */
export async function xmppTraffic(
  client: XmppClient,
  recipient: string,
  label: string,
  options: TrafficOptions,
): Promise<readonly string[]> {
  const texts: string[] = [];
  const began = performance.now();
  for (let index = 0; index < options.perSecond * options.seconds; index++) {
    const text = `${label}-${index}`;
    texts.push(text);
    client.send({ to: recipient, body: text, id: text });
    await pause(Math.max(0, began + ((index + 1) * 1_000) / options.perSecond - performance.now()));
  }
  return texts;
}

/** The distinct texts of that label that came to the client. */
export function arrivedAt(client: XmppClient, label: string): ReadonlySet<string> {
  const bodies = client.received.filter((m) => m.type !== 'error').map((m) => m.body ?? '');
  return new Set(bodies.filter((body) => body.startsWith(`${label} `)));
}

export function difference(left: ReadonlySet<string>, right: ReadonlySet<string>): string[] {
  return [...left].filter((text) => !right.has(text));
}

/** How often each status came, for the message of a failed assertion and for the curious. */
export function statuses(traffic: SipTraffic): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const status of traffic.outcomes.values()) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}
