export {
  formatBencode,
  parseBencode,
  type BencodeInput,
  type BencodeMap,
  type BencodeValue,
} from './bencode.ts';
export {
  formatNgRequest,
  readNgAnswer,
  splitNg,
  type NgAnswer,
  type NgCommand,
  type NgKeys,
} from './ng-message.ts';
export {
  endpointText,
  NG_LIMIT_MS,
  NG_PING_MS,
  NG_REPEATS_MS,
  NgInstance,
  pingOnce,
  type NgEndpoint,
  type NgEnv,
  type NgFailure,
  type NgHealth,
} from './ng-instance.ts';
export { NgPool, type Begun } from './ng-pool.ts';
export { openNgSocket, type NgSocket, type NgSocketHandlers, type OpenNgSocket } from './ng-socket.ts';
export {
  profileKeys,
  RELAY_PROFILES,
  type RelayInterfaces,
  type RelayProfile,
  type Towards,
} from './profiles.ts';
