// Carries out what `rewrite` says: a new request or a new stanza, made by the builders that everything is made by.

import { utf8Bytes } from '../../base/index.ts';
import type { CheckedRewrite } from '../../policy/index.ts';
import {
  buildRequest,
  formatNameAddr,
  headerField,
  type HeaderField,
  type SipRequest,
} from '../../sip/index.ts';
import { NS_CLIENT, XmlElement, type XmlNode } from '../../xml/index.ts';

const TEXT_PLAIN = headerField('Content-Type', 'text/plain;charset=UTF-8');
/** What `buildRequest` writes by itself. */
const BUILT: ReadonlySet<string> = new Set([
  'via',
  'max-forwards',
  'from',
  'to',
  'call-id',
  'cseq',
  'content-length',
]);
/** Header fields that speak of the body that was there. */
const OF_BODY: ReadonlySet<string> = new Set([
  'content-type',
  'content-encoding',
  'content-disposition',
  'content-language',
]);

/** A request as it would have come in if its sender had written it so. Transaction and dialog ids stay. */
export function changedRequest(request: SipRequest, changes: CheckedRewrite): SipRequest {
  const { tag, displayName } = request.from;
  const from =
    changes.from === undefined
      ? (request.header('from') ?? '')
      : `${formatNameAddr({ displayName, uri: changes.from })}${tag === undefined ? '' : `;tag=${tag}`}`;
  return buildRequest({
    method: request.method,
    requestUri: changes.to ?? request.requestUri,
    via: request.headerAll('via'),
    from,
    to: request.header('to') ?? '',
    callId: request.callId,
    cseq: request.cseq.number,
    maxForwards: request.maxForwards,
    headers: changedFields(
      request.headers.filter(({ id }) => !BUILT.has(id)),
      changes,
    ),
    body: changes.body === undefined ? request.body : utf8Bytes(changes.body),
  });
}

/** Header fields and body of a request that is to go out. */
export function changedContent<
  C extends { readonly headers: readonly HeaderField[]; readonly body: Uint8Array },
>(content: C, changes: CheckedRewrite): C {
  return {
    ...content,
    headers: changedFields(content.headers, changes),
    body: changes.body === undefined ? content.body : utf8Bytes(changes.body),
  };
}

function changedFields(fields: readonly HeaderField[], changes: CheckedRewrite): readonly HeaderField[] {
  const set = [...changes.headers];
  if (changes.subject !== undefined) set.push(headerField('Subject', changes.subject));
  const gone = new Set([...changes.withoutHeaders, ...set.map(({ id }) => id)]);
  if (changes.body !== undefined) for (const id of OF_BODY) gone.add(id);
  const kept = fields.filter(({ id }) => !gone.has(id));
  return [...(changes.body === undefined ? [] : [TEXT_PLAIN]), ...kept, ...set];
}

/** A stanza with these changes; `id`, `type` and language stay. */
export function changedStanza(stanza: XmlElement, changes: CheckedRewrite): XmlElement {
  const attributes = [...stanza.attributes];
  if (changes.from !== undefined) setAttribute(attributes, 'from', changes.from);
  if (changes.to !== undefined) setAttribute(attributes, 'to', changes.to);
  let children: readonly XmlNode[] = stanza.children.filter(
    (child) =>
      typeof child === 'string' ||
      !changes.remove.some(({ name, namespace }) => child.name === name && child.ns === namespace),
  );
  if (changes.subject !== undefined) children = withText(children, 'subject', changes.subject);
  if (changes.body !== undefined) children = withText(children, 'body', changes.body);
  return new XmlElement(stanza.name, stanza.ns, attributes, [...children, ...changes.add]);
}

/** One element of that name, in the place of the first; those in other languages would say the old text. */
function withText(children: readonly XmlNode[], name: string, text: string): readonly XmlNode[] {
  const isOne = (node: XmlNode): boolean =>
    typeof node !== 'string' && node.name === name && node.ns === NS_CLIENT;
  const fresh = new XmlElement(name, NS_CLIENT, undefined, [text]);
  const first = children.findIndex(isOne);
  if (first < 0) return [fresh, ...children];
  return children.flatMap((node, i): readonly XmlNode[] =>
    i === first ? [fresh] : isOne(node) ? [] : [node],
  );
}

function setAttribute(attributes: string[], name: string, value: string): void {
  for (let i = 0; i < attributes.length; i += 2) {
    if (attributes[i] !== name) continue;
    attributes[i + 1] = value;
    return;
  }
  attributes.push(name, value);
}

/** A request as it would go out, for the script to see: what the transaction adds is not there yet. */
export function previewRequest(draft: {
  readonly from: string;
  readonly requestUri: string;
  readonly callId: string;
  readonly maxForwards: number;
  readonly headers: readonly HeaderField[];
  readonly body: Uint8Array;
}): SipRequest {
  const { requestUri, callId, maxForwards, headers, body } = draft;
  return buildRequest({
    ...{ method: 'MESSAGE', requestUri, callId, maxForwards, headers, body },
    from: formatNameAddr({ uri: draft.from }),
    to: formatNameAddr({ uri: requestUri }),
    cseq: 1,
  });
}
