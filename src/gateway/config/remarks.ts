// Zod's issues in the words of this project, with a suggestion where there is one.

import type * as z from 'zod';
import { suggest } from '../../base/index.ts';
import { NOT_BUILT } from './fields.ts';
import { formatKeyPath, type KeyPath, type Remark } from './finding.ts';
import { laterKeysOf } from './later.ts';
import { keysOf, objectsAt } from './schema-walk.ts';

type Issue = z.core.$ZodIssue;

/** Turns the issues of one failed parse of `raw` into remarks. */
export function remarksOf(issues: readonly Issue[], schema: z.ZodType, raw: unknown): Remark[] {
  const first = new Map<string, Remark>();
  for (const issue of issues) {
    for (const remark of remarksOfIssue(issue, [], schema, raw)) {
      // One fault a key: after a wrong type, what its length lacks says nothing more.
      const key = formatKeyPath(remark.path);
      if (!first.has(key)) first.set(key, remark);
    }
  }
  return [...first.values()];
}

function remarksOfIssue(issue: Issue, parent: KeyPath, schema: z.ZodType, raw: unknown): Remark[] {
  const path: KeyPath = [...parent, ...issue.path.map((step) => (typeof step === 'symbol' ? '' : step))];
  const value = valueAt(raw, path);
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey(path, key, schema));
    case 'invalid_union':
      return unionRemarks(issue.errors, path, schema, raw);
    case 'invalid_key':
      return [{ path, atKey: true, message: issue.issues[0]?.message ?? 'is not a key that can be here' }];
    case 'invalid_type':
      return [
        {
          path,
          message:
            value === undefined ? 'is missing' : `must be ${noun(issue.expected)}, not ${describe(value)}`,
        },
      ];
    case 'invalid_value': {
      const choices = issue.values.map(String);
      const message = value === undefined ? 'is missing; it is' : `is ${describe(value)}; it must be`;
      const suggestion = typeof value === 'string' ? suggest(value, choices) : undefined;
      return [
        {
          path,
          message: `${message} ${listed(choices)}`,
          ...(suggestion === undefined ? {} : { suggestion }),
        },
      ];
    }
    case 'too_small':
      return [{ path, message: sizeMessage(issue.origin, 'at least', Number(issue.minimum)) }];
    case 'too_big':
      return [{ path, message: sizeMessage(issue.origin, 'at most', Number(issue.maximum)) }];
    default:
      return [{ path, message: issue.message }];
  }
}

function unknownKey(path: KeyPath, key: string, schema: z.ZodType): Remark {
  const objects = objectsAt(schema, path);
  const at = { path: [...path, key], atKey: true };
  if (objects.some((object) => laterKeysOf(object).includes(key))) return { ...at, message: NOT_BUILT };
  const known = objects.flatMap(keysOf);
  const suggestion = suggest(key, [...known, ...objects.flatMap((object) => laterKeysOf(object))]);
  return suggestion === undefined
    ? { ...at, message: `is not a key of the configuration; here are ${listed(known, 'and')}` }
    : { ...at, message: 'is not a key of the configuration', suggestion };
}

/** Of several forms, the one that was tried: the first whose outer type fits, with the fewest faults. */
function unionRemarks(
  branches: readonly (readonly Issue[])[],
  path: KeyPath,
  schema: z.ZodType,
  raw: unknown,
): Remark[] {
  const tried = branches.filter(
    (issues) => !issues.some((issue) => issue.code === 'invalid_type' && issue.path.length === 0),
  );
  const [best] = tried.toSorted((left, right) => left.length - right.length);
  if (best !== undefined) return best.flatMap((issue) => remarksOfIssue(issue, path, schema, raw));
  const value = valueAt(raw, path);
  const wanted = branches.flatMap((issues) =>
    issues.flatMap((issue) => (issue.code === 'invalid_type' ? [noun(issue.expected)] : [])),
  );
  if (value === undefined) return [{ path, message: 'is missing' }];
  return [{ path, message: `must be ${listed([...new Set(wanted)])}, not ${describe(value)}` }];
}

function sizeMessage(origin: string, bound: string, limit: number): string {
  if (origin === 'string') return bound === 'at least' ? 'is empty' : `is longer than ${limit} characters`;
  if (origin === 'array') return `needs ${bound} ${limit} ${limit === 1 ? 'entry' : 'entries'}`;
  return `must be ${bound} ${limit}`;
}

const NOUNS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map of keys',
  record: 'a map of keys',
};

function noun(type: string): string {
  return NOUNS[type] ?? type;
}

/** What a value is. A number is not shown: it may be a secret that lacks its quotes; a secret in quotes is text. */
function describe(value: unknown): string {
  if (value === null) return 'nothing (a value such as ~ is written in quotes)';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map of keys';
  if (typeof value === 'string') return value.length <= 40 ? `"${value}"` : 'a longer text';
  if (typeof value === 'number') return Number.isInteger(value) ? 'a number' : 'a fraction';
  return typeof value === 'boolean' ? 'true or false' : 'something else';
}

function listed(words: readonly string[], conjunction = 'or'): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} ${conjunction} ${words.at(-1) ?? ''}`;
}

function valueAt(raw: unknown, path: KeyPath): unknown {
  let value = raw;
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = Reflect.get(value, step);
  }
  return value;
}
