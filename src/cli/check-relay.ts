// Does every media relay answer? One ping each, by its control protocol.

import { Counters, silentLog } from '../base/index.ts';
import { endpointText, openNgSocket, pingOnce } from '../edge/rtpengine/index.ts';
import { System, type Config } from '../gateway/index.ts';
import type { SurroundingFinding } from './check.ts';

const REASONS = {
  silent: 'does not answer',
  unreachable: 'is not reached: nobody listens there',
  unreadable: 'answers with something else than its control protocol',
  busy: 'was not asked',
  stopped: 'was not asked',
  refused: 'answers, but not to a ping',
} as const;

export async function checkRelay(config: Config): Promise<SurroundingFinding[]> {
  const system = new System(silentLog);
  const { timers, random } = system;
  const env = { timers, random, log: silentLog, counters: new Counters(), open: openNgSocket };
  const instances = config.media_relay?.instances ?? [];
  try {
    const findings = await Promise.all(
      instances.map(async (instance, index): Promise<SurroundingFinding[]> => {
        const failure = await pingOnce(instance, env);
        if (failure === undefined) return [];
        return [
          {
            key: `media_relay.instances[${index}]`,
            message: `the media relay ${endpointText(instance)} ${REASONS[failure]}`,
            remedy:
              'start rtpengine there with --listen-ng of this address, and let no firewall keep its answers back',
          },
        ];
      }),
    );
    return findings.flat();
  } finally {
    system.stop();
  }
}
