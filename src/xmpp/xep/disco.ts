// Service discovery: the two documents. Sources: XEP-0030 2.5, XEP-0128 1.0.1.

import { element, type XmlElement } from '../../xml/index.ts';
import { NS_DISCO_INFO, NS_DISCO_ITEMS } from './namespaces.ts';

export interface DiscoIdentity {
  readonly category: string;
  readonly type: string;
  readonly name?: string | undefined;
}

export interface DiscoItem {
  readonly jid: string;
  readonly node?: string | undefined;
  readonly name?: string | undefined;
}

/** `forms`: extended information, data forms of type "result", each with a FORM_TYPE of its own (XEP-0128 §2). */
export function discoInfoElement(
  identities: readonly DiscoIdentity[],
  features: readonly string[],
  node?: string,
  forms: readonly XmlElement[] = [],
): XmlElement {
  return element(
    'query',
    NS_DISCO_INFO,
    { node },
    ...identities.map(({ category, type, name }) =>
      element('identity', NS_DISCO_INFO, { category, type, name }),
    ),
    ...features.map((feature) => element('feature', NS_DISCO_INFO, { var: feature })),
    ...forms,
  );
}

export function discoItemsElement(items: readonly DiscoItem[], node?: string): XmlElement {
  return element(
    'query',
    NS_DISCO_ITEMS,
    { node },
    ...items.map((item) =>
      element('item', NS_DISCO_ITEMS, { jid: item.jid, node: item.node, name: item.name }),
    ),
  );
}

export interface DiscoInfo {
  readonly identities: readonly DiscoIdentity[];
  readonly features: ReadonlySet<string>;
}

/** Reads the payload of a disco#info result. */
export function readDiscoInfo(query: XmlElement): DiscoInfo {
  const identities: DiscoIdentity[] = [];
  const features = new Set<string>();
  for (const child of query.elements()) {
    if (child.ns !== NS_DISCO_INFO) continue;
    if (child.name === 'feature') features.add(child.attr('var') ?? '');
    else if (child.name === 'identity') {
      const name = child.attr('name');
      identities.push({ category: child.attr('category') ?? '', type: child.attr('type') ?? '', name });
    }
  }
  return { identities, features };
}
