export { TrustedSources, type TrustedNetwork } from './trusted-sources.ts';
