// One XML element as XMPP uses it (RFC 6120 §11): no prefixes, no comments, no processing instructions.
// Immutable by convention once built or parsed: "change" means a new element.

/** Text or an element. Adjacent texts are one node. */
export type XmlNode = XmlElement | string;

/** The namespace of stanzas on client, server and component streams alike; see the parser's `contentNamespaces`. */
export const NS_CLIENT = 'jabber:client';

const NO_ATTRIBUTES: readonly string[] = [];
const NO_CHILDREN: readonly XmlNode[] = [];

export class XmlElement {
  /** Local name. */
  readonly name: string;
  /** Namespace name (URI), '' for none. */
  readonly ns: string;
  /**
   * Name and value in turn. A name without prefix is as written; `xml:lang` and the like stay `xml:…`; any other
   * prefixed name is `{namespace}local`. Namespace declarations are not attributes here. (One flat array: objects
   * cost 2.5 times as much to build.)
   */
  readonly attributes: readonly string[];
  readonly children: readonly XmlNode[];

  constructor(
    name: string,
    ns: string,
    attributes: readonly string[] = NO_ATTRIBUTES,
    children: readonly XmlNode[] = NO_CHILDREN,
  ) {
    this.name = name;
    this.ns = ns;
    this.attributes = attributes;
    this.children = children;
  }

  /** Value of an attribute, named as in `attributes`. */
  attr(name: string): string | undefined {
    const list = this.attributes;
    for (let i = 0; i < list.length; i += 2) if (list[i] === name) return list[i + 1];
    return undefined;
  }

  /** First child element of that name; of any namespace when `ns` is left out. */
  child(name: string, ns?: string): XmlElement | undefined {
    for (const node of this.children) {
      if (typeof node !== 'string' && node.name === name && (ns === undefined || node.ns === ns)) return node;
    }
    return undefined;
  }

  /** All child elements. */
  *elements(): Generator<XmlElement> {
    for (const node of this.children) if (typeof node !== 'string') yield node;
  }

  /** Character data of this element itself, without that of its descendants. */
  text(): string {
    const nodes = this.children;
    if (nodes.length === 1 && typeof nodes[0] === 'string') return nodes[0];
    let text = '';
    for (const node of nodes) if (typeof node === 'string') text += node;
    return text;
  }
}
