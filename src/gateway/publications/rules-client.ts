// Writes a decision about a watcher into the rules of a user at an XCAP server (RFC 4825 §7, RFC 5025 §9): the whole document is
// read, changed, and put back on the condition that nobody else changed it meanwhile.

import { emptyBytes, fault, ok, utf8Bytes, type Bytes, type Random, type Result } from '../../base/index.ts';
import type { HttpClient, HttpResponse } from '../../edge/http/index.ts';
import {
  decideWatcher,
  NS_COMMON_POLICY,
  PRES_RULES_TYPE,
  type WatcherDecision,
} from '../../interwork/presence/index.ts';
import { parseDocument, serialize, type XmlElement } from '../../xml/index.ts';
import { answerHttpChallenge, type HttpUser } from './http-digest.ts';

export interface RulesTarget {
  /** Without "/" at its end. */
  readonly root: string;
  readonly credential: HttpUser | undefined;
  /** Certificates (PEM) in the place of those that Node trusts. */
  readonly ca: string | undefined;
  /** SIP URI of the user, which is his name at the XCAP server. */
  readonly user: string;
}

interface Current {
  readonly document: XmlElement | undefined;
  readonly etag: string | undefined;
}

const MAX_DOCUMENT = { stanzaBytes: 262_144, depth: 32 };
/** Times that somebody else may be quicker. */
const MAX_CONFLICTS = 4;

export class RulesClient {
  readonly #http: Pick<HttpClient, 'send'>;
  readonly #random: Random;

  constructor(http: Pick<HttpClient, 'send'>, random: Random) {
    this.#http = http;
    this.#random = random;
  }

  /**
   * `unchanged`: the rules said so already. Faults: ERR_XCAP_REFUSED (the server says no; asking again would not mend it),
   * ERR_XCAP_UNREADABLE (its document is none, and is left as it is), ERR_XCAP_UNAVAILABLE (perhaps later).
   */
  async decide(
    target: RulesTarget,
    watcher: string,
    decision: WatcherDecision,
  ): Promise<Result<'written' | 'unchanged'>> {
    for (let attempt = 0; attempt < MAX_CONFLICTS; attempt++) {
      const current = await this.#read(target);
      if (!current.ok) return current;
      const { document, etag } = current.value;
      const next = decideWatcher(document, watcher, decision);
      if (next === undefined) return ok('unchanged');
      // RFC 4825 §7.11.
      const condition: Record<string, string> =
        etag !== undefined ? { 'If-Match': etag } : document === undefined ? { 'If-None-Match': '*' } : {};
      const body = utf8Bytes(`<?xml version="1.0" encoding="UTF-8"?>\n${serialize(next, '')}`);
      const headers = { ...condition, 'Content-Type': PRES_RULES_TYPE };
      const answer = await this.#send(target, 'PUT', headers, body);
      if (!answer.ok) return answer;
      if (answer.value.status < 300) return ok('written');
      if (answer.value.status !== 412) return refused(answer.value.status);
    }
    return fault('ERR_XCAP_UNAVAILABLE', 'the rules change all the time', 'RFC 4825 §7.11');
  }

  async #read(target: RulesTarget): Promise<Result<Current>> {
    const answer = await this.#send(target, 'GET', {}, undefined);
    if (!answer.ok) return answer;
    const { status, body } = answer.value;
    if (status === 404) return ok({ document: undefined, etag: undefined });
    if (status !== 200) return refused(status);
    const document = parseDocument(body, MAX_DOCUMENT);
    if (!document.ok || document.value.name !== 'ruleset' || document.value.ns !== NS_COMMON_POLICY) {
      return fault('ERR_XCAP_UNREADABLE', 'what the XCAP server has is no ruleset', 'RFC 4745 §13');
    }
    return ok({ document: document.value, etag: answer.value.header('etag')[0] });
  }

  async #send(
    { root, user, credential, ca }: RulesTarget,
    method: 'GET' | 'PUT',
    headers: Readonly<Record<string, string>>,
    body: Bytes | undefined,
  ): Promise<Result<HttpResponse>> {
    // RFC 4825 §6: the user's name is one segment; "@" and ":" may stand in it as they are.
    const name = encodeURIComponent(user).replaceAll('%40', '@').replaceAll('%3A', ':');
    const url = `${root}/pres-rules/users/${name}/index`;
    const request = { method, url, headers, ca, ...(body === undefined ? {} : { body }) };
    try {
      const first = await this.#http.send(request);
      if (first.status !== 401 || credential === undefined) return ok(first);
      const { pathname } = new URL(url);
      const about = { method, uri: pathname, body: body ?? emptyBytes() };
      const answer = answerHttpChallenge(first.header('www-authenticate'), about, credential, this.#random);
      if (answer === undefined) return ok(first);
      return ok(await this.#http.send({ ...request, headers: { ...headers, Authorization: answer } }));
    } catch (error) {
      return fault('ERR_XCAP_UNAVAILABLE', error instanceof Error ? error.message : String(error));
    }
  }
}

function refused(status: number): Result<never> {
  // RFC 9110 §15.6; 408 and 429 are for the time being as well.
  const later = status >= 500 || status === 408 || status === 429;
  return fault(later ? 'ERR_XCAP_UNAVAILABLE' : 'ERR_XCAP_REFUSED', `the XCAP server answered ${status}`);
}
