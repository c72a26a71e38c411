// What the schema is built from: documented keys, texts with a grammar, secrets.

import * as z from 'zod';
import { err, ok, type Result } from '../../base/index.ts';

/** Where secrets that are not in the file come from. Both say no by a reason in words. */
export interface SecretSources {
  file(path: string): Result<string, string>;
  env(name: string): Result<string, string>;
}

/** What the reference page says of a key. */
export interface KeyEntry {
  /** One sentence. */
  readonly says: string;
  /** The type in words, when the schema alone does not tell it. */
  readonly type?: string;
  /** The default in words, when the schema alone does not tell it. */
  readonly default?: string;
  readonly unit?: string;
  /** YAML of the value. */
  readonly example?: string;
}

export const entries = z.registry<KeyEntry>();

/** Says what a key is for; every key has an entry. */
export function documented<S extends z.ZodType>(schema: S, entry: KeyEntry): S {
  // A copy, since one schema may serve several keys, each with its own entry.
  const own = schema.clone();
  entries.add(own, entry);
  return own;
}

/** Text with a grammar: the parser's reason becomes the finding. */
export function parsed<T>(parse: (text: string) => Result<T, string>) {
  return z.string().transform((value, context): T => {
    const result = parse(value);
    if (result.ok) return result.value;
    context.issues.push({ code: 'custom', message: result.error, input: value });
    return z.NEVER;
  });
}

/** A short name for labels and logs. */
export const name = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .regex(/^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/, 'may hold letters, digits, ".", "_" and "-"');

// No control character: it would end up in a header field or in the handshake unseen.
// oxlint-disable-next-line no-control-regex
export const printable = z
  .string()
  .min(1)
  .regex(/^[^\u0000-\u001f\u007f]*$/, 'holds a control character');

/** A secret: in the file, or in another one, or in the environment. */
export function secretSchema(sources: SecretSources) {
  return z
    .union([
      z.string(),
      // One object for both, since of two the one that fits less badly would call the other's key unknown.
      z.strictObject({ file: z.string().min(1).exactOptional(), env: z.string().min(1).exactOptional() }),
    ])
    .transform((value, context): string => {
      const result = typeof value === 'string' ? ok(value) : fetchSecret(value, sources);
      const reason = result.ok ? secretFault(result.value) : result.error;
      if (result.ok && reason === undefined) return result.value;
      // The value itself never goes into a finding.
      context.issues.push({ code: 'custom', message: reason ?? '', input: undefined });
      return z.NEVER;
    });
}

function fetchSecret(
  { file, env }: { readonly file?: string; readonly env?: string },
  sources: SecretSources,
): Result<string, string> {
  if (file !== undefined && env !== undefined) return err('has both file and env; a secret comes from one');
  if (file !== undefined) return sources.file(file);
  return env === undefined ? err('needs file or env') : sources.env(env);
}

function secretFault(value: string): string | undefined {
  if (value === '') return 'the secret is empty';
  // oxlint-disable-next-line no-control-regex
  return /[\u0000-\u001f\u007f]/.test(value)
    ? 'the secret holds a control character or a line break'
    : undefined;
}

export const SECRET_TYPE = 'text, `{ file: PATH }` or `{ env: NAME }`';
