// Octets that the gateway allocates for one message, by function (sampled; what the runtime allocates outside of the
// JavaScript heap is not in it).
//
//   npm run bench:allocations -- [--count 100000] [--direction sip2xmpp|xmpp2sip]

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { stoxgate, type GatewayUnderTest } from './gateways.ts';
import { measure, type Direction } from './load.ts';

const { values } = parseArgs({
  options: { count: { type: 'string', default: '100000' }, direction: { type: 'string' } },
});
const SHOWN = 15;
/** What comes before: start, compilation of the code, the load generator's own warm-up. */
const SETTLE_MS = 1500;

const folder = mkdtempSync(join(tmpdir(), 'stoxgate-samples-'));
try {
  for (const direction of ['sip2xmpp', 'xmpp2sip'] satisfies Direction[]) {
    if (values.direction !== undefined && values.direction !== direction) continue;
    await sample(direction, Number(values.count));
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function sample(direction: Direction, count: number): Promise<void> {
  const file = join(folder, direction);
  process.env['STOXGATE_SAMPLES'] = file;
  const plain = stoxgate('stoxgate', undefined, ['--import', join(import.meta.dirname, 'heap-sampler.ts')]);
  const sampled: GatewayUnderTest = {
    name: plain.name,
    async start(ports) {
      const running = await plain.start(ports);
      await sleep(SETTLE_MS);
      process.kill(running.pid, 'SIGUSR2');
      return {
        pid: running.pid,
        async stop() {
          process.kill(running.pid, 'SIGUSR2');
          for (let i = 0; i < 100 && !existsSync(file); i++) await sleep(50);
          await running.stop();
        },
      };
    },
  };
  await measure(sampled, { direction, count, window: 64, targets: 500, bodyOctets: 200 });
  const octets: Record<string, number> = JSON.parse(readFileSync(file, 'utf8'));
  const rows = Object.entries(octets).sort(([, left], [, right]) => right - left);
  const total = rows.reduce((sum, [, size]) => sum + size, 0);
  console.log(`${direction}: ${(total / count).toFixed(0)} octets a message`);
  for (const [place, size] of rows.slice(0, SHOWN)) {
    console.log(`  ${(size / count).toFixed(0).padStart(6)}  ${place}`);
  }
}
