// <transport/> of plain UDP (XEP-0177): where RTP and RTCP are received, and nothing to agree on.

import { element, type XmlElement } from '../../xml/index.ts';
import { NS_RAW_UDP } from './namespaces.ts';
import { whole } from './values.ts';

export interface RawCandidate {
  /** 1 RTP, 2 RTCP. */
  readonly component: number;
  readonly generation: number;
  readonly id: string;
  readonly ip: string;
  readonly port: number;
}

export interface RawTransport {
  readonly kind: 'raw-udp';
  readonly candidates: readonly RawCandidate[];
}

/** Reads a transport; candidates that are not of the schema are left out. */
export function readRawTransport(transport: XmlElement): RawTransport {
  const candidates: RawCandidate[] = [];
  for (const child of transport.elements()) {
    if (child.name !== 'candidate' || child.ns !== NS_RAW_UDP) continue;
    const component = whole(child.attr('component'), 255, 1);
    const port = whole(child.attr('port'), 65_535);
    const ip = child.attr('ip');
    if (component === undefined || port === undefined || ip === undefined || !/^\S{1,255}$/.test(ip))
      continue;
    const generation = whole(child.attr('generation'), 255) ?? 0;
    candidates.push({ component, generation, id: child.attr('id') ?? '', ip, port });
  }
  return { kind: 'raw-udp', candidates };
}

export function rawTransportElement({ candidates }: RawTransport): XmlElement {
  return element(
    'transport',
    NS_RAW_UDP,
    {},
    ...candidates.map(({ component, generation, id, ip, port }) =>
      element('candidate', NS_RAW_UDP, {
        ...{ component: String(component), generation: String(generation), id, ip, port: String(port) },
      }),
    ),
  );
}
