// What the schema is built from: documented keys, texts with a grammar, secrets.

import { X509Certificate } from 'node:crypto';
import * as z from 'zod';
import { err, ok, type Result } from '../../base/index.ts';
import { certificateBlocks } from '../../edge/tls/index.ts';

/** Where secrets that are not in the file come from. Both say no by a reason in words. */
export interface SecretSources {
  file(path: string): Result<string, string>;
  env(name: string): Result<string, string>;
  /** A file that may still have to be made: undefined text, and its full path. */
  keyFile(path: string): Result<{ readonly path: string; readonly text: string | undefined }, string>;
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

/** A file of certificates in PEM; its value is their text. */
export function certificatesSchema(sources: SecretSources) {
  return z
    .string()
    .min(1)
    .transform((path, context): string => {
      const text = sources.file(path);
      const reason = text.ok ? certificatesFault(text.value) : text.error;
      if (text.ok && reason === undefined) return text.value;
      context.issues.push({ code: 'custom', message: reason ?? '', input: path });
      return z.NEVER;
    });
}

function certificatesFault(text: string): string | undefined {
  const all = certificateBlocks(text);
  if (all.length === 0) return 'holds no certificate (PEM)';
  try {
    for (const each of all) void new X509Certificate(each);
    return undefined;
  } catch {
    return 'holds a certificate that cannot be read';
  }
}

/** Characters of a signing key: 32 octets in base64url are 43. */
export const MIN_KEY_CHARS = 32;

/** A signing key that is there, or the file in which it is to be made. */
export type ConfiguredKey = { readonly secret: string } | { readonly make: string };

/** A secret whose file need not be there yet. */
export function keySchema(sources: SecretSources) {
  return z
    .union([
      z.string(),
      z.strictObject({ file: z.string().min(1).exactOptional(), env: z.string().min(1).exactOptional() }),
    ])
    .transform((value, context): ConfiguredKey => {
      const result = fetchKey(value, sources);
      const key = result.ok ? result.value : undefined;
      if (key !== undefined && 'make' in key) return key;
      const reason = result.ok ? keyFault(key?.secret ?? '') : result.error;
      if (result.ok && reason === undefined) return result.value;
      context.issues.push({ code: 'custom', message: reason ?? '', input: undefined });
      return z.NEVER;
    });
}

function fetchKey(
  value: string | { readonly file?: string; readonly env?: string },
  sources: SecretSources,
): Result<ConfiguredKey, string> {
  if (typeof value === 'string') return ok({ secret: value });
  if (value.file === undefined || value.env !== undefined) {
    const secret = fetchSecret(value, sources);
    return secret.ok ? ok({ secret: secret.value }) : secret;
  }
  const file = sources.keyFile(value.file);
  if (!file.ok) return file;
  const { path, text } = file.value;
  return ok(text === undefined ? { make: path } : { secret: text });
}

function keyFault(key: string): string | undefined {
  return (
    secretFault(key) ??
    (key.length < MIN_KEY_CHARS ? `is shorter than ${MIN_KEY_CHARS} characters` : undefined)
  );
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
