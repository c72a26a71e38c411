// Elements made by hand.

import { XmlElement, type XmlNode } from './element.ts';

/** An element; attributes and children that are undefined are left out, texts next to each other are joined. */
export function element(
  name: string,
  ns: string,
  attributes: Readonly<Record<string, string | undefined>> = {},
  ...children: readonly (XmlNode | undefined)[]
): XmlElement {
  const flat: string[] = [];
  for (const key of Object.keys(attributes)) {
    const value = attributes[key];
    if (value !== undefined) flat.push(key, value);
  }
  const nodes: XmlNode[] = [];
  for (const child of children) {
    if (child === undefined || child === '') continue;
    const last = nodes.at(-1);
    if (typeof child === 'string' && typeof last === 'string') nodes[nodes.length - 1] = last + child;
    else nodes.push(child);
  }
  return new XmlElement(name, ns, flat, nodes);
}
