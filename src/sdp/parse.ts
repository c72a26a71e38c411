// Reads a session description (RFC 8866 §5, §9) line by line. The order of lines is that of the grammar, except where
// phones in use are careless and nothing else could be meant: those places say so.

import { fault, ok, utf8Text, type Bytes, type Fault, type Result } from '../base/index.ts';
import type {
  Attribute,
  Bandwidth,
  Connection,
  MediaDescription,
  Origin,
  SessionDescription,
  TimeDescription,
} from './description.ts';
import { DEFAULT_SDP_LIMITS, type SdpLimits } from './limits.ts';
import { isToken } from './scan.ts';

/** A section that is being read. */
interface Draft {
  information?: string;
  readonly connections: Connection[];
  readonly bandwidths: Bandwidth[];
  key?: string;
  readonly attributes: Attribute[];
}

interface MediaDraft extends Draft {
  readonly media: string;
  readonly port: number;
  portCount?: number;
  readonly protocol: string;
  readonly formats: readonly string[];
}

interface SessionDraft extends Draft {
  origin?: Origin;
  name?: string;
  uri?: string;
  readonly emails: string[];
  readonly phones: string[];
  readonly times: { active: string; repeats: string[]; zones: string[] }[];
  readonly media: MediaDraft[];
}

const PROTOCOL = /^[!#$%&'*+\-.^_`{|}~0-9A-Za-z]+(?:\/[!#$%&'*+\-.^_`{|}~0-9A-Za-z]+)*$/;
const CR = 0x0d;
const CLAUSE = 'RFC 8866 §5';

/**
 * Reads the body of a message. Lines end with CR LF, or with LF (SDP-40). Faults: ERR_SDP_SYNTAX for what is not of the
 * grammar, ERR_SDP_LIMIT for what is too much.
 */
export function parseSdp(
  body: Bytes | string,
  limits: SdpLimits = DEFAULT_SDP_LIMITS,
): Result<SessionDescription> {
  if (body.length > limits.maxLength)
    return fault('ERR_SDP_LIMIT', `more than ${limits.maxLength} octets`, CLAUSE);
  const text = typeof body === 'string' ? body : utf8Text(body);
  if (text === undefined) return fault('ERR_SDP_SYNTAX', 'it is not UTF-8', 'RFC 8866 §4.5');
  // A text of one character to split at is found as octets are; a regular expression would be asked at each of them.
  const lines = text.split('\n');
  if (lines.length > limits.maxLines)
    return fault('ERR_SDP_LIMIT', `more than ${limits.maxLines} lines`, CLAUSE);
  for (let n = 0; n + 1 < lines.length; n++) {
    const line = lines[n] ?? '';
    if (line.charCodeAt(line.length - 1) === CR) lines[n] = line.slice(0, -1);
  }
  const session: SessionDraft = {
    ...{ connections: [], bandwidths: [], attributes: [], emails: [], phones: [], times: [], media: [] },
  };
  if (lines[0] !== 'v=0') return fault('ERR_SDP_SYNTAX', 'the first line is not "v=0"', 'RFC 8866 §5.1');
  const hasNul = text.includes('\0');
  for (let n = 1; n < lines.length; n++) {
    const line = lines[n] ?? '';
    // Empty lines are nothing of the grammar; some phones end with one, and none of them can mean anything.
    if (line === '') continue;
    // §9: byte-string. A CR inside would be the end of a line for others.
    if (line.includes('\r') || (hasNul && line.includes('\0'))) return broken(n, 'it holds a CR or a NUL');
    if (line[1] !== '=') return broken(n, 'it is not a type, "=" and a value');
    const problem = take(session, line[0] ?? '', line.slice(2), limits);
    if (problem !== undefined)
      return typeof problem === 'string' ? broken(n, problem) : { ok: false, error: problem };
  }
  return finish(session);
}

function broken(line: number, what: string): Result<never> {
  return fault('ERR_SDP_SYNTAX', `line ${line + 1}: ${what}`, CLAUSE);
}

/** Takes one line; says what is wrong with it, or nothing. */
function take(
  session: SessionDraft,
  type: string,
  value: string,
  limits: SdpLimits,
): string | Fault | undefined {
  const medium = session.media[session.media.length - 1];
  const section = medium ?? session;
  switch (type) {
    case 'm':
      return takeMedia(session, value, limits);
    case 'a':
      return takeAttribute(section, value);
    case 'c':
      return takeConnection(section, value, medium === undefined);
    case 'b':
      return takeBandwidth(section, value);
    case 'i':
      return once(section.information, () => (section.information = value));
    case 'k':
      return once(section.key, () => (section.key = value));
    default:
      return medium === undefined
        ? takeSessionLine(session, type, value)
        : `"${type}=" does not belong to a medium`;
  }
}

function takeSessionLine(session: SessionDraft, type: string, value: string): string | undefined {
  switch (type) {
    case 'o':
      return takeOrigin(session, value);
    case 's':
      // §5.3: it must not be empty; some phones leave it so, and nobody reads it.
      return once(session.name, () => (session.name = value === '' ? '-' : value));
    case 'u':
      return once(session.uri, () => (session.uri = value));
    case 'e':
      session.emails.push(value);
      return undefined;
    case 'p':
      session.phones.push(value);
      return undefined;
    case 't':
      if (!/^\d+ \d+$/.test(value)) return '"t=" does not hold two times';
      session.times.push({ active: value, repeats: [], zones: [] });
      return undefined;
    case 'r':
    case 'z': {
      const time = session.times.at(-1);
      if (time === undefined) return `"${type}=" without "t=" before it`;
      (type === 'r' ? time.repeats : time.zones).push(value);
      return undefined;
    }
    default:
      // §5: "completely ignore or reject any session description that contains a type letter that it does not understand".
      return `there is no type "${type}"`;
  }
}

function once(before: string | undefined, set: () => void): string | undefined {
  if (before !== undefined) return 'it stands there twice';
  set();
  return undefined;
}

function takeOrigin(session: SessionDraft, value: string): string | undefined {
  if (session.origin !== undefined) return 'it stands there twice';
  const [username, sessionId, sessionVersion, netType, addrType, address, ...more] = value.split(' ');
  if (!username || !netType || !addrType || !address || more.length > 0)
    return '"o=" does not have six fields';
  if (!isNumber(sessionId) || !isNumber(sessionVersion))
    return '"o=" has an id or a version that is no number';
  session.origin = { username, sessionId, sessionVersion, netType, addrType, address };
  return undefined;
}

function isNumber(text: string | undefined): text is string {
  return text !== undefined && /^\d{1,40}$/.test(text);
}

function takeConnection(section: Draft, value: string, isSession: boolean): string | undefined {
  const [netType, addrType, address, ...more] = value.trimEnd().split(' ');
  if (!netType || !addrType || !address || more.length > 0) return '"c=" does not have three fields';
  // §5.7: several only at a medium, for layered multicast.
  if (isSession && section.connections.length > 0) return 'it stands there twice';
  section.connections.push({ netType, addrType, address });
  return undefined;
}

function takeBandwidth(section: Draft, value: string): string | undefined {
  const [, type = '', digits = ''] = /^([^:]+):(\d{1,15})\s*$/.exec(value) ?? [];
  if (!isToken(type)) return '"b=" is not a type, ":" and a number';
  section.bandwidths.push({ type, value: Number(digits) });
  return undefined;
}

function takeAttribute(section: Draft, line: string): string | undefined {
  const colon = line.indexOf(':');
  const name = colon < 0 ? line.trimEnd() : line.slice(0, colon);
  if (!isToken(name)) return '"a=" has no name';
  section.attributes.push(colon < 0 ? { name } : { name, value: line.slice(colon + 1) });
  return undefined;
}

function takeMedia(session: SessionDraft, value: string, limits: SdpLimits): string | Fault | undefined {
  const [media = '', ports = '', protocol = '', ...formats] = value.trim().split(/ +/);
  const [, port = '', count] = /^(\d{1,5})(?:\/(\d{1,5}))?$/.exec(ports) ?? [];
  if (!isToken(media)) return '"m=" has no medium';
  if (port === '' || Number(port) > 65_535 || count === '0') return '"m=" has no port';
  if (!PROTOCOL.test(protocol)) return '"m=" has no protocol';
  if (formats.length === 0) return '"m=" has no format';
  if (!formats.every((format) => isToken(format))) return '"m=" has a format that is no token';
  if (session.media.length === limits.maxMedia) return limit(`more than ${limits.maxMedia} media`);
  if (formats.length > limits.maxFormats) return limit(`more than ${limits.maxFormats} formats of a medium`);
  const medium: MediaDraft = {
    ...{ connections: [], bandwidths: [], attributes: [], media, port: Number(port), protocol, formats },
  };
  if (count !== undefined) medium.portCount = Number(count);
  session.media.push(medium);
  return undefined;
}

function limit(message: string): Fault {
  return { code: 'ERR_SDP_LIMIT', message, clause: CLAUSE };
}

function finish(session: SessionDraft): Result<SessionDescription> {
  const { origin, name, connections, times, media } = session;
  if (origin === undefined) return fault('ERR_SDP_SYNTAX', 'it has no "o="', 'RFC 8866 §5.2');
  if (name === undefined) return fault('ERR_SDP_SYNTAX', 'it has no "s="', 'RFC 8866 §5.3');
  const connection = connections[0];
  // RFC 3264 §5 wants "t=0 0"; some phones leave it away, and no call has another time.
  const when: readonly TimeDescription[] =
    times.length > 0 ? times : [{ active: '0 0', repeats: [], zones: [] }];
  const lacking = media.find(
    (each) => connection === undefined && each.connections.length === 0 && each.port !== 0,
  );
  if (lacking !== undefined) {
    return fault('ERR_SDP_SYNTAX', `neither the session nor "m=${lacking.media}" has "c="`, 'RFC 8866 §5.7');
  }
  const { information, key, uri, bandwidths, attributes, emails, phones } = session;
  // What is absent stays so, field by field: to take "the rest" of an object is slow.
  const whole: { -readonly [K in keyof SessionDescription]: SessionDescription[K] } = {
    ...{ origin, name, bandwidths, attributes, emails, phones, times: when },
    media: media satisfies readonly MediaDescription[],
  };
  if (connection !== undefined) whole.connection = connection;
  if (information !== undefined) whole.information = information;
  if (key !== undefined) whole.key = key;
  if (uri !== undefined) whole.uri = uri;
  return ok(whole);
}
