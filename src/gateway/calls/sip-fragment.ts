// Candidates that come one by one in the INFO requests of a call: application/trickle-ice-sdpfrag (RFC 8840 §9), CALL-12.

import { fault, ok, utf8Bytes, utf8Text, type Bytes, type Result } from '../../base/index.ts';
import type { TrickledMedium } from '../../interwork/call/index.ts';
import { formatCandidate, readCandidate, type Candidate } from '../../sdp/index.ts';

export const TRICKLE_PACKAGE = 'trickle-ice';
export const FRAGMENT_TYPE = 'application/trickle-ice-sdpfrag';

const MAX_OCTETS = 32_768;
const MAX_LINES = 512;
const MAX_MEDIA = 32;

interface Draft {
  media: string;
  mid?: string;
  ufrag?: string;
  pwd?: string;
  candidates: Candidate[];
  end: boolean;
}

/** Code ERR_CALL_FRAGMENT. Lines that are none of it are passed over (§9.2). */
export function readFragment(body: Bytes): Result<readonly TrickledMedium[]> {
  const text = body.length > MAX_OCTETS ? undefined : utf8Text(body);
  if (text === undefined) return broken('it is too long, or not UTF-8');
  const lines = text.split(/\r?\n/);
  if (lines.length > MAX_LINES) return broken(`more than ${MAX_LINES} lines`);
  const session: Draft = { media: '', candidates: [], end: false };
  const media: Draft[] = [];
  let at = session;
  for (const line of lines) {
    const medium = /^m=(\S+) /.exec(line)?.[1];
    if (medium !== undefined) {
      if (media.length === MAX_MEDIA) return broken(`more than ${MAX_MEDIA} media`);
      at = { media: medium, candidates: [], end: false };
      media.push(at);
    } else {
      const [, name = '', value = ''] = /^a=([^:\s]+)(?::(.*))?$/.exec(line) ?? [];
      take(at, name, value);
    }
  }
  if (media.length === 0) return broken('no m= line');
  return ok(
    media.map(({ media: kind, mid, candidates, ...own }) => ({
      media: kind,
      mid,
      // §9.2: what stands before the first m= line is for all of them.
      ufrag: own.ufrag ?? session.ufrag,
      pwd: own.pwd ?? session.pwd,
      candidates,
      end: own.end || session.end,
    })),
  );
}

function take(at: Draft, name: string, value: string): void {
  switch (name) {
    case 'mid':
      at.mid = value;
      return;
    case 'ice-ufrag':
      at.ufrag = value;
      return;
    case 'ice-pwd':
      at.pwd = value;
      return;
    case 'end-of-candidates':
      at.end = true;
      return;
    case 'candidate': {
      const candidate = readCandidate(value);
      if (candidate !== undefined) at.candidates.push(candidate);
      return;
    }
    default:
      return;
  }
}

export function writeFragment(media: readonly TrickledMedium[]): Bytes {
  const [first] = media;
  const same = media.every(({ ufrag, pwd }) => ufrag === first?.ufrag && pwd === first?.pwd);
  const lines: string[] = same ? credentials(first) : [];
  for (const medium of media) {
    // §9.2: "pseudo" m= lines, of which only the kind of medium counts.
    lines.push(`m=${medium.media} 9 RTP/AVP 0`);
    if (medium.mid !== undefined) lines.push(`a=mid:${medium.mid}`);
    if (!same) lines.push(...credentials(medium));
    for (const candidate of medium.candidates) lines.push(`a=candidate:${formatCandidate(candidate)}`);
    if (medium.end) lines.push('a=end-of-candidates');
  }
  return utf8Bytes(lines.map((line) => `${line}\r\n`).join(''));
}

function credentials(medium: TrickledMedium | undefined): string[] {
  const lines: string[] = [];
  if (medium?.ufrag !== undefined) lines.push(`a=ice-ufrag:${medium.ufrag}`);
  if (medium?.pwd !== undefined) lines.push(`a=ice-pwd:${medium.pwd}`);
  return lines;
}

function broken(message: string): Result<never> {
  return fault('ERR_CALL_FRAGMENT', message, 'RFC 8840 §9');
}
