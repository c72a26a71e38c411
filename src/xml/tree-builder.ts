// Tokens → elements without prefixes (Namespaces in XML 1.0). In a stream the root stays open and its children are
// delivered one by one; of a document the root is delivered.

import { detachText } from '../base/index.ts';
import { isNameStart } from './characters.ts';
import { NS_CLIENT, XmlElement, type XmlNode } from './element.ts';
import type { XmlLimits } from './limits.ts';
import { declarePrefix, lookupPrefix, NS_XML, NS_XMLNS, type NamespaceScope } from './namespaces.ts';
import { notWellFormed, tooMuch, type XmlStreamError } from './stream-error.ts';
import type { XmlMode, XmlTokenSink } from './tokenizer.ts';

/** How the root tag of a stream was written (RFC 6120 §4.8). */
export interface StreamHeader {
  /** Prefix of the root element, '' for none. */
  readonly prefix: string;
  /** Its default namespace, as declared, '' for none. */
  readonly defaultNs: string;
  /** Prefix ('' for the default namespace) and namespace in turn, as declared. */
  readonly declarations: readonly string[];
}

export interface XmlTreeHandler {
  streamOpen(header: XmlElement, info: StreamHeader): void;
  element(element: XmlElement): void;
  streamClose(): void;
  error(error: XmlStreamError): void;
}

/** An element whose end tag has not come. */
interface OpenElement {
  readonly tag: string;
  readonly name: string;
  readonly ns: string;
  readonly attributes: readonly string[] | undefined;
  readonly defaultNs: string;
  readonly scope: NamespaceScope | undefined;
  children: XmlNode[] | undefined;
}

const NONE: readonly string[] = [];

export class XmlTreeBuilder implements XmlTokenSink {
  readonly #document: boolean;
  readonly #limits: XmlLimits;
  readonly #contentNamespaces: readonly string[];
  readonly #handler: XmlTreeHandler;

  /** The stream's root; stays under the stack. */
  #root: OpenElement | undefined;
  readonly #stack: OpenElement[] = [];
  #elements = 0;
  /** What the tag in hand declares. */
  #defaultNs = '';
  #scope: NamespaceScope | undefined;

  constructor(
    mode: XmlMode,
    limits: XmlLimits,
    contentNamespaces: readonly string[],
    handler: XmlTreeHandler,
  ) {
    this.#document = mode === 'document';
    this.#limits = limits;
    this.#contentNamespaces = contentNamespaces;
    this.#handler = handler;
  }

  reset(): void {
    this.#root = undefined;
    this.#stack.length = 0;
    this.#elements = 0;
  }

  startTag(tag: string, attributes: string[], empty: boolean): XmlStreamError | undefined {
    if (++this.#elements > this.#limits.elements) return tooMuch('too many elements');
    const parent = this.#stack.at(-1) ?? this.#root;
    this.#defaultNs = parent === undefined ? '' : parent.defaultNs;
    this.#scope = parent?.scope;
    let own: readonly string[] | undefined;
    if (attributes.length > 0) {
      const wrong = this.#declare(attributes);
      if (wrong !== undefined) return wrong;
      const resolved = this.#resolveAttributes(attributes);
      if ('condition' in resolved) return resolved;
      own = resolved.length === 0 ? undefined : resolved;
    }
    const colon = tag.indexOf(':');
    let name = tag;
    let ns: string | undefined = this.#defaultNs;
    if (colon >= 0) {
      if (!isQName(tag, colon)) return notWellFormed('bad qualified name');
      name = tag.slice(colon + 1);
      ns = lookupPrefix(this.#scope, tag.slice(0, colon));
      if (ns === undefined) return notWellFormed('undeclared prefix');
      ns = this.#contentNs(ns);
    }
    if (parent === undefined && !this.#document) {
      this.#openStream(tag, name, ns, own ?? NONE, attributes);
      // A callback may have begun a new stream, for which this is no end.
      return empty && this.#root !== undefined ? this.endTag(tag) : undefined;
    }
    if (empty) {
      this.#complete(new XmlElement(name, ns, own));
      return undefined;
    }
    const defaultNs = this.#defaultNs;
    const scope = this.#scope;
    this.#stack.push({ tag, name, ns, attributes: own, defaultNs, scope, children: undefined });
    return undefined;
  }

  endTag(tag: string): XmlStreamError | undefined {
    const open = this.#stack.pop();
    if (open === undefined) {
      if (this.#root?.tag !== tag) return notWellFormed('end tag does not match');
      this.#handler.streamClose();
      return undefined;
    }
    if (open.tag !== tag) return notWellFormed('end tag does not match');
    this.#complete(new XmlElement(open.name, open.ns, open.attributes, open.children));
    return undefined;
  }

  text(text: string): void {
    const open = this.#stack.at(-1);
    if (open === undefined) return;
    if (open.children === undefined) open.children = [text];
    else open.children.push(text);
  }

  error(error: XmlStreamError): void {
    this.reset();
    this.#handler.error(error);
  }

  #complete(element: XmlElement): void {
    const parent = this.#stack.at(-1);
    if (parent === undefined) {
      this.#elements = 0;
      this.#handler.element(element);
    } else if (parent.children === undefined) parent.children = [element];
    else parent.children.push(element);
  }

  /** The header lives as long as the connection: its texts are copied out of the chunk they came in. */
  #openStream(tag: string, name: string, ns: string, own: readonly string[], attributes: string[]): void {
    let scope: NamespaceScope | undefined;
    const declarations: string[] = [];
    let defaultNs = '';
    for (let i = 0; i < attributes.length; i += 2) {
      const attribute = attributes[i] ?? '';
      const uri = detachText(attributes[i + 1] ?? '');
      if (attribute === 'xmlns') {
        defaultNs = uri;
        declarations.push('', uri);
      } else if (attribute.startsWith('xmlns:')) {
        const prefix = detachText(attribute.slice(6));
        scope = { prefix, uri, outer: scope, size: (scope?.size ?? 0) + 1 };
        declarations.push(prefix, uri);
      }
    }
    const header = new XmlElement(detachText(name), detachText(ns), own.map(detachText));
    this.#root = {
      tag: detachText(tag),
      name: header.name,
      ns: header.ns,
      attributes: header.attributes,
      defaultNs: this.#contentNs(defaultNs),
      scope,
      children: undefined,
    };
    this.#elements = 0;
    const prefix = tag.length === name.length ? '' : detachText(tag.slice(0, -name.length - 1));
    this.#handler.streamOpen(header, { prefix, defaultNs, declarations });
  }

