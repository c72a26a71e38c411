// Loaded into the gateway under test: at SIGUSR2 its wall clock jumps by the milliseconds that stand in the file
// STOXGATE_CLOCK. The machine's clock is not touched. The monotonic clock does not jump, as it never does; so this is
// what a process sees when an administrator or NTP sets the time.

import { readFileSync } from 'node:fs';

const real = Date.now;
const file = process.env['STOXGATE_CLOCK'];
let shiftMs = 0;

Date.now = (): number => real() + shiftMs;

process.on('SIGUSR2', () => {
  if (file !== undefined) shiftMs = Number(readFileSync(file, 'utf8'));
});
