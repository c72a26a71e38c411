// A minimal reader and writer of SIP messages for the test peers, on purpose not the gateway's own.
import { Buffer } from 'node:buffer';

export interface SipText {
  readonly startLine: string;
  /** Lower-case full names; the values of repeated fields in order. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly body: Buffer;
  readonly bytes: number;
}

const COMPACT: Readonly<Record<string, string>> = {
  v: 'via',
  f: 'from',
  t: 'to',
  i: 'call-id',
  m: 'contact',
  l: 'content-length',
  c: 'content-type',
  s: 'subject',
  e: 'content-encoding',
};

export function readSip(datagram: Buffer): SipText | undefined {
  const end = datagram.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [startLine, ...lines] = datagram.subarray(0, end).toString('utf8').split('\r\n');
  if (!startLine?.includes('SIP/2.0')) return undefined;
  const headers = new Map<string, string[]>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon < 0) continue;
    const short = line.slice(0, colon).trim().toLowerCase();
    const name = COMPACT[short] ?? short;
    const values = headers.get(name) ?? [];
    values.push(line.slice(colon + 1).trim());
    headers.set(name, values);
  }
  return { startLine, headers, body: datagram.subarray(end + 4), bytes: datagram.length };
}

export function header(message: SipText, name: string): string {
  return message.headers.get(name)?.[0] ?? '';
}

export function parameter(value: string, name: string): string | undefined {
  return new RegExp(`[;,\\s]${name}\\s*=\\s*"?([^";,\\s>]*)"?`, 'i').exec(`;${value}`)?.[1];
}

/** Status of a response; undefined for a request. */
export function statusOf(message: SipText): number | undefined {
  return message.startLine.startsWith('SIP/2.0 ') ? Number(message.startLine.slice(8, 11)) : undefined;
}

export function writeSip(
  startLine: string,
  headers: readonly (readonly [string, string])[],
  body: Buffer,
): Buffer {
  const lines = headers.map(([name, value]) => `${name}: ${value}`);
  const head = [startLine, ...lines, `Content-Length: ${body.length}`, '', ''].join('\r\n');
  return Buffer.concat([Buffer.from(head, 'utf8'), body]);
}
