// Elements → text, in the prefix-free form that XMPP prefers (RFC 6120 §4.8.5, §8.4): a default namespace is declared
// where it changes, and prefixes exist for attributes only.

import { NS_CLIENT, type XmlElement } from './element.ts';
import { escapeAttribute, escapeText } from './escape.ts';
import { NS_XML } from './namespaces.ts';

/**
 * The element as XML. `contextNs` is the default namespace in force where it will stand, so that a stanza on its stream
 * declares nothing. Never throws; text that XML cannot carry becomes U+FFFD. Names are taken as they are: they come
 * from the parser or from code, never from a peer's text.
 */
export function serialize(element: XmlElement, contextNs: string = NS_CLIENT): string {
  const { ns, attributes, children } = element;
  // The prefix `xml` is bound for ever, and its namespace cannot be the default one (Namespaces in XML 1.0 §3).
  const isXml = ns === NS_XML;
  const name = isXml ? `xml:${element.name}` : element.name;
  const inner = isXml ? contextNs : ns;
  let text = `<${name}`;
  if (inner !== contextNs) text += ` xmlns='${escapeAttribute(inner)}'`;
  if (attributes.length > 0) text += attributeText(attributes);
  if (children.length === 0) return `${text}/>`;
  text += '>';
  for (const node of children) text += typeof node === 'string' ? escapeText(node) : serialize(node, inner);
  return `${text}</${name}>`;
}

function attributeText(attributes: readonly string[]): string {
  let text = '';
  let declared: string[] | undefined;
  for (let i = 0; i < attributes.length; i += 2) {
    let name = attributes[i] ?? '';
    if (name.charCodeAt(0) === 0x7b) {
      // `{namespace}local`: declared here and only here; an inner element declares its own again.
      const close = name.lastIndexOf('}');
      const ns = name.slice(1, close);
      declared ??= [];
      let at = declared.indexOf(ns);
      if (at < 0) {
        at = declared.push(ns) - 1;
        text += ` xmlns:a${at}='${escapeAttribute(ns)}'`;
      }
      name = `a${at}:${name.slice(close + 1)}`;
    }
    text += ` ${name}='${escapeAttribute(attributes[i + 1] ?? '')}'`;
  }
  return text;
}
