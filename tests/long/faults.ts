// The fault matrix with thousands of messages a cell.
//
//   node tests/long/faults.ts [--messages 3000] [--rate 150] [--strikes 3] [--only NAME]

import { parseArgs } from 'node:util';
import { FAULTS } from '../faults/faults.ts';
import { reasonsOf, runRow, tableOf, type Row } from '../faults/row.ts';
import { mayMount } from '../faults/stage.ts';

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '3000' },
    rate: { type: 'string', default: '150' },
    strikes: { type: 'string', default: '3' },
    lasts: { type: 'string', default: '2000' },
    only: { type: 'string', default: '' },
  },
});

const load = {
  messages: Number(values.messages),
  perSecond: Number(values.rate),
  strikes: Number(values.strikes),
  lastsMs: Number(values.lasts),
};
const rows: Row[] = [];
let failed = 0;
for (const fault of FAULTS) {
  if (!fault.name.includes(values.only)) continue;
  if (fault.stage?.diskKiB !== undefined && !mayMount()) {
    process.stdout.write(`${fault.name}: left out, this process may not mount a small file system\n`);
    continue;
  }
  const began = performance.now();
  let faults: readonly string[];
  try {
    const row = await runRow(fault, load);
    rows.push(row);
    faults = row.faults;
  } catch (error) {
    faults = [`${fault.name}: ${error instanceof Error ? error.message : String(error)}`];
  }
  failed += faults.length;
  process.stdout.write(`${fault.name}: ${((performance.now() - began) / 1000).toFixed(0)} s\n`);
  for (const line of faults) process.stdout.write(`FAULT ${line}\n`);
}
process.stdout.write(`\n${tableOf(rows)}\n\n${reasonsOf(rows)}\n`);
process.exitCode = rows.length > 0 && failed === 0 ? 0 : 1;
