// The gauges: sizes and states, read when somebody asks.

import type { Counters } from '../base/index.ts';
import type { Links } from './links.ts';

/** `sizes`: what the gateway holds now, always the same kinds. */
export function gauges(
  counters: Counters,
  sizes: () => Readonly<Record<string, number>>,
  links: Pick<Links, 'status'>,
): void {
  for (const kind of Object.keys(sizes())) {
    counters.gauge('stoxgate_held', 'What the gateway holds now, by kind.', () => sizes()[kind] ?? 0, {
      kind,
    });
  }
  counters.gauge('stoxgate_links_up', 'Component links that carry stanzas now.', () => {
    return links.status().filter((link) => link.state === 'up').length;
  });
  counters.gauge('stoxgate_resident_memory_bytes', 'Resident memory of the process.', () =>
    process.memoryUsage.rss(),
  );
}
