// The elements by which devices agree on who takes a call before its session begins (XEP-0353 0.8), and the messages that
// carry them.

import { fault, ok, type Result } from '../../base/index.ts';
import { element, NS_CLIENT, type XmlElement } from '../../xml/index.ts';
import { NS_CARBONS } from '../xep/namespaces.ts';
import { hintElement } from '../xep/wrapper.ts';
import { DEFAULT_JINGLE_LIMITS } from './jingle.ts';
import { NS_JINGLE, NS_JINGLE_MESSAGE } from './namespaces.ts';
import { readReason, reasonElement, type Reason } from './reason.ts';
import { oneOf } from './values.ts';

const KINDS = ['propose', 'ringing', 'proceed', 'reject', 'retract', 'finish'] as const;
export type InitiationKind = (typeof KINDS)[number];

export type Initiation =
  /** `<description/>` of each medium that the session is to have, as written. */
  | { readonly kind: 'propose'; readonly id: string; readonly descriptions: readonly XmlElement[] }
  | { readonly kind: 'ringing' | 'proceed'; readonly id: string }
  | {
      readonly kind: 'reject' | 'retract';
      readonly id: string;
      readonly reason?: Reason | undefined;
      /** "Tie Breaking": another proposal is the one. */
      readonly tieBreak: boolean;
    }
  | {
      readonly kind: 'finish';
      readonly id: string;
      readonly reason?: Reason | undefined;
      /** Id of the session that goes on instead. */
      readonly migratedTo?: string | undefined;
    };

/** As a sid: the session gets this id. */
const MAX_ID = 256;

/**
 * The element of a message; undefined: it has none of them. ERR_JINGLE_SYNTAX: without an id, or without what is proposed;
 * ERR_JINGLE_LIMIT: too many descriptions. A message is of no use to anybody then, and XEP-0353 has no error for it.
 */
export function readInitiation(message: XmlElement): Result<Initiation> | undefined {
  for (const child of message.elements()) {
    if (child.ns !== NS_JINGLE_MESSAGE) continue;
    const kind = oneOf(child.name, KINDS);
    if (kind !== undefined) return readElement(child, kind);
  }
  return undefined;
}

function readElement(child: XmlElement, kind: InitiationKind): Result<Initiation> {
  const id = child.attr('id');
  if (id === undefined || id === '' || id.length > MAX_ID)
    return broken(`a ${kind} has no id that can be used`);
  switch (kind) {
    case 'propose':
      return readProposal(child, id);
    case 'ringing':
    case 'proceed':
      return ok({ kind, id });
    case 'reject':
    case 'retract': {
      const tieBreak = child.child('tie-break', NS_JINGLE_MESSAGE) !== undefined;
      return ok({ kind, id, ...reasonOf(child), tieBreak });
    }
    case 'finish': {
      const migratedTo = child.child('migrated', NS_JINGLE_MESSAGE)?.attr('to');
      const isId = migratedTo !== undefined && migratedTo !== '' && migratedTo.length <= MAX_ID;
      return ok({ kind, id, ...reasonOf(child), ...(isId ? { migratedTo } : {}) });
    }
  }
}

function readProposal(child: XmlElement, id: string): Result<Initiation> {
  const descriptions: XmlElement[] = [];
  for (const each of child.elements()) {
    if (each.name !== 'description') continue;
    if (descriptions.length === DEFAULT_JINGLE_LIMITS.maxContents) {
      return fault('ERR_JINGLE_LIMIT', 'too many descriptions in a propose', 'XEP-0353 "Indicating Intent"');
    }
    descriptions.push(each);
  }
  return descriptions.length === 0
    ? broken('a propose has no description')
    : ok({ kind: 'propose', id, descriptions });
}

function reasonOf(child: XmlElement): { readonly reason?: Reason } {
  const written = child.child('reason', NS_JINGLE);
  const reason = written === undefined ? undefined : readReason(written);
  return reason === undefined ? {} : { reason };
}

function broken(what: string): Result<never> {
  return fault('ERR_JINGLE_SYNTAX', what, 'XEP-0353');
}

export function initiationElement(initiation: Initiation): XmlElement {
  const { kind, id } = initiation;
  switch (kind) {
    case 'propose':
      return element(kind, NS_JINGLE_MESSAGE, { id }, ...initiation.descriptions);
    case 'ringing':
    case 'proceed':
      return element(kind, NS_JINGLE_MESSAGE, { id });
    case 'reject':
    case 'retract':
      return element(
        kind,
        NS_JINGLE_MESSAGE,
        { id },
        initiation.reason === undefined ? undefined : reasonElement(initiation.reason),
        initiation.tieBreak ? element('tie-break', NS_JINGLE_MESSAGE) : undefined,
      );
    case 'finish': {
      const { reason, migratedTo } = initiation;
      return element(
        kind,
        NS_JINGLE_MESSAGE,
        { id },
        reason === undefined ? undefined : reasonElement(reason),
        migratedTo === undefined ? undefined : element('migrated', NS_JINGLE_MESSAGE, { to: migratedTo }),
      );
    }
  }
}

/** "MUST be of type="chat" and contain <store/> hints". `id`: of the stanza. */
export function initiationMessage(
  addresses: { readonly from: string; readonly to: string; readonly id: string },
  initiation: Initiation,
  isPrivate = false,
): XmlElement {
  const { from, to, id } = addresses;
  const unshared = isPrivate ? [element('private', NS_CARBONS), hintElement('no-copy')] : [];
  return element(
    'message',
    NS_CLIENT,
    { from, id, to, type: 'chat' },
    initiationElement(initiation),
    hintElement('store'),
    ...unshared,
  );
}
