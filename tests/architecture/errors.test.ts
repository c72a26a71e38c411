// Every code ERR_… of the source is in docs/errors.md, and every code there is in the source.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readText, typeScriptBelow } from './sources.ts';
import { withoutComments } from './rules.ts';

const CODE = /\bERR_[A-Z0-9]+(?:_[A-Z0-9]+)+\b/g;

/** Codes written out in the source, with the files that have them. */
function codesIn(sources: ReadonlyMap<string, string>): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const [file, text] of sources) {
    for (const [code] of withoutComments(text).matchAll(CODE)) {
      found.set(code, [...(found.get(code) ?? []), file]);
    }
  }
  return found;
}

interface Row {
  readonly code: string;
  readonly meaning: string;
  readonly remedy: string;
}

function rowsOf(page: string): Row[] {
  return page.split('\n').flatMap((line): Row[] => {
    const [, code, meaning, remedy] = /^\| `(ERR_\w+)` \| (.*) \| (.*) \|$/.exec(line) ?? [];
    return code === undefined ? [] : [{ code, meaning: meaning ?? '', remedy: remedy ?? '' }];
  });
}

const used = codesIn(typeScriptBelow('src'));
const rows = rowsOf(readText('docs/errors.md'));

test('every code of the source is documented', () => {
  const documented = new Set(rows.map(({ code }) => code));
  const missing = [...used].filter(([code]) => !documented.has(code));
  assert.deepEqual(
    missing.map(([code, files]) => `${code} (${files[0] ?? ''})`),
    [],
  );
});

test('every documented code is in the source', () => {
  assert.deepEqual(
    rows.map(({ code }) => code).filter((code) => !used.has(code)),
    [],
  );
});

test('each code once, with its meaning and what to do', () => {
  const codes = rows.map(({ code }) => code);
  assert.equal(new Set(codes).size, codes.length);
  for (const { code, meaning, remedy } of rows) {
    assert.ok(meaning.trim() !== '', `${code} has no meaning`);
    assert.ok(remedy.trim() !== '', `${code} has no remedy`);
  }
});

describe('the test can fail', () => {
  test('codes are found in code, not in comments', () => {
    const found = codesIn(new Map([['a.ts', "// ERR_A_B\nfault('ERR_C_D', `ERR_E_F`);\n/* ERR_G_H */"]]));
    assert.deepEqual([...found.keys()], ['ERR_C_D', 'ERR_E_F']);
  });
  test('rows are read', () => {
    assert.deepEqual(rowsOf('| `ERR_A_B` | x | y |\nERR_C_D\n'), [
      { code: 'ERR_A_B', meaning: 'x', remedy: 'y' },
    ]);
  });
});
