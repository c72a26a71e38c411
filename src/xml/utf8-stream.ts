// UTF-8 over chunk borders (RFC 3629). Whole chunks go through the engine's validating decoder; only a sequence cut
// at the end of a chunk is held back. Unlike TextDecoder it tells what was good before the first bad octet, so that
// the stanzas in front of it are delivered whatever the chunks were.

import { concatBytes, copyBytes, emptyBytes, utf8Text, type Bytes } from '../base/index.ts';

export class Utf8Stream {
  /** The octets of a sequence cut off by the last chunk: at most three. */
  #held: Bytes = emptyBytes();
  /** True when the last call met octets that are not UTF-8; the text returned ends before them. */
  bad = false;
  /** Octets of the text last returned: equal to its length when it is ASCII. */
  octets = 0;

  /** True when the octets so far end inside a sequence. */
  get incomplete(): boolean {
    return this.#held.length > 0;
  }

  /** Text of all complete characters so far that were not returned before. */
  decode(chunk: Bytes): string {
    const octets = this.#held.length === 0 ? chunk : concatBytes([this.#held, chunk]);
    const end = octets.length - cutLength(octets);
    const text = utf8Text(end === octets.length ? octets : octets.subarray(0, end));
    if (text === undefined) {
      this.#held = emptyBytes();
      this.bad = true;
      this.octets = validLength(octets);
      return utf8Text(octets.subarray(0, this.octets)) ?? '';
    }
    this.octets = end;
    // A copy: the chunk's memory may be the socket's own, used again for the next.
    this.#held = end === octets.length ? emptyBytes() : copyBytes(octets.subarray(end));
    this.bad = this.incomplete && !mayContinue(this.#held);
    if (this.bad) this.#held = emptyBytes();
    return text;
  }

  reset(): void {
    this.#held = emptyBytes();
    this.bad = false;
    this.octets = 0;
  }
}

/** Number of octets at the end that begin a sequence whose rest is not here. */
function cutLength(octets: Bytes): number {
  const length = octets.length;
  for (let back = 1; back <= 3 && back <= length; back++) {
    const octet = octets[length - back] ?? 0;
    if (octet < 0x80) return 0;
    if (octet >= 0xc0) return sequenceLength(octet) > back ? back : 0;
  }
  return 0;
}

/** Octets of the sequence that a lead octet opens; 0 when it is no lead octet (RFC 3629 §4). */
function sequenceLength(lead: number): number {
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return 2;
  if (lead >= 0xe0 && lead <= 0xef) return 3;
  return lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
}

/** True when the second octet fits its lead: no overlong form, no surrogate, nothing past U+10FFFF (RFC 3629 §4). */
function fitsLead(lead: number, second: number): boolean {
  if (lead === 0xe0) return second >= 0xa0 && second <= 0xbf;
  if (lead === 0xed) return second >= 0x80 && second <= 0x9f;
  if (lead === 0xf0) return second >= 0x90 && second <= 0xbf;
  if (lead === 0xf4) return second >= 0x80 && second <= 0x8f;
  return second >= 0x80 && second <= 0xbf;
}

/** True when more octets can make a character of this beginning. */
function mayContinue(beginning: Bytes): boolean {
  const second = beginning[1];
  return second === undefined || fitsLead(beginning[0] ?? 0, second);
}

/** Length of the longest prefix that is whole characters. Only for octets known to be bad. */
function validLength(octets: Bytes): number {
  let i = 0;
  while (i < octets.length) {
    const lead = octets[i] ?? 0;
    const length = sequenceLength(lead);
    if (length === 0 || i + length > octets.length) return i;
    if (length > 1 && !fitsLead(lead, octets[i + 1] ?? 0)) return i;
    for (let k = 2; k < length; k++) if (((octets[i + k] ?? 0) & 0xc0) !== 0x80) return i;
    i += length;
  }
  return i;
}
