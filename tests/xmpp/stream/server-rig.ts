// States, events and words for the tests of both machines of server-to-server streams.

import { element, NS_CLIENT, XmlStreamParser, type XmlElement } from '../../../src/xml/index.ts';
import { NS_SERVER, NS_STREAM, type StreamHead } from '../../../src/xmpp/index.ts';

export const LOCAL = 'sip.example';
export const OTHER_LOCAL = 'phones.example';
export const REMOTE = 'xmpp.example';
export const SECRET = 's3cr3tf0rd14lb4ck';

export function head(more: Partial<StreamHead> = {}): StreamHead {
  return {
    name: 'stream',
    ns: NS_STREAM,
    defaultNs: NS_SERVER,
    from: REMOTE,
    to: LOCAL,
    id: 'D60000229F',
    version: '1.0',
    ...more,
  };
}

/** One element of a stream, as the parser gives it: in the words of the wire. */
export function wire(xml: string): XmlElement {
  const found: XmlElement[] = [];
  const parser = new XmlStreamParser(
    { contentNamespaces: [NS_SERVER] },
    {
      streamOpen: () => {},
      element: (el) => found.push(el),
      streamClose: () => {},
      error: (error) => {
        throw new Error(error.message);
      },
    },
  );
  const open = `<stream:stream xmlns='${NS_SERVER}' xmlns:stream='${NS_STREAM}' xmlns:db='jabber:server:dialback'>`;
  parser.write(Buffer.from(open + xml));
  const [first] = found;
  if (first === undefined) throw new Error(`no element: ${xml}`);
  return first;
}

export function message(from: string | undefined, to: string | undefined): XmlElement {
  return element('message', NS_CLIENT, { from, to }, element('body', NS_CLIENT, {}, 'hello'));
}

export const TLS = "xmlns='urn:ietf:params:xml:ns:xmpp-tls'";
export const SASL = "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'";
export const SM = "xmlns='urn:xmpp:sm:3'";
export const EXTERNAL = `<mechanisms ${SASL}><mechanism>EXTERNAL</mechanism></mechanisms>`;
export const DIALBACK = `<dialback xmlns='urn:xmpp:features:dialback'><errors/></dialback>`;
export const BIDI = `<bidi xmlns='urn:xmpp:features:bidi'/>`;

/** What an element written says, shortly. */
export function spoken(el: XmlElement): string {
  const children = [...el.elements()].map(({ name }) => name);
  const type = el.attr('type');
  const inner = children.length > 0 ? `(${children.join(' ')})` : '';
  return `${el.name}${type === undefined ? '' : ` ${type}`}${inner}`;
}
