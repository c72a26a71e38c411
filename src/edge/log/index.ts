export { StandardLog, standardError, type LogOptions, type LogSink } from './standard-log.ts';
export { RateLimitedLog, type RateLimit } from './rate-limited-log.ts';
