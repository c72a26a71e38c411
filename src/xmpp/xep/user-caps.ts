// What the address of a SIP user can do, and how his presence announces it (rows FEAT-03, FEAT-04).

import type { XmlElement } from '../../xml/index.ts';
import { capsElement, capsVersion } from './caps.ts';
import { discoInfoElement } from './disco.ts';
import { FEATURE_JID_ESCAPING, NS_CAPS, NS_DISCO_INFO, NS_PING } from './namespaces.ts';

/** XEP-0115 §4: "A URI that uniquely identifies a software application". */
const NODE = 'urn:uuid:128e5299-96cf-5948-a37e-73a436aaa49b';

/** The disco#info of a full JID; `features` beyond those that every user has. */
export function userInfo(name: string, features: readonly string[], node?: string): XmlElement {
  return discoInfoElement(
    [{ category: 'client', type: 'phone', name }],
    [NS_DISCO_INFO, NS_CAPS, NS_PING, FEATURE_JID_ESCAPING, ...features],
    node,
  );
}

/** The `<c/>` of his presence. */
export function userCaps(name: string, features: readonly string[]): XmlElement {
  return capsElement(NODE, versionOf(name, features));
}

/** The name of the node that stands for these features (§6.2). */
export function userNode(name: string, features: readonly string[]): string {
  return `${NODE}#${versionOf(name, features)}`;
}

/** There are few sets of features, and each is hashed once. */
const VERSIONS = new Map<string, string>();

function versionOf(name: string, features: readonly string[]): string {
  const key = [name, ...features].join('\n');
  const known = VERSIONS.get(key);
  if (known !== undefined) return known;
  const ver = capsVersion(userInfo(name, features), 'sha-1') ?? '';
  VERSIONS.set(key, ver);
  return ver;
}
