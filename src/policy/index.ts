export { parseAddress, parseNetwork, contains, type AddressWords, type Network } from './cidr.ts';
export { TrustedSources, type TrustedNetwork } from './trusted-sources.ts';
