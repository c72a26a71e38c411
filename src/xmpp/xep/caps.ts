// Entity capabilities: which disco#info a presence announces, by its hash. Source: XEP-0115 1.6.0.

import { hashBytes, toBase64, utf8Bytes } from '../../base/index.ts';
import { element, type XmlElement } from '../../xml/index.ts';
import { NS_CAPS, NS_DATA, NS_DISCO_INFO } from './namespaces.ts';

export interface Caps {
  readonly node: string;
  readonly ver: string;
  /** Name of the hash function (XEP-0300); undefined: the form of before version 1.4, which verifies nothing. */
  readonly hash: string | undefined;
}

/** The `<c/>` of a presence stanza; undefined when there is none that names anything. */
export function readCaps(presence: XmlElement): Caps | undefined {
  const c = presence.child('c', NS_CAPS);
  const node = c?.attr('node') ?? '';
  const ver = c?.attr('ver') ?? '';
  return node === '' || ver === '' ? undefined : { node, ver, hash: c?.attr('hash') };
}

export function capsElement(node: string, ver: string): XmlElement {
  return element('c', NS_CAPS, { hash: 'sha-1', node, ver });
}

/** XEP-0115 §8: SHA-1 must be understood; the other one is seen. */
const HASHES = { 'sha-1': 'sha1', 'sha-256': 'sha256' } as const;
export type CapsHash = keyof typeof HASHES;

export function isCapsHash(name: string | undefined): name is CapsHash {
  return name === 'sha-1' || name === 'sha-256';
}

/**
 * The verification string of a disco#info (§5.1); undefined: it is ill-formed (§5.4), and to be believed by nobody. So is one
 * with a "<" in what is hashed, since two different ones could then have one hash.
 */
export function capsVersion(query: XmlElement, hash: CapsHash): string | undefined {
  const identities: string[] = [];
  const features: string[] = [];
  const forms: string[][] = [];
  for (const child of query.elements()) {
    if (child.ns === NS_DISCO_INFO && child.name === 'identity') {
      const parts = [child.attr('category'), child.attr('type'), child.attr('xml:lang'), child.attr('name')];
      identities.push(parts.map((part) => part ?? '').join('/'));
    } else if (child.ns === NS_DISCO_INFO && child.name === 'feature') {
      features.push(child.attr('var') ?? '');
    } else if (child.ns === NS_DATA && child.name === 'x') {
      const form = formParts(child);
      if (form === 'ill-formed') return undefined;
      if (form !== undefined) forms.push(form);
    }
  }
  const names = forms.map(([type]) => type);
  if ([identities, features, names].some((each) => new Set(each).size < each.length)) return undefined;
  forms.sort(([one = ''], [other = '']) => byOctets(one, other));
  const parts = [...identities.sort(byOctets), ...features.sort(byOctets), ...forms.flat()];
  if (parts.some((part) => part.includes('<'))) return undefined;
  return toBase64(hashBytes(HASHES[hash], parts.map((part) => `${part}<`).join('')));
}

/** FORM_TYPE, then each field and its values; undefined: a form that is ignored. */
function formParts(form: XmlElement): string[] | 'ill-formed' | undefined {
  const fields = [...form.elements()]
    .filter(({ name, ns }) => name === 'field' && ns === NS_DATA)
    .map((field) => ({
      name: field.attr('var') ?? '',
      type: field.attr('type'),
      values: [...field.elements()].filter(({ name }) => name === 'value').map((value) => value.text()),
    }));
  const own = fields.find(({ name }) => name === 'FORM_TYPE');
  const [formType] = own?.values ?? [];
  if (own === undefined || own.type !== 'hidden' || formType === undefined) return undefined;
  if (own.values.some((value) => value !== formType)) return 'ill-formed';
  const others = fields.filter(({ name }) => name !== 'FORM_TYPE');
  others.sort((one, other) => byOctets(one.name, other.name));
  return [formType, ...others.flatMap(({ name, values }) => [name, ...values.sort(byOctets)])];
}

/** i;octet (RFC 4790 §9.3). */
function byOctets(one: string, other: string): number {
  const left = utf8Bytes(one);
  const right = utf8Bytes(other);
  for (const [i, octet] of left.entries()) {
    const against = right[i];
    if (against === undefined) return 1;
    if (octet !== against) return octet - against;
  }
  return left.length - right.length;
}
