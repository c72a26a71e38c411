// Is what a script exports a route script? Asked when it is loaded, so that a slip is not found by the first message.

import { suggest } from '../base/index.ts';
import { HOOKS, type HookName } from './route-types.ts';

/** What is wrong with a script. */
export interface RouteFinding {
  /** Name of the export that it is about; undefined: the script as a whole. */
  readonly name: string | undefined;
  readonly message: string;
  /** What was probably meant. */
  readonly suggestion: string | undefined;
}

type Hook = (...args: readonly unknown[]) => unknown;
/** The functions of a script that was found to be in order. */
export type RouteHooks = Readonly<Partial<Record<HookName, Hook>>>;

export interface ReadRoutes {
  readonly hooks: RouteHooks;
  /** Empty: it can be used. */
  readonly findings: readonly RouteFinding[];
}

/** Reads the exports of a module. A `default` export may be an object of hooks instead. */
export function readRouteModule(exported: Readonly<Record<string, unknown>>): ReadRoutes {
  const hooks: Partial<Record<HookName, Hook>> = {};
  const findings: RouteFinding[] = [];
  for (const [name, value] of namedIn(exported, findings)) {
    if (!isHookName(name)) {
      findings.push({
        name,
        message: `"${name}" is no hook; the hooks are ${HOOKS.join(', ')}`,
        suggestion: suggest(name, HOOKS),
      });
    } else if (typeof value !== 'function') {
      findings.push({
        name,
        message: `"${name}" must be a function, not ${kindOf(value)}`,
        suggestion: undefined,
      });
    } else hooks[name] = (...args) => Reflect.apply(value, undefined, args);
  }
  if (findings.length === 0 && Object.keys(hooks).length === 0)
    findings.push({
      name: undefined,
      message: `exports no hook: ${HOOKS.join(', ')}`,
      suggestion: undefined,
    });
  return { hooks, findings };
}

function namedIn(exported: Readonly<Record<string, unknown>>, findings: RouteFinding[]): [string, unknown][] {
  // What a CommonJS module is seen through has this beside its exports.
  const entries = Object.entries(exported).filter(([name]) => name !== 'module.exports');
  const whole = exported['default'];
  if (whole === undefined) return entries.filter(([name]) => name !== 'default');
  if (typeof whole !== 'object' || whole === null) {
    const message = `the default export must be an object of hooks, not ${kindOf(whole)}`;
    findings.push({ name: 'default', message, suggestion: undefined });
    return [];
  }
  const named = entries.filter(([name, value]) => name !== 'default' && Reflect.get(whole, name) !== value);
  return [...named, ...Object.entries(whole)];
}

function isHookName(name: string): name is HookName {
  return (HOOKS as readonly string[]).includes(name);
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return 'a list';
  return (
    { string: 'text', number: 'a number', boolean: 'true or false' }[typeof value as string] ??
    `an ${typeof value}`
  );
}
