// What two or more features share: addresses, errors, languages, bodies, identifiers.

export {
  faultToResponse,
  faultToStanzaError,
  faultToStatus,
  type AddressFault,
  type AddressFaultKind,
  type AddressRole,
} from './address-fault.ts';
export { AddressBook, type AddressBookOptions, type MappedJid, type MappedUri } from './address-book.ts';
export { formatRule, type DomainRule, type Side } from './domain-rules.ts';
export { SEPARATORS, type Separator } from './fold.ts';
export { escapeLocal, unescapeLocal } from './escape.ts';
export { canonicalHost, domainToHost, hostToDomain } from './domain-name.ts';
export { equalUri, equalXmppUri } from './equal-uri.ts';
export { jidToXmppUri, uriToJid, xmppUriToJid } from './uri-to-jid.ts';
export { jidToImPresUri, jidToSipUri } from './jid-to-uri.ts';
export { stanzaErrorToResponse, type ErrorResponse, type StanzaErrorContext } from './error-to-sip.ts';
export {
  failureToStanzaError,
  locateFaultToStanzaError,
  responseToStanzaError,
  type LocateFailure,
  type ResponseContext,
  type SendFailure,
} from './error-to-xmpp.ts';
export {
  gatewayConditionOf,
  gatewayResponse,
  gatewayStanzaError,
  type GatewayCondition,
  type GatewayResponse,
} from './gateway-condition.ts';
export { mayBePacked } from './content-coding.ts';
export { readSipBody, DEFAULT_MAX_TEXT_OCTETS } from './bodies.ts';
export {
  supportedTypes,
  type RequestedReports,
  type SipBody,
  type SipBodyInput,
  type SipBodyOptions,
  type TextBody,
} from './sip-body.ts';
export { languageForSip, languageForXml } from './languages.ts';
export { callIdToThread, stanzaIdFor, threadToCallId } from './ids.ts';
export { cleanText, subjectForSip, subjectForXml } from './text.ts';
export { chatStateFor, chatStateToIsComposing } from './chat-state.ts';
