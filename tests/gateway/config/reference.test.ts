import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import * as z from 'zod';
import { formatFinding, parseConfig } from '../../../src/gateway/index.ts';
import { referencePage } from '../../../src/gateway/config/reference.ts';
import { alternatives } from '../../../src/gateway/config/schema-walk.ts';
import { configSchema } from '../../../src/gateway/config/schema.ts';
import { entries } from '../../../src/gateway/config/schema-kit.ts';

const page = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8');

test('docs/configuration.md is what the schema says; `npm run docs` writes it anew', () => {
  assert.equal(page, referencePage());
});

test('the example of the page is a good file without a warning', () => {
  const example = /```yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
  const warnings: string[] = [];
  const result = parseConfig(example, '/x.yaml', {
    env: {},
    readFile: () => 'secret',
    warn: (finding) => warnings.push(formatFinding(finding)),
  });
  assert.deepEqual(result.ok ? [] : result.error.map(formatFinding), []);
  assert.deepEqual(warnings, []);
});

describe('every key is described, and by nobody else’s words', () => {
  const none = () => ({ ok: true, value: 'x' }) as const;
  const seen = new Map<string, string>();
  const walk = (schema: z.core.$ZodType, path: string): void => {
    for (const here of alternatives(schema)) {
      if (here instanceof z.ZodArray) walk(here.element, `${path}[]`);
      if (!(here instanceof z.ZodObject)) continue;
      for (const [key, member] of Object.entries(here.shape)) {
        const own = path === '' ? key : `${path}.${key}`;
        const entry = member instanceof z.ZodType ? entries.get(member) : undefined;
        // { file } and { env } of a secret are described once, on top.
        if (key === 'file' || key === 'env') continue;
        test(own, () => {
          assert.ok(entry, `${own} has no entry`);
          assert.match(entry.says, /\.$/);
          assert.equal(seen.get(entry.says), undefined);
          seen.set(entry.says, own);
          assert.ok(page.includes(`### \`${own}\`\n`));
        });
        walk(member, own);
      }
    }
  };
  walk(
    configSchema({
      file: none,
      env: none,
      keyFile: (path) => ({ ok: true, value: { path, text: undefined } }),
    }),
    '',
  );
});
