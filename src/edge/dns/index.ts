export { NodeDnsResolver, type NodeDnsResolverOptions } from './node-dns-resolver.ts';
export { addressAnswer, failureAnswer, naptrAnswer, srvAnswer } from './records.ts';
