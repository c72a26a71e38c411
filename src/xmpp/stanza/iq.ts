// A typed view of `<iq/>`, and its answers. Source: RFC 6120 §8.2.3.

import { fault, ok, type Result } from '../../base/index.ts';
import { XmlElement } from '../../xml/index.ts';
import { replyAttributes } from './error.ts';

export type IqType = 'get' | 'set' | 'result' | 'error';

export interface Iq {
  readonly element: XmlElement;
  readonly type: IqType;
  readonly id: string;
  readonly from: string | undefined;
  readonly to: string | undefined;
  /** The one child that is not `<error/>`; always there for get and set. */
  readonly payload: XmlElement | undefined;
}

/** Reads an iq stanza; a defect of a get or set deserves `bad-request` (code ERR_XMPP_IQ). */
export function readIq(el: XmlElement): Result<Iq> {
  const id = el.attr('id');
  if (!id) return fault('ERR_XMPP_IQ', 'iq without id', 'RFC 6120 §8.1.3');
  const type = el.attr('type');
  if (!isIqType(type)) return fault('ERR_XMPP_IQ', 'iq of unknown type', 'RFC 6120 §8.2.3');

  let payload: XmlElement | undefined;
  let payloads = 0;
  for (const child of el.children) {
    if (typeof child === 'string' || (child.name === 'error' && child.ns === el.ns)) continue;
    payload ??= child;
    payloads += 1;
  }
  if ((type === 'get' || type === 'set') && payloads !== 1) {
    return fault('ERR_XMPP_IQ', `iq of type ${type} with ${payloads} children`, 'RFC 6120 §8.2.3');
  }
  return ok({ element: el, type, id, from: el.attr('from'), to: el.attr('to'), payload });
}

/** The result of a get or set. */
export function iqResult(request: XmlElement, payload?: XmlElement): XmlElement {
  const children = payload === undefined ? [] : [payload];
  return new XmlElement('iq', request.ns, replyAttributes(request, 'result'), children);
}

function isIqType(type: string | undefined): type is IqType {
  return type === 'get' || type === 'set' || type === 'result' || type === 'error';
}
