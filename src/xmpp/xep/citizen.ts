// The manners of a component: an answer to every iq for its domain and the addresses in it (row COMP-05).
// Rows FEAT-01, 02, 03, 04, 06, 07, ERR-R1, ERR-R3. Pure: a request and a context in, an answer out.
//
// Every address of a SIP user gets the same answers, whether or not there is such a user (row FEAT-02).

import { formatDateTime } from '../../base/index.ts';
import { element, type XmlElement } from '../../xml/index.ts';
import { errorReply, mayAnswerWithError, stanzaError } from '../stanza/error.ts';
import { iqResult, readIq, type Iq } from '../stanza/iq.ts';
import type { StanzaCondition } from '../stanza/condition.ts';
import { discoInfoElement, discoItemsElement } from './disco.ts';
import {
  FEATURE_JID_ESCAPING,
  NS_CHAT_STATES,
  NS_DISCO_INFO,
  NS_DISCO_ITEMS,
  NS_LAST,
  NS_PING,
  NS_TIME,
  NS_VCARD,
  NS_VERSION,
} from './namespaces.ts';
import { softwareInfoForm } from './software-info.ts';
import { userInfo, userNode } from './user-caps.ts';

export interface CitizenContext {
  /** The component's domain, prepared. */
  readonly domain: string;
  /** Name of the software, for version and identities. */
  readonly name: string;
  readonly version: string;
  /** Operating system, told only if the operator wants it told. */
  readonly os?: string | undefined;
  /** Start of the gateway and the present, milliseconds of one clock. */
  readonly startedMs: number;
  readonly nowMs: number;
  /** The present, milliseconds since 1970-01-01T00:00:00Z. */
  readonly wallMs: number;
  /** What a full JID of a SIP user can do beyond disco, ping, escaping and capabilities; by default chat states. */
  readonly userFeatures?: readonly string[] | undefined;
  /** All sets of features that his presence may have announced (FEAT-04); by default `userFeatures` alone. */
  readonly announced?: readonly (readonly string[])[] | undefined;
  /** The vCard of a SIP user (bare JID), as far as `from` may see it (FEAT-06). */
  readonly vCard?: ((iq: Iq) => XmlElement | undefined) | undefined;
}

const DOMAIN_FEATURES: readonly string[] = [
  NS_DISCO_INFO,
  NS_DISCO_ITEMS,
  FEATURE_JID_ESCAPING,
  NS_PING,
  NS_VERSION,
  NS_LAST,
  NS_TIME,
  NS_VCARD,
];
const BARE_FEATURES: readonly string[] = [NS_DISCO_INFO, NS_VCARD];
const USER_FEATURES: readonly string[] = [NS_CHAT_STATES];

type Addressee = 'domain' | 'bare' | 'full';

/**
 * The answer to an iq whose `to` is at the component's domain; undefined: it must not be answered (row ERR-R1), or
 * it is not an iq. Every get and set has exactly one answer (row ERR-R3).
 */
export function answerIq(iq: XmlElement, context: CitizenContext): XmlElement | undefined {
  if (iq.name !== 'iq' || !mayAnswerWithError(iq)) return undefined;
  const read = readIq(iq);
  if (!read.ok) return refuse(iq, 'bad-request');
  // Of the requests known here none can be a set; with an unknown payload it makes no difference (row FEAT-07).
  if (read.value.type !== 'get') return refuse(iq, 'service-unavailable');
  return answerGet(read.value, addressee(read.value.to, context.domain), context);
}

