// Octets of an XMPP stream → stream header, stanzas, end (RFC 6120 §4, §11). Strict: what is not namespace-well-formed
// or is forbidden in XMPP ends the stream with the condition to send.
//
// Strings of a delivered element may be slices of the chunk they came in and keep it alive (64 KiB at most from a
// socket) as long as the stanza lives; what is stored for longer goes through `detachText`. The stream header's are
// copies.

import type { Bytes } from '../base/index.ts';
import type { XmlElement } from './element.ts';
import { DEFAULT_XML_LIMITS, type XmlLimits } from './limits.ts';
import type { XmlStreamError } from './stream-error.ts';
import { XmlTokenizer } from './tokenizer.ts';
import { XmlTreeBuilder, type StreamHeader } from './tree-builder.ts';
import { Utf8Stream } from './utf8-stream.ts';

export interface XmlStreamHandler {
  /** The start tag of the root. Whether namespace and version are right is for the stream to judge (RFC 6120 §4.9.3.10). */
  streamOpen(header: XmlElement, info: StreamHeader): void;
  /** A complete child of the root. */
  element(element: XmlElement): void;
  /** The end tag of the root. */
  streamClose(): void;
  /** Nothing follows, until `reset`. */
  error(error: XmlStreamError): void;
}

export interface XmlStreamOptions {
  readonly limits?: Partial<XmlLimits>;
  /**
   * Elements in these namespaces are delivered in `jabber:client`, so that nobody has to know on what kind of stream a
   * stanza came (`jabber:server`, `jabber:component:accept`). `StreamHeader` tells what was really declared.
   */
  readonly contentNamespaces?: readonly string[];
}

export class XmlStreamParser {
  readonly #utf8 = new Utf8Stream();
  readonly #builder: XmlTreeBuilder;
  readonly #tokenizer: XmlTokenizer;
  #writing = false;

  constructor(options: XmlStreamOptions, handler: XmlStreamHandler) {
    const limits = { ...DEFAULT_XML_LIMITS, ...options.limits };
    this.#builder = new XmlTreeBuilder('stream', limits, options.contentNamespaces ?? [], handler);
    this.#tokenizer = new XmlTokenizer('stream', limits, this.#builder);
  }

  /** Takes the next octets, cut anywhere; calls the handler before it returns. Not to be called from the handler. */
  write(chunk: Bytes): void {
    const utf8 = this.#utf8;
    const text = utf8.decode(chunk);
    this.#writing = true;
    const whole = this.#tokenizer.write(text, utf8.octets);
    this.#writing = false;
    if (!utf8.bad) return;
    utf8.bad = false;
    if (whole) this.#tokenizer.fail({ condition: 'unsupported-encoding', message: 'not UTF-8' });
  }

  /** The connection ended: `error` when that was inside an element, nothing between stanzas. */
  end(): void {
    if (this.#utf8.incomplete) {
      this.#tokenizer.fail({ condition: 'unsupported-encoding', message: 'ends inside a character' });
    }
    this.#tokenizer.end();
  }

  /** Nothing more is delivered; what is left of the chunk in hand is dropped. For the handler, before STARTTLS. */
  stop(): void {
    this.#utf8.reset();
    this.#tokenizer.stop();
    this.#builder.reset();
  }

  /**
   * A new stream begins on the same connection (RFC 6120 §4.3.3). In the handler: with the next octet of the chunk in
   * hand, unless `stop` was called before; nothing that came in the clear may count after STARTTLS (§5.4.3.3).
   */
  reset(): void {
    if (!this.#writing) this.#utf8.reset();
    this.#tokenizer.reset();
    this.#builder.reset();
  }
}
