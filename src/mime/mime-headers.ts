// The header block of a MIME entity inside a body (RFC 2045 §3, RFC 822 folding), with limits.

import { fault, ok, type Result } from '../base/index.ts';

export interface MimeHeader {
  /** As written. */
  readonly name: string;
  /** Trimmed, folding replaced by one space; a byte string. */
  readonly value: string;
}

export interface MimeHeaderBlock {
  readonly headers: readonly MimeHeader[];
  /** Offset of the first octet after the empty line that ends the block. */
  readonly bodyStart: number;
}

export const DEFAULT_MAX_MIME_HEADERS = 32;

const FIELD_NAME = /^[!-9;-~]+$/;

/**
 * Reads header fields from `start` up to an empty line or `end`. Lines end with CR LF or, for peers that were careless, LF.
 * Faults: ERR_MIME_HEADER.
 */
export function parseMimeHeaders(
  text: string,
  start: number,
  end: number,
  maxHeaders = DEFAULT_MAX_MIME_HEADERS,
): Result<MimeHeaderBlock> {
  const headers: { name: string; value: string }[] = [];
  let at = start;
  while (at < end) {
    let lineEnd = text.indexOf('\n', at);
    const next = lineEnd < 0 || lineEnd >= end ? end : lineEnd + 1;
    if (lineEnd < 0 || lineEnd >= end) lineEnd = end;
    if (lineEnd > at && text.charCodeAt(lineEnd - 1) === 0x0d) lineEnd -= 1;
    const line = text.slice(at, lineEnd);
    at = next;
    if (line === '') return ok({ headers, bodyStart: at });
    if (line.startsWith(' ') || line.startsWith('\t')) {
      const last = headers.at(-1);
      if (last === undefined) return headerFault('a MIME header block begins with a continuation line');
      last.value = `${last.value} ${line.trim()}`.trim();
      continue;
    }
    const colon = line.indexOf(':');
    const name = colon < 0 ? '' : line.slice(0, colon).trimEnd();
    if (!FIELD_NAME.test(name)) return headerFault('a MIME header line has no name');
    if (headers.length === maxHeaders) return headerFault(`more than ${maxHeaders} MIME header fields`);
    headers.push({ name, value: line.slice(colon + 1).trim() });
  }
  // No empty line: an entity without a body (RFC 2046 §5.1: "header fields, a blank line, and a body area").
  return ok({ headers, bodyStart: end });
}

/** Value of the first field of that name (given in lower case). */
export function mimeHeader(headers: readonly MimeHeader[], name: string): string | undefined {
  for (const header of headers) if (header.name.toLowerCase() === name) return header.value;
  return undefined;
}

function headerFault(message: string): Result<never> {
  return fault('ERR_MIME_HEADER', message, 'RFC 2045 §3');
}
