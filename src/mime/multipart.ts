// Multipart bodies (RFC 2046 §5.1): the parts between the boundary delimiters. One level; whoever descends into a
// part counts the depth (`MultipartLimits.maxDepth`). One pass: time grows with the octets, whatever they are.

import { fault, latin1Text, ok, type Bytes, type Result } from '../base/index.ts';
import { mimeHeader, parseMimeHeaders, type MimeHeader } from './mime-headers.ts';

export interface MimePart {
  readonly headers: readonly MimeHeader[];
  /** Raw value of Content-Type; RFC 2046 §5.1: text/plain when absent. */
  readonly contentType: string;
  /** As it stands, before its Content-Transfer-Encoding is undone; a view of the input. */
  readonly body: Bytes;
}

export interface MultipartLimits {
  readonly maxParts: number;
  readonly maxDepth: number;
}

export const DEFAULT_MULTIPART_LIMITS: MultipartLimits = { maxParts: 32, maxDepth: 4 };

// RFC 2046 §5.1.1: boundary := 0*69<bchars> bcharsnospace
const BOUNDARY = /^[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]$/;

/**
 * The parts of a multipart body; preamble and epilogue are left out. Faults: ERR_MIME_MULTIPART (bad boundary
 * parameter, no first or last delimiter, too many parts), ERR_MIME_HEADER.
 */
export function parseMultipart(
  body: Bytes,
  boundary: string | undefined,
  limits: MultipartLimits = DEFAULT_MULTIPART_LIMITS,
): Result<readonly MimePart[]> {
  if (boundary === undefined || !BOUNDARY.test(boundary)) return broken('no usable boundary parameter');
  const text = latin1Text(body);
  const parts: MimePart[] = [];
  let delimiter = findDelimiter(text, `--${boundary}`, 0);
  if (delimiter === undefined) return broken('no boundary delimiter');
  while (!delimiter.last) {
    const next = findDelimiter(text, `--${boundary}`, delimiter.next);
    if (next === undefined) return broken('no closing boundary delimiter');
    if (parts.length === limits.maxParts) return broken(`more than ${limits.maxParts} parts`);
    // The line break before a delimiter belongs to the delimiter (RFC 2046 §5.1.1); a part may be wholly empty.
    const end = next.partEnd;
    const block = parseMimeHeaders(text, delimiter.next, end);
    if (!block.ok) return block;
    const { headers, bodyStart } = block.value;
    const contentType = mimeHeader(headers, 'content-type') ?? 'text/plain';
    parts.push({ headers, contentType, body: body.subarray(Math.min(bodyStart, end), end) });
    delimiter = next;
  }
  return ok(parts);
}

interface Delimiter {
  /** Where the part before it ends. */
  readonly partEnd: number;
  /** Where the part after it begins. */
  readonly next: number;
  /** The one with the two closing hyphens. */
  readonly last: boolean;
}

/** The next line at or after `from` (a beginning of a line) that is a delimiter. */
function findDelimiter(text: string, dashBoundary: string, from: number): Delimiter | undefined {
  for (let at = text.indexOf(dashBoundary, from); at >= 0; at = text.indexOf(dashBoundary, at + 1)) {
    if (at !== from && text.charCodeAt(at - 1) !== 0x0a) continue;
    let rest = at + dashBoundary.length;
    const last = text.startsWith('--', rest);
    if (last) rest += 2;
    // RFC 2046 §5.1.1: transport padding may follow; anything else makes it an ordinary line.
    while (text.charCodeAt(rest) === 0x20 || text.charCodeAt(rest) === 0x09) rest += 1;
    if (text.charCodeAt(rest) === 0x0d && text.charCodeAt(rest + 1) === 0x0a) rest += 2;
    else if (text.charCodeAt(rest) === 0x0a) rest += 1;
    else if (!last || rest !== text.length) continue;
    const partEnd = at === from ? at : at - (text.charCodeAt(at - 2) === 0x0d ? 2 : 1);
    return { partEnd, next: rest, last };
  }
  return undefined;
}

function broken(message: string): Result<never> {
  return fault('ERR_MIME_MULTIPART', `multipart body: ${message}`, 'RFC 2046 §5.1.1');
}
