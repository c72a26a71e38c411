// A presence document as a phone sees it, by another XML parser than the gateway's (RFC 3863 §4.1).

import { SaxesParser } from 'saxes';

export interface Seen {
  readonly entity: string;
  /** By id of the tuple: its basic status, and `show` behind it. */
  readonly tuples: Readonly<Record<string, string>>;
}

export function parsePidf(text: string): Seen {
  const parser = new SaxesParser({ xmlns: true });
  let entity = '';
  let id = '';
  let within = '';
  const tuples: Record<string, string> = {};
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', (tag) => {
    within = tag.local;
    if (tag.local === 'presence') entity = tag.attributes['entity']?.value ?? '';
    if (tag.local === 'tuple') id = tag.attributes['id']?.value ?? '';
  });
  parser.on('closetag', () => {
    within = '';
  });
  parser.on('text', (value) => {
    if (within === 'basic') tuples[id] = value;
    if (within === 'show') tuples[id] = `${tuples[id] ?? ''} ${value}`;
  });
  parser.write(text).close();
  return { entity, tuples };
}
