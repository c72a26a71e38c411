// The header fields of SUBSCRIBE and NOTIFY beside those that every request has (RFC 6665 §3.1, §3.2, §8.2).

import {
  contentType,
  formatEvent,
  formatSipUri,
  rawHeaderField,
  type EventName,
  type HeaderField,
  type LocalEndpoint,
  type SipRequest,
} from '../../sip/index.ts';
import type { NotifyDocument } from './notifier-types.ts';
import type { Notification, SubscribeParts, SubscribeTerms } from './types.ts';

/** `local`: our side towards the target; without one there is no Contact, and nothing could be sent either. */
export function subscribeFields(
  parts: SubscribeParts,
  seconds: number,
  local: LocalEndpoint | undefined,
  secure: boolean,
): readonly HeaderField[] {
  const fields = [
    rawHeaderField('Event', formatEvent(parts.terms.event)),
    rawHeaderField('Expires', String(seconds)),
    rawHeaderField('Accept', parts.terms.accept.join(', ')),
  ];
  if (parts.terms.supported !== undefined)
    fields.push(rawHeaderField('Supported', parts.terms.supported.join(', ')));
  if (local !== undefined) fields.unshift(rawHeaderField('Contact', `<${contactUri(local, secure)}>`));
  return fields;
}

/** `state`: the value of Subscription-State. */
export function notifyFields(
  event: EventName,
  state: string,
  document: NotifyDocument | undefined,
  local: LocalEndpoint | undefined,
  secure: boolean,
): readonly HeaderField[] {
  const fields: HeaderField[] = [];
  if (local !== undefined) fields.push(rawHeaderField('Contact', `<${contactUri(local, secure)}>`));
  fields.push(rawHeaderField('Event', formatEvent(event)), rawHeaderField('Subscription-State', state));
  if (document !== undefined) {
    fields.push(rawHeaderField('Content-Type', document.contentType), ...(document.headers ?? []));
  }
  return fields;
}

/** RFC 3261 §8.1.1.8: where requests within the dialog reach us. `transport` is left out for UDP, which is the default. */
export function contactUri(local: LocalEndpoint, secure: boolean): string {
  const { transport, advertiseHost: host, advertisePort: port } = local;
  return formatSipUri({
    scheme: secure ? 'sips' : 'sip',
    host,
    ...(port === undefined ? {} : { port }),
    ...(transport === 'UDP' ? {} : { params: new Map([['transport', parameterOf(transport)]]) }),
  });
}

/** RFC 7118 §5.2.2: "ws" stands for both, and sips tells them apart. */
function parameterOf(transport: LocalEndpoint['transport']): string {
  return transport === 'WSS' ? 'ws' : transport.toLowerCase();
}

/** The type of the body, lower case, without parameters; undefined without a body, or when it is not said. */
export function mediaType(request: SipRequest): string | undefined {
  if (request.body.length === 0) return undefined;
  const type = contentType(request);
  return type.ok && type.value !== undefined ? `${type.value.type}/${type.value.subtype}` : undefined;
}

export function notificationOf(
  request: SipRequest,
  dialog: string,
  state: Notification['state'],
  reason: string | undefined,
  type: string | undefined,
): Notification {
  return {
    dialog,
    state,
    reason,
    contentType: type,
    contentTypeField: type === undefined ? undefined : request.header('content-type'),
    language: request.header('content-language'),
    body: request.body,
  };
}

/** A document of this type is taken. */
export function reads({ accept, alsoRead }: SubscribeTerms, type: string): boolean {
  return accept.includes(type) || alsoRead?.includes(type) === true;
}
