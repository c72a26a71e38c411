export { openStore } from './open-store.ts';
export { parseStoreUrl, type StoreUrl } from './store-url.ts';
export { DEFAULT_STORE_LIMITS, type StoreEnv, type StoreOptions } from './options.ts';
