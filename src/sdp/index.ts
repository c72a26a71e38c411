export {
  attribute,
  attributes,
  hasAttribute,
  type Attribute,
  type Bandwidth,
  type Connection,
  type MediaDescription,
  type Origin,
  type Section,
  type SessionDescription,
  type TimeDescription,
} from './description.ts';
export { DEFAULT_SDP_LIMITS, type SdpLimits } from './limits.ts';
export { parseSdp } from './parse.ts';
export { attributeText, formatSdp } from './format.ts';
export {
  directionFrom,
  directionOf,
  isHeldByAddress,
  receives,
  reversed,
  sends,
  withDirection,
  type Direction,
} from './direction.ts';
export {
  formatParameters,
  payloadAttributes,
  payloadsOf,
  readParameters,
  staticPayload,
  type FormatParameter,
  type Payload,
} from './payload.ts';
export { feedbackAttribute, feedbackOf, type Feedback } from './feedback.ts';
export { headerExtensionAttribute, headerExtensionsOf, type HeaderExtension } from './header-extension.ts';
export {
  msidsOf,
  sourceAttributes,
  sourceGroupAttribute,
  sourceGroupsOf,
  sourcesOf,
  type Source,
  type SourceGroup,
  type SourceParameter,
} from './source.ts';
export {
  candidateAttribute,
  candidatesOf,
  credentialAttributes,
  credentialsOf,
  formatCandidate,
  hasEndOfCandidates,
  iceOptions,
  isIceMismatch,
  readCandidate,
  type Candidate,
  type IceCredentials,
} from './candidate.ts';
export {
  cryptoAttribute,
  cryptosOf,
  fingerprintAttribute,
  fingerprintsOf,
  readFingerprint,
  setupOf,
  type CryptoAttribute,
  type Fingerprint,
  type Setup,
} from './security.ts';
export { groupAttribute, groupsOf, midOf, type MediaGroup } from './group.ts';
export {
  answerProblem,
  isUnchanged,
  nextVersion,
  NO_AGREEMENT,
  rejected,
  stepOfferAnswer,
  type Agreement,
  type OfferAnswerEvent,
  type OfferAnswerState,
} from './offer-answer.ts';
