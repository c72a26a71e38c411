// The fuzz runner finds what it is for: faults that were put in on purpose are found, and are found again.

import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { fuzz, mutatorFor, type Finding } from './engine.ts';
import { forgetPlanted } from './planted.ts';
import { targetNamed } from './targets.ts';
import { watch } from './watch.ts';

const SEED = 1;
/** The planted faults wait for one input in some tens of thousands. */
const WITHIN = 50_000;

function find(name: string, inputs = WITHIN): Finding {
  const { finding } = fuzz(targetNamed(name), { seed: SEED, inputs });
  assert.ok(finding, `${name}: not found within ${inputs} inputs`);
  return finding;
}

describe('a planted fault is found', () => {
  after(forgetPlanted);

  test('an exception, by an input that shows it again', () => {
    const finding = find('planted-exception');
    assert.equal(finding.kind, 'exception');
    assert.match(finding.detail, /planted/);
    const target = targetNamed('planted-exception');
    assert.throws(() => target.run(finding.input), /planted/);
    assert.deepEqual(mutatorFor(target).input(SEED, finding.index), finding.input);
  });

  test('an input that takes too long', () => {
    assert.equal(find('planted-slow').kind, 'slow');
  });

  test('memory that grows with the inputs', () => {
    assert.equal(find('planted-growth', 8000).kind, 'growth');
  });

  test('an input from which the target does not come back', async () => {
    const target = targetNamed('planted-hang');
    const report = await watch(target, { seed: SEED, inputs: WITHIN, slowMs: 250, hangMs: 4000 });
    assert.equal(report.finding?.kind, 'hang');
    assert.deepEqual(report.finding?.input, find('planted-exception').input);
  });

  test('another seed gives other inputs, the same seed the same', () => {
    const target = targetNamed('sip');
    const [first, again, other] = [SEED, SEED, SEED + 1].map((seed) =>
      Array.from({ length: 200 }, (_, index) =>
        Buffer.from(mutatorFor(target).input(seed, 1000 + index)).toString('latin1'),
      ),
    );
    assert.deepEqual(first, again);
    const ours = new Set(first);
    const common = other?.filter((input) => ours.has(input)) ?? [];
    assert.ok(common.length < 20, `${common.length} inputs in common`);
    assert.ok(ours.size > 190, 'the same inputs again and again');
  });
});
