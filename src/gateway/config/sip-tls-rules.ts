// How `sip.tls` and the listeners over TLS agree.

import type { Remark } from './finding.ts';
import type { Config } from './schema.ts';
import { remarksOnCertificates } from './tls-rules.ts';

/** `nowMs`: milliseconds since 1970-01-01T00:00:00Z. */
export function remarksOnSipTls(config: Config, nowMs: number): Remark[] {
  const { listen, tls, origins, advertise } = config.sip;
  const remarks: Remark[] = [];
  const secure = listen.filter(({ transport }) => transport === 'TLS' || transport === 'WSS');
  for (const [index, { transport }] of listen.entries()) {
    if (tls === undefined && (transport === 'TLS' || transport === 'WSS')) {
      const message = `${transport.toLowerCase()}:// needs sip.tls, which names certificate and key`;
      remarks.push({ path: ['sip', 'listen', index], message });
    }
  }
  if (origins.length > 0 && !listen.some(({ transport }) => transport === 'WS' || transport === 'WSS')) {
    const message = 'has no use: sip.listen has neither ws:// nor wss://';
    remarks.push({ path: ['sip', 'origins'], severity: 'warning', message });
  }
  if (secure.length === 0) remarks.push(...uselessSips(config));
  if (tls === undefined) return remarks;
  if (secure.length === 0) {
    const message = 'has no use: sip.listen has neither tls:// nor wss://';
    remarks.push({ path: ['sip', 'tls'], severity: 'warning', message });
  }
  const hosts = [advertise, ...secure.map((each) => each.advertise)].flatMap((text) => text ?? []);
  remarks.push(
    ...remarksOnCertificates(
      {
        path: ['sip', 'tls'],
        use: 'sip',
        entries: tls,
        served: config.domains.flatMap((rule) =>
          rule.home === 'xmpp' && !rule.sip.includes('*') ? [rule.sip] : [],
        ),
        hosts: hosts.map(withoutPort),
      },
      nowMs,
    ),
  );
  return remarks;
}

/** ADDR-63: what asks for TLS has to come over TLS. */
function uselessSips({ domains }: Config): Remark[] {
  return domains.flatMap(({ sips }, index) =>
    sips === 'carry'
      ? [
          {
            path: ['domains', index, 'sips'],
            severity: 'warning' as const,
            message: 'has no use: sip.listen has neither tls:// nor wss://',
          },
        ]
      : [],
  );
}

/** Of `HOST[:PORT]`. */
function withoutPort(text: string): string {
  return text.replace(/:\d+$/, '');
}
