// A short run of every fuzz target, always over the same inputs; `npm run fuzz` makes the long ones.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fuzz } from './engine.ts';
import { TARGETS } from './targets.ts';

const SEED = 20261123;
const INPUTS = 20_000;
/** These share the machine with everything else; the long runs are stricter. */
const SLOW_MS = 1000;
/** A millisecond and more each, where the others take a tenth of that. */
const DEAR: Readonly<Record<string, number>> = { config: 1000, dns: 5000, xml: 8000 };

describe('no input makes a target throw, hang or grow', () => {
  for (const target of TARGETS) {
    test(target.name, () => {
      const { finding } = fuzz(target, { seed: SEED, inputs: DEAR[target.name] ?? INPUTS, slowMs: SLOW_MS });
      if (finding === undefined) return;
      const input = Buffer.from(finding.input).toString('base64');
      assert.fail(`${finding.kind} at input ${finding.index} (${input}): ${finding.detail}`);
    });
  }
});
