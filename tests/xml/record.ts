// Runs a stream through the parser, cut in several ways, and writes down what came out.

import assert from 'node:assert/strict';
import {
  XmlStreamParser,
  type XmlElement,
  type XmlNode,
  type XmlStreamOptions,
} from '../../src/xml/index.ts';

export const OPEN =
  "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' id='s1' version='1.0'>";

/** An element as plain data: [name, ns, attributes, …children]. */
export type Plain = readonly [string, string, readonly string[], ...PlainNode[]];
export type PlainNode = Plain | string;

export function plain(element: XmlElement): Plain {
  const children = element.children.map((node: XmlNode): PlainNode =>
    typeof node === 'string' ? node : plain(node),
  );
  return [element.name, element.ns, [...element.attributes], ...children];
}

export type Recorded =
  | readonly ['open', Plain, string, string, readonly string[]]
  | readonly ['element', Plain]
  | readonly ['close']
  | readonly ['error', string, string];

export function record(
  chunks: Iterable<Uint8Array>,
  options: XmlStreamOptions = {},
  ends = true,
): Recorded[] {
  const events: Recorded[] = [];
  const parser = new XmlStreamParser(options, {
    streamOpen: (header, info) =>
      events.push(['open', plain(header), info.prefix, info.defaultNs, [...info.declarations]]),
    element: (element) => events.push(['element', plain(element)]),
    streamClose: () => events.push(['close']),
    error: (error) => events.push(['error', error.condition, error.message]),
  });
  for (const chunk of chunks) parser.write(chunk);
  if (ends) parser.end();
  return events;
}

export function octets(source: string | Uint8Array): Uint8Array {
  return typeof source === 'string' ? Buffer.from(source, 'utf8') : source;
}

export function* singly(bytes: Uint8Array): Generator<Uint8Array> {
  // A fresh array each time, overwritten afterwards: nobody may keep the caller's memory.
  for (const byte of bytes) {
    const chunk = Uint8Array.of(byte);
    yield chunk;
    chunk[0] = 0;
  }
}

/** Cuts at pseudo-random places (a linear congruential sequence, so that failures repeat). */
export function* cut(bytes: Uint8Array, seed: number): Generator<Uint8Array> {
  let state = seed;
  for (let at = 0; at < bytes.length;) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    const length = 1 + ((state >>> 16) % 9);
    yield bytes.subarray(at, at + length);
    at += length;
  }
}

/** Events of the whole input; asserts that they are the same for other cuts. */
export function events(source: string | Uint8Array, options: XmlStreamOptions = {}, ends = true): Recorded[] {
  const bytes = octets(source);
  const whole = record([bytes], options, ends);
  assert.deepEqual(record(singly(bytes), options, ends), whole, 'byte by byte');
  for (let seed = 1; seed <= 4; seed++) {
    assert.deepEqual(record(cut(bytes, seed), options, ends), whole, `cut with seed ${seed}`);
  }
  return whole;
}

/** The stanzas of a well-formed stream with that content. */
export function stanzas(content: string, options: XmlStreamOptions = {}): Plain[] {
  const found: Plain[] = [];
  for (const event of events(`${OPEN}${content}</stream:stream>`, options)) {
    assert.notEqual(event[0], 'error', JSON.stringify(event));
    if (event[0] === 'element') found.push(event[1]);
  }
  return found;
}
