// Addresses of XMPP (RFC 7622): text ↔ parts, prepared, so that equal addresses are equal strings.

import { fault, isWellFormed, ok, utf8Length, type Err, type Fault, type Result } from '../../base/index.ts';
import { prepareDomain } from './domain.ts';
import { opaqueString, usernameCaseMapped } from './precis.ts';
import type { Jid } from './types.ts';

const MAX_OCTETS = 1023;
/** Longer texts are refused before any table is asked: no mapping makes four characters of one octet. */
const MAX_UNITS = 4 * MAX_OCTETS;

const LOCAL_CLAUSE = 'RFC 7622 §3.3';
const RESOURCE_CLAUSE = 'RFC 7622 §3.4';

/** RFC 7622 §3.3.1: allowed by the profile, but not in a localpart. */
const EXCLUDED = /["&'/:<>@]/;

/** ASCII in localparts: 0 not allowed, 1 as it is, 2 to be lower-cased. */
const LOCAL_ASCII: Uint8Array = buildLocalTable();

function buildLocalTable(): Uint8Array {
  const table = new Uint8Array(128);
  for (let code = 0x21; code <= 0x7e; code++) {
    table[code] = EXCLUDED.test(String.fromCharCode(code)) ? 0 : code >= 0x41 && code <= 0x5a ? 2 : 1;
  }
  return table;
}

/** The prepared localpart (RFC 7622 §3.3). Fault `jid-malformed`. */
export function prepareLocal(text: string): Result<string> {
  let upper = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) return prepareWideLocal(text);
    const kind = LOCAL_ASCII[code];
    if (kind === 0) return malformed('forbidden character in the localpart', LOCAL_CLAUSE);
    if (kind === 2) upper = true;
  }
  return sized(upper ? text.toLowerCase() : text, text.length, LOCAL_CLAUSE);
}

function prepareWideLocal(text: string): Result<string> {
  if (text.length > MAX_UNITS || !isWellFormed(text)) return malformed('no localpart', LOCAL_CLAUSE);
  const prepared = usernameCaseMapped(text);
  // After the mappings: a full-width "＠" becomes "@".
  if (prepared === undefined || EXCLUDED.test(prepared)) {
    return malformed('forbidden character in the localpart', LOCAL_CLAUSE);
  }
  return sized(prepared, utf8Length(prepared), LOCAL_CLAUSE);
}

/** The prepared resourcepart (RFC 7622 §3.4). Fault `jid-malformed`. */
export function prepareResource(text: string): Result<string> {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) return prepareWideResource(text);
    if (code < 0x20 || code === 0x7f)
      return malformed('control character in the resourcepart', RESOURCE_CLAUSE);
  }
  return sized(text, text.length, RESOURCE_CLAUSE);
}

function prepareWideResource(text: string): Result<string> {
  if (text.length > MAX_UNITS || !isWellFormed(text)) return malformed('no resourcepart', RESOURCE_CLAUSE);
  const prepared = opaqueString(text);
  if (prepared === undefined) return malformed('forbidden character in the resourcepart', RESOURCE_CLAUSE);
  return sized(prepared, utf8Length(prepared), RESOURCE_CLAUSE);
}

/** RFC 7622 §3.1: each part is 1 to 1023 octets after preparation. */
function sized(prepared: string, octets: number, clause: string): Result<string> {
  return octets >= 1 && octets <= MAX_OCTETS ? ok(prepared) : malformed('part is empty or too long', clause);
}

/**
 * Reads and prepares an address (RFC 7622 §3.1, §3.2): the resourcepart begins at the first "/", the localpart ends at
 * the first "@" before it. Fault `jid-malformed`.
 */
export function parseJid(text: string): Result<Jid> {
  const slash = text.indexOf('/');
  const bare = slash < 0 ? text : text.slice(0, slash);
  const at = bare.indexOf('@');
  const local = at < 0 ? undefined : prepareLocal(bare.slice(0, at));
  if (local?.ok === false) return local;
  const domain = prepareDomain(at < 0 ? bare : bare.slice(at + 1));
  if (!domain.ok) return domain;
  const resource = slash < 0 ? undefined : prepareResource(text.slice(slash + 1));
  if (resource?.ok === false) return resource;
  return ok({ local: local?.value ?? '', domain: domain.value, resource: resource?.value ?? '' });
}

/** Prepares the parts of an address; '' for a localpart or resourcepart that is absent. Fault `jid-malformed`. */
export function jidFromParts(local: string, domain: string, resource = ''): Result<Jid> {
  const preparedLocal = local === '' ? undefined : prepareLocal(local);
  if (preparedLocal?.ok === false) return preparedLocal;
  const preparedDomain = prepareDomain(domain);
  if (!preparedDomain.ok) return preparedDomain;
  const preparedResource = resource === '' ? undefined : prepareResource(resource);
  if (preparedResource?.ok === false) return preparedResource;
  return ok({
    local: preparedLocal?.value ?? '',
    domain: preparedDomain.value,
    resource: preparedResource?.value ?? '',
  });
}

/** `local@domain/resource`, without what is absent. */
export function formatJid(jid: Jid): string {
  return jid.resource === '' ? formatBareJid(jid) : `${formatBareJid(jid)}/${jid.resource}`;
}

/** `local@domain`, or `domain`. */
export function formatBareJid(jid: Jid): string {
  return jid.local === '' ? jid.domain : `${jid.local}@${jid.domain}`;
}

/** The address without resourcepart. */
export function bareJid(jid: Jid): Jid {
  return jid.resource === '' ? jid : { local: jid.local, domain: jid.domain, resource: '' };
}

/** RFC 7622 §3.2.3 and after: prepared parts are compared octet by octet. */
export function equalJid(left: Jid, right: Jid): boolean {
  return left.resource === right.resource && equalBare(left, right);
}

/** The same without the resourceparts. */
export function equalBare(left: Jid, right: Jid): boolean {
  return left.local === right.local && left.domain === right.domain;
}

function malformed(message: string, clause: string): Err<Fault> {
  return fault('jid-malformed', message, clause);
}
