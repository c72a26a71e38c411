// One whole XML document, as in the bodies of SIP messages (isComposing, IMDN, PIDF …). Comments and processing
// instructions are skipped, a document type declaration is refused.

import {
  err,
  isWellFormed,
  utf8Length,
  utf8Text,
  type Bytes,
  type Err,
  type Fault,
  type Result,
} from '../base/index.ts';
import type { XmlElement } from './element.ts';
import { DEFAULT_XML_LIMITS, type XmlLimits } from './limits.ts';
import type { XmlCondition } from './stream-error.ts';
import { XmlTokenizer } from './tokenizer.ts';
import { XmlTreeBuilder } from './tree-builder.ts';

/**
 * Parses a document to its root; the fault's code is the stream error condition that says the same. White space is
 * kept. Of octets the declared encoding must be UTF-8 or US-ASCII; of text it does not matter any more (RFC 7303 §3:
 * the charset of the media type was what counted).
 */
export function parseDocument(source: string | Bytes, limits: Partial<XmlLimits> = {}): Result<XmlElement> {
  const all = { ...DEFAULT_XML_LIMITS, ...limits };
  const octets = typeof source === 'string' ? utf8Length(source) : source.length;
  if (octets > all.stanzaBytes) return refuse('policy-violation', 'document too big');
  const decoded = typeof source === 'string' ? source : utf8Text(source);
  if (decoded === undefined) return refuse('unsupported-encoding', 'not UTF-8');
  if (!isWellFormed(decoded)) return refuse('not-well-formed', 'half of a surrogate pair');
  // XML 1.0 §4.3.3: a byte order mark is no part of the document. (In a stream it is; RFC 6120 §11.6.)
  const marked = decoded.charCodeAt(0) === 0xfeff;
  const text = marked ? decoded.slice(1) : decoded;

  let result: Result<XmlElement> = refuse('not-well-formed', 'no root');
  const builder = new XmlTreeBuilder('document', all, [], {
    streamOpen: () => undefined,
    streamClose: () => undefined,
    element: (root) => {
      result = { ok: true, value: root };
    },
    error: (error) => {
      result = refuse(error.condition, error.message);
    },
  });
  const tokenizer = new XmlTokenizer('document', all, builder);
  tokenizer.write(text, marked ? octets - 3 : octets);
  tokenizer.end();
  const encoding = tokenizer.encoding;
  if (typeof source !== 'string' && encoding !== 'utf-8' && encoding !== 'us-ascii') {
    return refuse('unsupported-encoding', 'declared encoding is not UTF-8');
  }
  return result;
}

function refuse(code: XmlCondition, message: string): Err<Fault> {
  return err({ code, message, clause: 'XML 1.0' });
}
