// How the keys that say who is believed agree with each other and with `domains`.

import { formatIpAddress } from '../../base/index.ts';
import { covers } from './domain-pattern.ts';
import { parseNetwork } from './fields.ts';
import type { Remark } from './finding.ts';
import type { Config } from './schema.ts';

export function remarksOnBelief(config: Config): Remark[] {
  return [...remarksOnTrust(config), ...remarksOnUsers(config)];
}

function remarksOnTrust(config: Config): Remark[] {
  const remarks: Remark[] = [];
  const { trusted, users, identity } = config.sip;
  if (trusted.length === 0 && users.length === 0 && identity === undefined) {
    remarks.push({
      path: ['sip', 'trusted'],
      severity: 'warning',
      message: 'names no network, so every SIP request is refused with 403',
    });
  }
  const seen = new Map<string, number>();
  for (const [index, trust] of trusted.entries()) {
    const network = parseNetwork(trust.network);
    const key = network.ok
      ? `${formatIpAddress(network.value.address)}/${network.value.prefixLength}`
      : trust.network;
    const first = seen.get(key);
    if (first !== undefined) {
      remarks.push({
        path: ['sip', 'trusted', index],
        message: `is the same network as sip.trusted[${first}]; its domains belong there`,
      });
    }
    seen.set(key, first ?? index);
    for (const [place, domain] of (trust.domains ?? []).entries()) {
      if (
        !config.domains.some(
          (rule) => rule.home === 'sip' && (covers(rule.sip, domain) || covers(domain, rule.sip)),
        )
      ) {
        remarks.push({
          path: ['sip', 'trusted', index, 'domains', place],
          severity: 'warning',
          message: 'no "home: sip" rule covers this domain, so its users are refused all the same',
        });
      }
    }
  }
  return remarks;
}

function remarksOnUsers(config: Config): Remark[] {
  const remarks: Remark[] = [];
  const seen = new Map<string, number>();
  const webSocket = config.sip.listen.some(({ transport }) => transport === 'WS' || transport === 'WSS');
  const offered = new Map<string, ReadonlySet<string>>();
  for (const [index, { user, realm, secret, from, web_phone: webPhone }] of config.sip.users.entries()) {
    const path = ['sip', 'users', index];
    const key = JSON.stringify([realm, user.normalize('NFC')]);
    const first = seen.get(key);
    if (first !== undefined) {
      remarks.push({ path: [...path, 'user'], message: `is sip.users[${first}] already` });
    }
    seen.set(key, first ?? index);
    if (webPhone && !webSocket) {
      remarks.push({
        path: [...path, 'web_phone'],
        severity: 'warning',
        message: 'does nothing: sip.listen has neither ws nor wss',
      });
    }
    // RFC 8760 §2.4: a client takes the first that it knows of those that are offered.
    const own = new Set(
      config.sip.digest_algorithms.filter((algorithm) => 'password' in secret || algorithm in secret),
    );
    const before = offered.get(realm);
    const common = new Set([...own].filter((algorithm) => before?.has(algorithm) !== false));
    if (common.size === 0) {
      remarks.push({
        path: [...path, 'ha1'],
        message: `has none of sip.digest_algorithms that all users of the realm ${JSON.stringify(realm)} up to here have`,
      });
    }
    offered.set(realm, common);
    for (const [place, address] of from.entries()) {
      const domain = address.slice(address.lastIndexOf('@') + 1);
      if (config.domains.some((rule) => rule.home === 'sip' && covers(rule.sip, domain))) continue;
      remarks.push({
        path: [...path, 'from', place],
        severity: 'warning',
        message: 'no "home: sip" rule covers this domain, so nobody can use this address',
      });
    }
  }
  return remarks;
}
