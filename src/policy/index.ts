export { SpeakerScope, TrustedSources, type TrustedNetwork } from './trusted-sources.ts';
