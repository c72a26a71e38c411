// Every metric of the source is in docs/operation.md, and every metric there is in the source.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withoutComments } from './rules.ts';
import { readText, typeScriptBelow } from './sources.ts';

const PAGE = 'docs/operation.md';
/** This file puts the names together from a prefix. */
const PREFIXED = 'src/sip/transaction/counters.ts';

function namesInSource(): Set<string> {
  const names = new Set<string>();
  for (const [file, text] of typeScriptBelow('src')) {
    const code = withoutComments(text);
    if (file === PREFIXED) {
      for (const [, name] of code.matchAll(/counter\(\s*'([a-z_]+)'/g))
        names.add(`stoxgate_sip_${name ?? ''}_total`);
      for (const [, name] of code.matchAll(/`\$\{PREFIX\}_([a-z_]+)`/g))
        names.add(`stoxgate_sip_${name ?? ''}`);
    } else {
      for (const [, name] of code.matchAll(/'(stoxgate_[a-z_]+)'/g)) names.add(name ?? '');
    }
  }
  return names;
}

const page = readText(PAGE);
const table = page.slice(page.indexOf('\n## Metrics'), page.indexOf('\n## Alerts'));
const documented = new Set(table.match(/\bstoxgate_[a-z_]+\b/g));
const used = namesInSource();

test('every metric of the source is documented', () => {
  assert.deepEqual(
    [...used].filter((name) => !documented.has(name)),
    [],
  );
});

test('every documented metric is in the source, also those of the alerts', () => {
  const named = new Set(page.match(/\bstoxgate_[a-z_]+\b/g));
  assert.deepEqual(
    [...named].filter((name) => !used.has(name)),
    [],
  );
});

test('the names that are put together were found', () => {
  assert.ok(used.has('stoxgate_sip_transactions_total'));
  assert.ok(used.has('stoxgate_sip_malformed_total'));
  assert.ok(used.size > 30);
});
