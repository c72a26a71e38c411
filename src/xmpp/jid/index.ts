export type { Jid } from './types.ts';
export {
  parseJid,
  jidFromParts,
  prepareLocal,
  prepareResource,
  formatJid,
  formatBareJid,
  bareJid,
  equalJid,
  equalBare,
} from './jid.ts';
export { prepareDomain } from './domain.ts';
export { isIpv4, isIpv6 } from './ip-literal.ts';
