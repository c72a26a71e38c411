// XML text to an element, as a component stream would deliver it.

import { XmlStreamParser, type XmlElement } from '../../src/xml/index.ts';

const HEADER = `<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>`;

/** The stanzas in `text`, which stands in `jabber:client` unless it says otherwise. */
export function readStanzas(text: string): XmlElement[] {
  const found: XmlElement[] = [];
  const parser = new XmlStreamParser(
    { contentNamespaces: ['jabber:component:accept'] },
    {
      streamOpen: () => {},
      element: (el) => found.push(el),
      streamClose: () => {},
      error: (error) => {
        throw new Error(error.message);
      },
    },
  );
  parser.write(Buffer.from(HEADER + text));
  return found;
}

export function readStanza(text: string): XmlElement {
  const [first] = readStanzas(text);
  if (first === undefined) throw new Error(`no stanza: ${text}`);
  return first;
}
