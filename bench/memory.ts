// Memory over a million messages: resident size every few seconds while the load runs at full speed, and after it.
//
//   npm run bench:memory -- [--count 1000000] [--direction sip2xmpp|xmpp2sip]

import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { stoxgate, type GatewayUnderTest } from './gateways.ts';
import { measure, type Direction } from './load.ts';

const { values } = parseArgs({
  options: { count: { type: 'string', default: '1000000' }, direction: { type: 'string' } },
});

/** The bar of the project, in megabytes. */
const BAR = 200;
const EVERY_MS = 2000;

function residentMegabytes(pid: number): number {
  const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) / 1024;
}

const plain = stoxgate();
for (const direction of ['sip2xmpp', 'xmpp2sip'] satisfies Direction[]) {
  if (values.direction !== undefined && values.direction !== direction) continue;
  const sizes: number[] = [];
  const watched: GatewayUnderTest = {
    name: plain.name,
    async start(ports) {
      const running = await plain.start(ports);
      const watch = setInterval(() => sizes.push(residentMegabytes(running.pid)), EVERY_MS);
      return {
        pid: running.pid,
        async stop() {
          clearInterval(watch);
          await running.stop();
        },
      };
    },
  };
  const count = Number(values.count);
  const figures = await measure(watched, { direction, count, window: 64, targets: 500, bodyOctets: 200 });
  const highest = Math.max(...sizes);
  console.log(`${direction}: ${count} messages at ${figures.perSecond.toFixed(0)}/s, lost ${figures.lost}`);
  console.log(`  MB every ${EVERY_MS / 1000} s: ${sizes.map((size) => size.toFixed(0)).join(' ')}`);
  console.log(`  highest ${highest.toFixed(0)} MB, bar < ${BAR}: ${highest < BAR ? 'met' : 'MISSED'}`);
  if (highest >= BAR || figures.lost > 0) process.exitCode = 1;
}
