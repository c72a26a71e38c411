// What the rules of `media_relay` need of each other and of `domains`.

import { endpointText } from '../../edge/rtpengine/index.ts';
import { covers } from './domain-pattern.ts';
import type { Remark } from './finding.ts';
import type { Config } from './schema.ts';

export function remarksOnRelay({ media_relay: relay, domains }: Config): Remark[] {
  if (relay === undefined) return [];
  const remarks: Remark[] = [];
  const seen = new Map<string, number>();
  for (const [index, instance] of relay.instances.entries()) {
    const first = seen.get(endpointText(instance));
    seen.set(endpointText(instance), first ?? index);
    if (first === undefined) continue;
    remarks.push({
      path: ['media_relay', 'instances', index],
      message: `is the same as media_relay.instances[${first}]`,
    });
  }
  for (const [index, rule] of relay.rules.entries()) {
    const path = ['media_relay', 'rules', index];
    if (rule.profile === 'webrtc-to-webrtc' && rule.when === 'needed') {
      remarks.push({
        path: [...path, 'profile'],
        message:
          'webrtc-to-webrtc changes nothing that both could disagree about; it goes with "when: always"',
      });
    }
    const earlier = relay.rules.findIndex(
      (each, place) => place < index && covers(each.sip, rule.sip) && covers(each.xmpp, rule.xmpp),
    );
    if (earlier >= 0) {
      remarks.push({
        path,
        severity: 'warning',
        message: `never decides: media_relay.rules[${earlier}] fits all of its calls`,
      });
    }
    for (const side of ['sip', 'xmpp'] as const) {
      // "*" names no domain that could be mistaken.
      if (rule[side] === '*') continue;
      const known = domains.some(
        (each) => each.home === side && (covers(each[side], rule[side]) || covers(rule[side], each[side])),
      );
      if (known) continue;
      remarks.push({
        path: [...path, side],
        severity: 'warning',
        message: `no rule of "domains" with "home: ${side}" has such a domain`,
      });
    }
  }
  return remarks;
}
