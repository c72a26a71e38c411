// One Via value (RFC 3261 §20.42).

import { fault, ok, type Err, type Fault, type Result } from '../../base/index.ts';
import type { Params, Via } from '../message/types.ts';
import { ALPHA, COLON, COMMA, DIGIT, HEX, SLASH, TOKEN, readNumber, skipClass, skipSpace } from './chars.ts';
import { NO_PARAMS, readParams, scanParams } from './params.ts';

/** RFC 3261 §8.1.1.7: branches of today begin so. */
export const BRANCH_COOKIE = 'z9hG4bK';

const CLAUSE = 'RFC 3261 §20.42';
const TRANSPORTS = ['UDP', 'TCP', 'TLS', 'WS', 'WSS'] as const;

/** A Via value with what is needed to write it again. Parameters are read when asked for. */
export class ParsedVia implements Via {
  readonly transport: string;
  readonly host: string;
  readonly port: number | undefined;
  readonly branch: string | undefined;
  /** The text it was read from: possibly a comma list of which this is one. */
  readonly raw: string;
  /** Where the parameters start in `raw` … */
  readonly paramsStart: number;
  /** … and where this value ends: at a comma or the end of `raw`. */
  readonly end: number;
  #params: Params | undefined;

  constructor(
    raw: string,
    transport: string,
    host: string,
    port: number | undefined,
    paramsStart: number,
    end: number,
    branch: string | undefined,
  ) {
    this.transport = transport;
    this.host = host;
    this.port = port;
    this.branch = branch;
    this.raw = raw;
    this.paramsStart = paramsStart;
    this.end = end;
  }

  get params(): Params {
    this.#params ??= readParams(this.raw, this.paramsStart)?.params ?? NO_PARAMS;
    return this.#params;
  }
}

/** Reads the Via value that starts at `start` and ends at a comma or the end of `raw`. */
export function parseVia(raw: string, start = 0): Result<ParsedVia> {
  const length = raw.length;
  // sent-protocol as everybody writes it; white space around the slashes (RFC 4475 §3.1.1.1) takes the longer way.
  let pos = raw.startsWith('SIP/2.0/', start) ? start + 8 : readProtocol(raw, start);
  if (pos < 0) return broken('sent-protocol is not SIP/2.0');
  const transportEnd = skipClass(raw, pos, length, TOKEN);
  const hostStart = skipSpace(raw, transportEnd, length);
  if (transportEnd === pos || hostStart === transportEnd)
    return broken('no transport, or no sent-by after it');
  const transport = transportName(raw.slice(pos, transportEnd));
  const hostEnd = skipHost(raw, hostStart, length);
  if (hostEnd === hostStart) return broken('no sent-by');
  const host = raw.slice(hostStart, hostEnd).toLowerCase();
  let port: number | undefined;
  pos = skipSpace(raw, hostEnd, length);
  if (raw.charCodeAt(pos) === COLON) {
    const portStart = skipSpace(raw, pos + 1, length);
    pos = skipClass(raw, portStart, length, DIGIT);
    port = readNumber(raw, portStart, pos);
    if (port < 1 || port > 65535) return broken('the port is not 1 … 65535');
  }
  const scan = scanParams(raw, pos, 'branch');
  if (scan.end < 0) return broken('the parameters are broken');
  // RFC 4475 §3.2.1: the cookie without an identifier identifies nothing.
  if (scan.value?.length === BRANCH_COOKIE.length && scan.value === BRANCH_COOKIE)
    return broken('the branch is only the cookie');
  return ok(new ParsedVia(raw, transport, host, port, pos, scan.end, scan.value));
}

/** All values of one comma list. */
export function parseViaLine(raw: string): Result<readonly ParsedVia[]> {
  const list: ParsedVia[] = [];
  for (let pos = 0; ; pos++) {
    const via = parseVia(raw, skipSpace(raw, pos, raw.length));
    if (!via.ok) return via;
    list.push(via.value);
    pos = via.value.end;
    if (raw.charCodeAt(pos) !== COMMA) return ok(list);
  }
}

/** What a Via of ours says. */
export interface ViaParts {
  readonly transport: string;
  /** IPv6 in brackets. */
  readonly host: string;
  readonly port?: number | undefined;
  readonly branch: string;
  /** RFC 3581 §3: asks for the source port. Default true. */
  readonly rport?: boolean;
}

/** A Via value as clients write it. */
export function formatVia(parts: ViaParts): string {
  const port = parts.port === undefined ? '' : `:${parts.port}`;
  const rport = parts.rport === false ? '' : ';rport';
  return `SIP/2.0/${parts.transport} ${parts.host}${port}${rport};branch=${parts.branch}`;
}

/** Index after `SIP / 2.0 /` with white space; -1 when it is something else. */
function readProtocol(raw: string, start: number): number {
  const end = raw.length;
  let pos = skipSpace(raw, start, end);
  for (const expected of ['sip', '2.0']) {
    const stop = skipClass(raw, pos, end, TOKEN);
    if (raw.slice(pos, stop).toLowerCase() !== expected) return -1;
    pos = skipSpace(raw, stop, end);
    if (raw.charCodeAt(pos) !== SLASH) return -1;
    pos = skipSpace(raw, pos + 1, end);
  }
  return pos;
}

/** End of a host. Underscores are let through: names in Via are often those of machines, and only echoed. */
function skipHost(raw: string, start: number, end: number): number {
  if (raw.charCodeAt(start) !== 0x5b) {
    let pos = start;
    for (;;) {
      pos = skipClass(raw, pos, end, ALPHA | DIGIT);
      const code = raw.charCodeAt(pos);
      if (code !== 0x2e && code !== 0x2d && code !== 0x5f) return pos;
      pos++;
    }
  }
  let pos = start + 1;
  for (;;) {
    pos = skipClass(raw, pos, end, HEX);
    const code = raw.charCodeAt(pos);
    if (code === 0x5d) return pos > start + 2 ? pos + 1 : start;
    if (code !== COLON && code !== 0x2e) return start;
    pos++;
  }
}

function transportName(text: string): string {
  for (const name of TRANSPORTS) if (name === text) return name;
  return text.toUpperCase();
}

function broken(what: string): Err<Fault> {
  return fault('ERR_SIP_HEADER_VIA', `not a Via: ${what}`, CLAUSE);
}
