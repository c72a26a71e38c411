// The two kinds of message as objects (RFC 3261 §7). Received ones come with their values read and checked; built
// ones read a value when somebody asks, because most are only written.

import { fault, type Bytes, type Result } from '../../base/index.ts';
import { parseCSeq } from '../header/cseq.ts';
import { readContentType, type MediaType } from '../header/media-type.ts';
import { parseNameAddr } from '../header/name-addr.ts';
import { parseVia } from '../header/via.ts';
import { parseUri, type Uri } from '../uri/uri.ts';
import type { CSeq, HeaderField, NameAddr, SipRequest, SipResponse, Via } from './types.ts';

/** The values that are read at parsing. */
export interface CoreValues {
  readonly via: Via;
  readonly from: NameAddr;
  readonly to: NameAddr;
  readonly callId: string;
  readonly cseq: CSeq;
}

/** What both kinds share: the fields, the values read from them. */
export abstract class StoredMessage {
  readonly headers: readonly HeaderField[];
  readonly body: Bytes;
  #via: Via | undefined;
  #from: NameAddr | undefined;
  #to: NameAddr | undefined;
  #callId: string | undefined;
  #cseq: CSeq | undefined;
  #contentType: Result<MediaType | undefined> | undefined;

  constructor(headers: readonly HeaderField[], body: Bytes, core: Partial<CoreValues>) {
    this.headers = headers;
    this.body = body;
    this.#via = core.via;
    this.#from = core.from;
    this.#to = core.to;
    this.#callId = core.callId;
    this.#cseq = core.cseq;
  }

  header(id: string): string | undefined {
    const list = this.headers;
    for (let i = 0; i < list.length; i++) {
      const field = list[i];
      if (field !== undefined && field.id === id) return field.value;
    }
    return undefined;
  }

  headerAll(id: string): readonly string[] {
    const values: string[] = [];
    for (const field of this.headers) if (field.id === id) values.push(field.value);
    return values;
  }

  get via(): Via {
    return (this.#via ??= demand(parseVia(this.#required('via')), 'Via'));
  }

  get from(): NameAddr {
    return (this.#from ??= demand(parseNameAddr(this.#required('from')), 'From'));
  }

  get to(): NameAddr {
    return (this.#to ??= demand(parseNameAddr(this.#required('to')), 'To'));
  }

  get callId(): string {
    return (this.#callId ??= this.#required('call-id'));
  }

  get cseq(): CSeq {
    return (this.#cseq ??= demand(parseCSeq(this.#required('cseq')), 'CSeq'));
  }

  /** What Content-Type says; undefined when there is none. Computed once. */
  get contentType(): Result<MediaType | undefined> {
    return (this.#contentType ??= readContentType(this));
  }

  #required(id: string): string {
    const value = this.header(id);
    if (value === undefined) throw new TypeError(`a message was built without ${id}`);
    return value;
  }
}

export class StoredRequest extends StoredMessage implements SipRequest {
  readonly kind = 'request';
  readonly method: string;
  readonly requestUri: string;
  readonly maxForwards: number | undefined;
  #uri: Result<Uri> | undefined;

  constructor(
    method: string,
    requestUri: string,
    maxForwards: number | undefined,
    headers: readonly HeaderField[],
    body: Bytes,
    core: Partial<CoreValues>,
    uri?: Result<Uri>,
  ) {
    super(headers, body, core);
    this.method = method;
    this.requestUri = requestUri;
    this.maxForwards = maxForwards;
    this.#uri = uri;
  }

  /** The Request-URI read by the rules of its scheme. Computed once. */
  get uri(): Result<Uri> {
    return (this.#uri ??= readRequestUri(this.requestUri));
  }
}

export class StoredResponse extends StoredMessage implements SipResponse {
  readonly kind = 'response';
  readonly status: number;
  readonly reason: string;

  constructor(
    status: number,
    reason: string,
    headers: readonly HeaderField[],
    body: Bytes,
    core: Partial<CoreValues>,
  ) {
    super(headers, body, core);
    this.status = status;
    this.reason = reason;
  }
}

/** RFC 3261 §19.1.1, table 1: a Request-URI has no headers (RFC 4475 §3.1.2.11: such a request is malformed). */
function readRequestUri(raw: string): Result<Uri> {
  const uri = parseUri(raw);
  if (uri.ok && (uri.value.scheme === 'sip' || uri.value.scheme === 'sips') && uri.value.headers.length > 0) {
    return fault('ERR_SIP_URI_HEADER', 'a Request-URI with headers', 'RFC 3261 §19.1.1');
  }
  return uri;
}

/** A built message whose own values cannot be read is a fault of ours. */
function demand<T>(result: Result<T>, name: string): T {
  if (!result.ok) throw new TypeError(`a message was built with a broken ${name}: ${result.error.message}`);
  return result.value;
}
