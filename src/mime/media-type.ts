// The value of a Content-Type or Content-Disposition field: a name and parameters (RFC 2045 §5.1, RFC 3261 §25.1).
// SIP has the same grammar; this reader is the small one for what lies inside bodies.

export interface MediaType {
  /** "type/subtype" (or the disposition type), lower case. */
  readonly name: string;
  /** Names in lower case, values without quotes; the first of a repeated parameter counts. */
  readonly params: ReadonlyMap<string, string>;
}

const NO_PARAMS: ReadonlyMap<string, string> = new Map();
const MEDIA_TYPE = /^[!#$%&'*+\-.^_`{|}~0-9A-Za-z]+\/[!#$%&'*+\-.^_`{|}~0-9A-Za-z]+$/;
const TOKEN = /^[!#$%&'*+\-.^_`{|}~0-9A-Za-z]+$/;

/** Reads `type/subtype;name=value…`; undefined when it does not fit the grammar. */
export function parseMediaType(value: string): MediaType | undefined {
  return parseWithParams(value, MEDIA_TYPE);
}

/** Reads `token;name=value…`, as in Content-Disposition (RFC 2183 §2). */
export function parseDisposition(value: string): MediaType | undefined {
  return parseWithParams(value, TOKEN);
}

function parseWithParams(value: string, grammar: RegExp): MediaType | undefined {
  const semicolon = value.indexOf(';');
  const name = (semicolon < 0 ? value : value.slice(0, semicolon)).trim();
  // White space around the slash is legal in SIP (RFC 3261 §25.1: m-type SLASH m-subtype).
  const slash = name.indexOf('/');
  const tight = slash < 0 ? name : `${name.slice(0, slash).trimEnd()}/${name.slice(slash + 1).trimStart()}`;
  if (!grammar.test(tight)) return undefined;
  if (semicolon < 0) return { name: tight.toLowerCase(), params: NO_PARAMS };
  const params = parseParams(value, semicolon);
  return params === undefined ? undefined : { name: tight.toLowerCase(), params };
}

/** Reads from the first semicolon on; an empty parameter (";;" or a last ";") is let through. */
function parseParams(value: string, start: number): Map<string, string> | undefined {
  const params = new Map<string, string>();
  let at = start;
  while (at < value.length) {
    at = skipSpace(value, at + 1);
    if (at >= value.length) break;
    if (value[at] === ';') continue;
    let end = at;
    while (end < value.length && value[end] !== '=' && value[end] !== ';') end += 1;
    const name = value.slice(at, end).trim();
    if (!TOKEN.test(name)) return undefined;
    if (value[end] !== '=') {
      setOnce(params, name, '');
      at = end;
      continue;
    }
    at = skipSpace(value, end + 1);
    if (value[at] === '"') {
      const quoted = readQuoted(value, at);
      if (quoted === undefined) return undefined;
      setOnce(params, name, quoted.text);
      at = skipSpace(value, quoted.end);
      if (at < value.length && value[at] !== ';') return undefined;
      continue;
    }
    end = value.indexOf(';', at);
    if (end < 0) end = value.length;
    setOnce(params, name, value.slice(at, end).trim());
    at = end;
  }
  return params;
}

function setOnce(params: Map<string, string>, name: string, value: string): void {
  const key = name.toLowerCase();
  if (!params.has(key)) params.set(key, value);
}

function skipSpace(value: string, from: number): number {
  let at = from;
  while (at < value.length && (value.charCodeAt(at) === 0x20 || value.charCodeAt(at) === 0x09)) at += 1;
  return at;
}

/** Reads the quoted-string that begins at `start`; `end` is the place after its closing quote. */
function readQuoted(value: string, start: number): { text: string; end: number } | undefined {
  let text = '';
  for (let at = start + 1; at < value.length; at++) {
    const char = value[at];
    if (char === '"') return { text, end: at + 1 };
    if (char === '\\') at += 1;
    text += value[at] ?? '';
  }
  return undefined;
}
