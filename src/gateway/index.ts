export type { Gateway, GatewayEnv, GatewayStatus, LinkStatus } from './types.ts';
export type { Config, ConfiguredComponent, ConfiguredDomain, ConfiguredTrust } from './config/schema.ts';
export { MIN_KEY_CHARS } from './config/schema-kit.ts';
export { loadConfig, parseConfig, type LoadEnv } from './config/load.ts';
export { formatFinding, type ConfigFinding } from './config/finding.ts';
export type { HostPort, Listen } from './config/fields.ts';
export { startGateway } from './start.ts';
export { System } from './system.ts';
export { presenceServers } from './presence-models.ts';