function answerGet(iq: Iq, to: Addressee, context: CitizenContext): XmlElement {
  const payload = iq.payload;
  const known = payload === undefined ? '' : `${payload.ns} ${payload.name}`;
  switch (known) {
    case `${NS_DISCO_INFO} query`:
      return discoAnswer(iq, payload?.attr('node'), to, context);
    case `${NS_DISCO_ITEMS} query`:
      if (payload?.attr('node') !== undefined) return refuse(iq.element, 'item-not-found');
      return iqResult(iq.element, discoItemsElement([]));
    case `${NS_PING} ping`:
      return iqResult(iq.element);
  }
  if (to === 'bare' && known === `${NS_VCARD} vCard`) {
    const vCard = context.vCard?.(iq);
    if (vCard !== undefined) return iqResult(iq.element, vCard);
  }
  // XEP-0054 §3.2: the same whether there is no vCard, no such user, or one who may not be seen.
  if (to !== 'domain') return refuse(iq.element, 'service-unavailable');
  switch (known) {
    case `${NS_VERSION} query`:
      return iqResult(iq.element, versionElement(context));
    case `${NS_LAST} query`:
      // XEP-0012 "Server query": the uptime.
      return iqResult(iq.element, element('query', NS_LAST, { seconds: uptimeSeconds(context) }));
    case `${NS_TIME} time`:
      return iqResult(iq.element, timeElement(context));
    case `${NS_VCARD} vCard`:
      return iqResult(iq.element, element('vCard', NS_VCARD, {}, element('FN', NS_VCARD, {}, context.name)));
    default:
      return refuse(iq.element, 'service-unavailable');
  }
}

function discoAnswer(iq: Iq, node: string | undefined, to: Addressee, context: CitizenContext): XmlElement {
  if (node === undefined) return iqResult(iq.element, discoInfo(to, context));
  // XEP-0115 §6.2. Whose features have changed since is asked for those that he announced: the hash is to match.
  const announced = context.announced ?? [context.userFeatures ?? USER_FEATURES];
  const features = announced.find((each) => userNode(context.name, each) === node);
  // XEP-0030 "Error conditions": a node that does not exist is item-not-found.
  if (to === 'domain' || features === undefined) return refuse(iq.element, 'item-not-found');
  return iqResult(iq.element, userInfo(context.name, features, node));
}

function discoInfo(to: Addressee, context: CitizenContext): XmlElement {
  switch (to) {
    case 'domain':
      return discoInfoElement(
        [{ category: 'gateway', type: 'sip', name: context.name }],
        DOMAIN_FEATURES,
        undefined,
        [softwareInfoForm(context)],
      );
    case 'bare':
      return discoInfoElement([{ category: 'account', type: 'registered' }], BARE_FEATURES);
    case 'full':
      return userInfo(context.name, context.userFeatures ?? USER_FEATURES);
  }
}

function versionElement(context: CitizenContext): XmlElement {
  const parts = [
    element('name', NS_VERSION, {}, context.name),
    element('version', NS_VERSION, {}, context.version),
  ];
  if (context.os !== undefined) parts.push(element('os', NS_VERSION, {}, context.os));
  return element('query', NS_VERSION, {}, ...parts);
}

function timeElement(context: CitizenContext): XmlElement {
  // XEP-0202: the offset of the local time zone; a gateway is nowhere, so it keeps UTC.
  return element(
    'time',
    NS_TIME,
    {},
    element('tzo', NS_TIME, {}, '+00:00'),
    element('utc', NS_TIME, {}, formatDateTime(context.wallMs)),
  );
}

function uptimeSeconds(context: CitizenContext): string {
  return String(Math.max(0, Math.floor((context.nowMs - context.startedMs) / 1000)));
}

/** Splits as RFC 7622 §3.1 does: the resource begins at the first slash, the domain after the first at-sign. */
function addressee(to: string | undefined, domain: string): Addressee {
  if (to === undefined || to === domain) return 'domain';
  const slash = to.indexOf('/');
  const at = to.indexOf('@');
  if (at === -1 || (slash !== -1 && slash < at)) return 'domain';
  return slash === -1 ? 'bare' : 'full';
}

function refuse(iq: XmlElement, condition: StanzaCondition): XmlElement {
  return errorReply(iq, stanzaError(condition));
}
