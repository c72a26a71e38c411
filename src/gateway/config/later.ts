// Keys of the contract whose feature is not built yet: refused by name, never ignored and never mistaken for a slip.

import type * as z from 'zod';

const laterKeys = new WeakMap<z.ZodType, readonly string[]>();

/** Marks the keys that an object will have one day. */
export function later<S extends z.ZodType>(schema: S, keys: readonly string[]): S {
  laterKeys.set(schema, keys);
  return schema;
}

/** The keys that this object will have one day. */
export function laterKeysOf(schema: z.ZodType): readonly string[] {
  return laterKeys.get(schema) ?? [];
}
