// What a script sees of a request and of a stanza: frozen objects that read on demand, and lead to nothing of the gateway's.

import { fromByteString, utf8TextLossy } from '../base/index.ts';
import { parseUri, percentDecodeUtf8, type NameAddr, type SipRequest } from '../sip/index.ts';
import { NS_CLIENT, type XmlElement } from '../xml/index.ts';
import { formatBareJid, formatJid, parseJid } from '../xmpp/index.ts';
import type {
  ElementView,
  JidView,
  NameAddrView,
  SipRequestView,
  StanzaView,
  UriView,
} from './route-types.ts';

export function requestView(request: SipRequest): SipRequestView {
  return new RequestView(request);
}

/** A message or a presence stanza. */
export function stanzaView(stanza: XmlElement, kind?: StanzaView['kind']): StanzaView {
  return new MessageView(stanza, kind ?? (stanza.name === 'presence' ? 'presence' : 'message'));
}

class RequestView implements SipRequestView {
  readonly kind = 'request';
  readonly method: string;
  readonly callId: string;
  readonly maxForwards: number | undefined;
  readonly #request: SipRequest;

  constructor(request: SipRequest) {
    this.#request = request;
    this.method = request.method;
    this.callId = request.callId;
    this.maxForwards = request.maxForwards;
    Object.freeze(this);
  }

  get requestUri(): UriView {
    return Object.freeze(uriParts(this.#request.requestUri));
  }

  get from(): NameAddrView {
    return nameAddrView(this.#request.from);
  }

  get to(): NameAddrView {
    return nameAddrView(this.#request.to);
  }

  get contentType(): string | undefined {
    return this.header('content-type');
  }

  get body(): string {
    return utf8TextLossy(this.#request.body);
  }

  header(name: string): string | undefined {
    return this.headers(name)[0];
  }

  headers(name: string): readonly string[] {
    const id = longForm(name.toLowerCase());
    return Object.freeze(this.#request.headerAll(id).map((value) => fromByteString(value)));
  }
}

/** RFC 3261 §7.3.3, RFC 6665 §8.4, RFC 3841 and others: one letter for a name. */
const LONG_FORMS: Readonly<Record<string, string>> = {
  c: 'content-type',
  e: 'content-encoding',
  f: 'from',
  i: 'call-id',
  k: 'supported',
  l: 'content-length',
  m: 'contact',
  o: 'event',
  s: 'subject',
  t: 'to',
  u: 'allow-events',
  v: 'via',
};

function longForm(name: string): string {
  return LONG_FORMS[name] ?? name;
}

function nameAddrView(value: NameAddr): NameAddrView {
  const tag = value.tag === undefined ? undefined : fromByteString(value.tag);
  return Object.freeze({ ...uriParts(value.uri), displayName: value.displayName, tag });
}

function uriParts(raw: string): UriView {
  const uri = fromByteString(raw);
  const parsed = parseUri(raw);
  if (!parsed.ok) return { uri, scheme: '', user: '', host: '', port: undefined };
  const { value } = parsed;
  if (value.scheme === 'sip' || value.scheme === 'sips') {
    const { scheme, user, host, port } = value;
    return { uri, scheme, user: decoded(user), host, port };
  }
  const scheme = value.scheme === 'other' ? value.name : value.scheme;
  const at = raw.lastIndexOf('@');
  const user = decoded(raw.slice(raw.indexOf(':') + 1, at < 0 ? undefined : at));
  const host =
    at < 0
      ? ''
      : raw
          .slice(at + 1)
          .replace(/[;?].*$/, '')
          .toLowerCase();
  return { uri, scheme, user, host, port: undefined };
}

/** Escapes undone; as written where they make no text. */
function decoded(user: string | undefined): string {
  if (user === undefined) return '';
  const text = percentDecodeUtf8(user);
  return text.ok ? text.value : user;
}

class Element implements ElementView {
  readonly name: string;
  readonly namespace: string;
  readonly #element: XmlElement;

  constructor(element: XmlElement) {
    this.#element = element;
    this.name = element.name;
    this.namespace = element.ns;
    if (new.target === Element) Object.freeze(this);
  }

  get text(): string {
    return this.#element.text();
  }

  get children(): readonly ElementView[] {
    return Object.freeze([...this.#element.elements()].map((child) => new Element(child)));
  }

  attribute(name: string): string | undefined {
    return this.#element.attr(name);
  }

  child(name: string, namespace?: string): ElementView | undefined {
    const found = this.#element.child(name, namespace);
    return found === undefined ? undefined : new Element(found);
  }
}

class MessageView extends Element implements StanzaView {
  readonly kind: StanzaView['kind'];
  readonly type: string;
  readonly id: string | undefined;

  constructor(stanza: XmlElement, kind: StanzaView['kind']) {
    super(stanza);
    this.kind = kind;
    this.type = stanza.attr('type') ?? (kind === 'presence' ? 'available' : 'normal');
    this.id = stanza.attr('id');
    Object.freeze(this);
  }

  get from(): JidView | undefined {
    return jidView(this.attribute('from'));
  }

  get to(): JidView | undefined {
    return jidView(this.attribute('to'));
  }

  get lang(): string | undefined {
    return this.attribute('xml:lang');
  }

  get body(): string | undefined {
    return this.child('body', NS_CLIENT)?.text;
  }

  get subject(): string | undefined {
    return this.child('subject', NS_CLIENT)?.text;
  }

  get thread(): string | undefined {
    return this.child('thread', NS_CLIENT)?.text;
  }
}

function jidView(text: string | undefined): JidView | undefined {
  const jid = text === undefined ? undefined : parseJid(text);
  if (jid?.ok !== true) return undefined;
  const { local, domain, resource } = jid.value;
  return Object.freeze({
    local,
    domain,
    resource,
    bare: formatBareJid(jid.value),
    full: formatJid(jid.value),
  });
}
