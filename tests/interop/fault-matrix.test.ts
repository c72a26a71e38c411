// The fault matrix, shortened: each fault once, in the middle of a few hundred messages each way, between a gateway that is
// a process of its own and two ends with logs of their own. What was accepted arrives or is reported.
// The long one is tests/long/faults.ts.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { FAULTS } from '../faults/faults.ts';
import { reasonsOf, runRow, tableOf, type Load, type Row } from '../faults/row.ts';
import { mayMount } from '../faults/stage.ts';

/** The fault strikes after a quarter of it. */
const LOAD: Load = { messages: 200, perSecond: 80, strikes: 1, lastsMs: 1000 };
/** Two cores: what waits for timers goes along with what works. */
const AT_ONCE = 4;

describe('the fault matrix', { concurrency: AT_ONCE }, () => {
  const rows: Row[] = [];

  for (const fault of FAULTS) {
    const skip =
      fault.stage?.diskKiB !== undefined && !mayMount()
        ? 'this process may not mount a small file system'
        : false;
    test(fault.name, { skip }, async () => {
      const row = await runRow(fault, LOAD);
      rows.push(row);
      assert.deepEqual(row.faults, []);
    });
  }

  after(() => {
    process.stdout.write(`\n${tableOf(rows)}\n\n${reasonsOf(rows)}\n`);
  });
});