  /** Takes the namespace declarations among the attributes. */
  #declare(attributes: readonly string[]): XmlStreamError | undefined {
    for (let i = 0; i < attributes.length; i += 2) {
      const name = attributes[i] ?? '';
      if (name.length < 5 || !name.startsWith('xmlns')) continue;
      const uri = attributes[i + 1] ?? '';
      if (name.length === 5) {
        // Namespaces in XML 1.0 §3: these two must not be the default namespace.
        if (uri === NS_XML || uri === NS_XMLNS) return notWellFormed('reserved namespace');
        this.#defaultNs = this.#contentNs(uri);
      } else if (name.charCodeAt(5) === 0x3a) {
        if (!isQName(name, 5)) return notWellFormed('bad qualified name');
        const scope = declarePrefix(this.#scope, name.slice(6), uri, this.#limits.namespaces);
        if ('condition' in scope) return scope;
        this.#scope = scope;
      }
    }
    return undefined;
  }

  /** Attributes without the declarations, with namespaces for prefixes; the same array when there is neither. */
  #resolveAttributes(attributes: string[]): readonly string[] | XmlStreamError {
    let resolved: string[] | undefined;
    for (let i = 0; i < attributes.length; i += 2) {
      const raw = attributes[i] ?? '';
      // By the name as written: also two declarations of one prefix, which are not in the result.
      for (let k = 0; k < i; k += 2) if (attributes[k] === raw) return notWellFormed('attribute twice');
      const colon = raw.indexOf(':');
      if (colon < 0 && raw !== 'xmlns') {
        resolved?.push(raw, attributes[i + 1] ?? '');
        continue;
      }
      resolved ??= attributes.slice(0, i);
      if (raw === 'xmlns' || raw.startsWith('xmlns:')) continue;
      if (!isQName(raw, colon)) return notWellFormed('bad qualified name');
      const uri = lookupPrefix(this.#scope, raw.slice(0, colon));
      if (uri === undefined) return notWellFormed('undeclared prefix');
      const name = uri === NS_XML ? raw : `{${uri}}${raw.slice(colon + 1)}`;
      // Namespaces in XML 1.0 §6.3: nor under two prefixes.
      for (let k = 0; k < resolved.length; k += 2) {
        if (resolved[k] === name) return notWellFormed('attribute twice');
      }
      resolved.push(name, attributes[i + 1] ?? '');
    }
    return resolved ?? attributes;
  }

  #contentNs(ns: string): string {
    for (const content of this.#contentNamespaces) if (ns === content) return NS_CLIENT;
    return ns;
  }
}

/** Namespaces in XML 1.0 [7]–[11], for a Name [5] with its first colon at `colon`. */
function isQName(name: string, colon: number): boolean {
  return colon > 0 && name.indexOf(':', colon + 1) < 0 && isNameStart(name.codePointAt(colon + 1) ?? 0);
}
