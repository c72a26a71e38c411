// Reads the configuration file: text → YAML → schema → rules, each fault with its place in the file.

import { dirname, resolve } from 'node:path';
import { err, ok, type Result } from '../../base/index.ts';
import type { ConfigFinding, Remark } from './finding.ts';
import { formatKeyPath } from './finding.ts';
import { positionOf } from './positions.ts';
import { remarksOf } from './remarks.ts';
import { remarksOnRules } from './rules.ts';
import { configSchema, type Config } from './schema.ts';
import type { SecretSources } from './schema-kit.ts';
import { readYaml, type YamlText } from './yaml-text.ts';

/** Largest file that is looked at, in characters. */
const MAX_LENGTH = 1024 * 1024;

export interface LoadEnv {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Text of a file; throws what the file system throws. */
  readFile(path: string): string;
  /** Called for what is doubtful but does not keep the gateway from starting. */
  warn?(finding: ConfigFinding): void;
}

/** Reads and checks a configuration file. The findings are in the order of the file. Never throws. */
export function loadConfig(path: string, env: LoadEnv): Result<Config, ConfigFinding[]> {
  let text: string;
  try {
    text = env.readFile(path);
  } catch (error) {
    return err([wholeFile(path, `cannot be read: ${reasonOf(error)}`)]);
  }
  return parseConfig(text, path, env);
}

/** The same for a text that is already there; `path` names it and is what relative paths start from. */
export function parseConfig(text: string, path: string, env: LoadEnv): Result<Config, ConfigFinding[]> {
  if (text.length > MAX_LENGTH) return err([wholeFile(path, `is longer than ${MAX_LENGTH} characters`)]);
  const yaml = readYaml(text);
  if (yaml.faults.length > 0) {
    return err(
      yaml.faults
        .map((fault) => ({
          ...wholeFile(path, fault.message),
          line: fault.line,
          column: fault.column,
          key: formatKeyPath(fault.path),
        }))
        .toSorted(byPlace),
    );
  }
  const place = (remark: Remark): ConfigFinding => placed(path, yaml, remark);
  if (yaml.value === null) return err([place({ path: [], message: 'holds no configuration' })]);
  const schema = configSchema(secretSources(path, env));
  const parsed = schema.safeParse(yaml.value);
  if (!parsed.success) {
    return err(remarksOf(parsed.error.issues, schema, yaml.value).map(place).toSorted(byPlace));
  }
  const findings = remarksOnRules(parsed.data).map(place).toSorted(byPlace);
  const errors = findings.filter((finding) => finding.severity === 'error');
  for (const finding of findings) if (finding.severity === 'warning') env.warn?.(finding);
  if (errors.length > 0) return err(errors);
  const { store, routes } = parsed.data;
  return ok({
    ...parsed.data,
    store: fromFile(path, store),
    ...(routes === undefined ? {} : { routes: { ...routes, script: resolve(dirname(path), routes.script) } }),
  });
}

const SQLITE = 'sqlite:';

/** Paths are relative to the file. */
function fromFile(path: string, store: string): string {
  return store.startsWith(SQLITE) ? SQLITE + resolve(dirname(path), store.slice(SQLITE.length)) : store;
}

function secretSources(path: string, env: LoadEnv): SecretSources {
  return {
    file: (name) => {
      const file = resolve(dirname(path), name);
      try {
        // Editors end a file with a line break; it is not part of the secret.
        return ok(env.readFile(file).replace(/\r?\n$/, ''));
      } catch (error) {
        return err(`${file} cannot be read: ${reasonOf(error)}`);
      }
    },
    keyFile: (name) => {
      const file = resolve(dirname(path), name);
      try {
        return ok({ path: file, text: env.readFile(file).replace(/\r?\n$/, '') });
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
          return ok({ path: file, text: undefined });
        }
        return err(`${file} cannot be read: ${reasonOf(error)}`);
      }
    },
    env: (name) => {
      const value = Object.hasOwn(env.env, name) ? env.env[name] : undefined;
      return value === undefined ? err(`the environment variable ${name} is not set`) : ok(value);
    },
  };
}

function placed(file: string, yaml: YamlText, remark: Remark): ConfigFinding {
  return {
    file,
    ...positionOf(yaml.document, yaml.lines, remark.path, remark.atKey),
    key: formatKeyPath(remark.path),
    message: remark.message,
    suggestion: remark.suggestion,
    severity: remark.severity ?? 'error',
  };
}

function wholeFile(file: string, message: string): ConfigFinding {
  return {
    file,
    line: undefined,
    column: undefined,
    key: '',
    message,
    suggestion: undefined,
    severity: 'error',
  };
}

function byPlace(left: ConfigFinding, right: ConfigFinding): number {
  return (left.line ?? 0) - (right.line ?? 0) || (left.column ?? 0) - (right.column ?? 0);
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'ENOENT':
      return 'there is no such file';
    case 'EACCES':
      return 'permission denied';
    case 'EISDIR':
      return 'it is a directory';
    default:
      return error instanceof Error ? error.message : String(error);
  }
}
