// Is a message encrypted end to end? Then what stands in `<body/>` is not what was said (row IM-15).
// Sources: XEP-0380 0.4, XEP-0384 0.3 and 0.8, XEP-0373 0.7, XEP-0027 1.4, XEP-0364 0.3.

import type { XmlElement } from '../../xml/index.ts';
import {
  NS_EME,
  NS_LEGACY_PGP,
  NS_OMEMO,
  NS_OMEMO_1,
  NS_OMEMO_LEGACY,
  NS_OPENPGP,
  NS_OTR,
} from './namespaces.ts';

export interface Encryption {
  /** Namespace of the method: one of those above, or what `<encryption/>` names. */
  readonly method: string;
  /** For people. */
  readonly name: string;
}

/** What XEP-0380 "Encryption methods" calls them. */
const names: ReadonlyMap<string, string> = new Map([
  [NS_OMEMO_LEGACY, 'OMEMO'],
  [NS_OMEMO_1, 'OMEMO'],
  [NS_OMEMO, 'OMEMO'],
  [NS_OPENPGP, 'OpenPGP for XMPP'],
  [NS_LEGACY_PGP, 'Legacy OpenPGP'],
  [NS_OTR, 'OTR'],
]);

const MAX_NAME = 64;

/**
 * How a message is encrypted; undefined: it is not. The payload itself decides before the label: a label may be
 * missing. A whole OMEMO key exchange without `<payload/>` counts too: it carries nothing for a SIP user.
 */
export function readEncryption(message: XmlElement): Encryption | undefined {
  let label: Encryption | undefined;
  let body: string | undefined;
  for (const child of message.children) {
    if (typeof child === 'string') continue;
    switch (child.ns) {
      case NS_OMEMO_LEGACY:
      case NS_OMEMO_1:
      case NS_OMEMO:
        if (child.name === 'encrypted') return known(child.ns);
        break;
      case NS_OPENPGP:
        if (child.name === 'openpgp') return known(child.ns);
        break;
      case NS_LEGACY_PGP:
        if (child.name === 'x') return known(child.ns);
        break;
      case NS_EME:
        if (child.name === 'encryption') label ??= readLabel(child);
        break;
      default:
        if (child.name === 'body' && child.ns === message.ns) body ??= child.text();
    }
  }
  if (label !== undefined) return label;
  return body !== undefined && isOtr(body) ? known(NS_OTR) : undefined;
}

/**
 * OTR version 3 "Requesting an OTR conversation" and "OTR Messages": "?OTR:", "?OTR,", "?OTR|", "?OTR?", "?OTRv",
 * "?OTR Error:". A person's "?OTR is what" is text.
 */
function isOtr(body: string): boolean {
  if (!body.startsWith('?OTR')) return false;
  const next = body.charAt(4);
  return (
    next === ':' ||
    next === ',' ||
    next === '|' ||
    next === '?' ||
    next === 'v' ||
    body.startsWith('?OTR Error:')
  );
}

function readLabel(child: XmlElement): Encryption {
  const method = child.attr('namespace') ?? '';
  return { method, name: names.get(method) ?? (child.attr('name') ?? method).slice(0, MAX_NAME) };
}

function known(method: string): Encryption {
  return { method, name: names.get(method) ?? method };
}
