export { SpeakerScope, TrustedSources, type TrustedNetwork } from './trusted-sources.ts';
export { domainHome, type Evidence, type Home } from './domain-home.ts';
