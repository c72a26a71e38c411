// Loads the operator's route script: a file of his, run by Node as it is, TypeScript with its types stripped.

import { readFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { err, ok, StoxgateError, type Result } from '../../base/index.ts';
import { readRouteModule, type RouteFinding, type RouteHooks } from '../../policy/index.ts';
import { lineOfExport, placeOfFault } from './fault-place.ts';
import { nextVersion } from './versions.ts';

/** What keeps a script from being used, and where. */
export interface RoutesFault {
  readonly file: string;
  /** From 1; undefined when nobody knows. */
  readonly line: number | undefined;
  readonly message: string;
  /** What was probably meant. */
  readonly suggestion: string | undefined;
}

export interface LoadOptions {
  /** How long what the script awaits while it is loaded may take. */
  readonly patienceMs?: number;
}

const PATIENCE_MS = 10_000;
const EXTENSIONS = /\.(?:js|mjs|ts|mts)$/;

/** Loads a script anew, whatever was loaded before. Never rejects. */
export async function loadRoutes(
  file: string,
  options: LoadOptions = {},
): Promise<Result<RouteHooks, RoutesFault[]>> {
  const whole = (message: string): Result<never, RoutesFault[]> =>
    err([{ file, line: undefined, message, suggestion: undefined }]);
  if (!EXTENSIONS.test(file)) return whole('a route script ends in .js, .mjs, .ts or .mts');
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    return whole(`cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  let exported: Readonly<Record<string, unknown>>;
  try {
    exported = await inTime(importAnew(file), options.patienceMs ?? PATIENCE_MS);
  } catch (error) {
    const place = await placeOfFault(error, file);
    return err([{ file: place.file, line: place.line, message: reasonOf(error), suggestion: undefined }]);
  }
  const { hooks, findings } = readRouteModule(exported);
  if (findings.length === 0) return ok(hooks);
  const faults = findings.map((finding) => faultOf(file, text, finding));
  return err(faults.toSorted((left, right) => (left.line ?? 0) - (right.line ?? 0)));
}

/** `FILE:LINE: message (did you mean …?)`, on one line. */
export function formatRoutesFault({ file, line, message, suggestion }: RoutesFault): string {
  const place = line === undefined ? file : `${file}:${line}`;
  const hint = suggestion === undefined ? '' : ` (did you mean ${suggestion}?)`;
  return `${place}: ${message}${hint}`.replace(/[\u0000-\u001f\u007f]+/g, ' ');
}

/** For a start and a reload: fails with `ERR_ROUTES_LOAD`. */
export async function loadRoutesOrFail(file: string, options?: LoadOptions): Promise<RouteHooks> {
  const loaded = await loadRoutes(file, options);
  if (loaded.ok) return loaded.value;
  const reasons = loaded.error.map(formatRoutesFault).join('; ');
  throw new StoxgateError('ERR_ROUTES_LOAD', `the route script cannot be used: ${reasons}`);
}

async function importAnew(file: string): Promise<Readonly<Record<string, unknown>>> {
  const module: Record<string, unknown> = await import(nextVersion(pathToFileURL(file)).href);
  return module;
}

async function inTime<T>(promise: Promise<T>, patienceMs: number): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    late.reject(new Error(`was not loaded within ${patienceMs} ms: it awaits something that does not come`));
  }, patienceMs);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

function faultOf(file: string, text: string, { name, message, suggestion }: RouteFinding): RoutesFault {
  return { file, line: name === undefined ? undefined : lineOfExport(text, name), message, suggestion };
}

/** Without the number that the URL had. */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return message.replaceAll(/\?stoxgate-routes=\d+/g, '').replaceAll(/file:\/\/\S+/g, (url) => pathOf(url));
}

function pathOf(url: string): string {
  try {
    return fileURLToPath(url);
  } catch {
    return url;
  }
}
