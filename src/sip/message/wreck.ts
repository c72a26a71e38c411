// What can be saved from a broken request to answer it without state (RFC 3261 §8.2.6.2, §16.3: stateless 4xx).

import { TOKEN, matchesAt, skipClass } from '../header/chars.ts';
import { headerName } from './names.ts';
import type { SipLimits } from './limits.ts';
import type { AnswerableWreck } from './types.ts';

/**
 * Looks through a head that the parser refused. undefined: no answer, because it is a response, an ACK (RFC 3261
 * §17.1.1.3), not SIP at all, or has no Via to send an answer by. Fields that are missing are ''.
 */
export function salvage(head: string, limits: SipLimits): AnswerableWreck | undefined {
  let pos = 0;
  while (head.startsWith('\r\n', pos)) pos += 2;
  const lineEnd = lineEndAt(head, pos);
  const methodEnd = skipClass(head, pos, lineEnd, TOKEN);
  const method = head.slice(pos, methodEnd);
  if (method === '' || method === 'ACK' || head[methodEnd] !== ' ') return undefined;
  if (!/ SIP\/\d/i.test(head.slice(methodEnd, lineEnd))) return undefined;
  const vias: string[] = [];
  const first = new Map<string, string>();
  pos = lineEnd + 2;
  for (let count = 0; count < limits.maxHeaders && pos < head.length; count++) {
    let end = lineEndAt(head, pos);
    while (head[end + 2] === ' ' || head[end + 2] === '\t') end = lineEndAt(head, end + 2);
    if (end === pos) break;
    readLine(head.slice(pos, end), vias, first, limits);
    pos = end + 2;
  }
  if (vias.length === 0) return undefined;
  return {
    method,
    vias,
    from: first.get('from') ?? '',
    to: first.get('to') ?? '',
    callId: first.get('call-id') ?? '',
    cseq: first.get('cseq') ?? '',
  };
}

function readLine(line: string, vias: string[], first: Map<string, string>, limits: SipLimits): void {
  const colon = line.indexOf(':');
  if (colon <= 0) return;
  const { id } = headerName(line.slice(0, colon).trimEnd());
  if (id !== 'via' && id !== 'from' && id !== 'to' && id !== 'call-id' && id !== 'cseq') return;
  // A value that would not be one line is not copied, whatever it was meant to be.
  const value = line
    .slice(colon + 1)
    .replaceAll(/[ \t]*\r\n[ \t]+/g, ' ')
    .trim();
  if (value === '' || value.length > limits.maxFieldBytes || /[\r\n\0]/.test(value)) return;
  if (id === 'via') {
    if (vias.length < limits.maxVias) vias.push(value);
  } else if (!first.has(id)) {
    first.set(id, value);
  }
}

/** Index of the CRLF at or after `pos`, or the end of the text. */
function lineEndAt(head: string, pos: number): number {
  const end = head.indexOf('\r\n', pos);
  return end < 0 ? head.length : end;
}

/** True when a To value has a tag already, as far as can be told of a broken one. */
export function seemsTagged(to: string): boolean {
  const semicolon = to.lastIndexOf('>') + 1;
  for (let pos = to.indexOf(';', semicolon); pos >= 0; pos = to.indexOf(';', pos + 1)) {
    const rest = to.slice(pos + 1).trimStart();
    if (matchesAt(rest, 0, 'tag') && rest.slice(3).trimStart().startsWith('=')) return true;
  }
  return false;
}
