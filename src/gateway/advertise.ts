// What a listener says of itself in Via and Contact: its own name, else that of `sip.advertise`.

import type { ListenConfig } from '../edge/sip/index.ts';
import type { Config } from './config/schema.ts';

export function withAdvertise(
  listen: Config['sip']['listen'][number],
  advertise: string | undefined,
): ListenConfig {
  const own = listen.advertise ?? advertise;
  return own === undefined ? listen : { ...listen, advertise: own };
}
