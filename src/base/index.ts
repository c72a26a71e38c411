export { ok, err, fault, type Ok, type Err, type Result, type Fault } from './result.ts';
export { formatDateTime } from './date-time.ts';
export { StoxgateError } from './error.ts';
export type { Clock } from './clock.ts';
export { fromTicks, toTicks } from './ticks.ts';
export { TimerWheel, type Timer, type TimerOwner, type Timers, type TimerWheelOptions } from './timers.ts';
export { VirtualTime } from './virtual-time.ts';
export {
  hashHex,
  hashBase64Url,
  hashBytes,
  hmacSha256,
  hmacSha256Hex,
  equalBytes,
  fillRandom,
  Es256Key,
  type HashAlgorithm,
} from './digest.ts';
export {
  type Bytes,
  emptyBytes,
  utf8Bytes,
  utf8Length,
  latin1Bytes,
  latin1Text,
  utf8Text,
  utf8TextLossy,
  toByteString,
  fromByteString,
  joinHeadAndBody,
  toBase64,
  fromBase64,
  copyBytes,
  concatBytes,
  detachText,
  isAscii,
  isWellFormed,
} from './bytes.ts';
export { SecureRandom, SeededRandom, type Random } from './random.ts';
export {
  MAX_TOKEN_KEYS,
  MIN_TOKEN_KEY_OCTETS,
  Tokens,
  maxTokenContent,
  type TokenKind,
  type TokenReading,
} from './token.ts';
export { fromBase32, fromBase64Url, toBase32, toBase64Url } from './token-text.ts';
export { silentLog, type Log, type LogLevel } from './log.ts';
export { suggest } from './suggest.ts';
export { TokenBucket } from './token-bucket.ts';
export { TokenBuckets, type TokenBucketsOptions } from './token-buckets.ts';
export { ChurnMap } from './churn-map.ts';
export { SmallSet } from './small-set.ts';
export { BoundedMap, type BoundedMapOptions } from './bounded-map.ts';
export { Counter, Counters, type Labels } from './counters.ts';
export {
  type IpAddress,
  type IpFamily,
  IpNetwork,
  canonicalIp,
  formatIpAddress,
  ipFamily,
  parseIpAddress,
  unmapped,
} from './ip-address.ts';
export type { Collection, CollectionSpec, Entry, FindOptions, Store, StoreStatus, Written } from './store.ts';
