// The SIP listeners, as configuration gives them and as the status shows them.

import type { ListenConfig } from '../edge/sip/index.ts';
import type { LocalEndpoint } from '../sip/index.ts';
import type { Config } from './config/schema.ts';

/** `sip.listen`; what a listener does not advertise itself, `sip.advertise` says. */
export function sipListeners({ sip }: Config): ListenConfig[] {
  return sip.listen.map((listen) => {
    const own = listen.advertise ?? sip.advertise;
    return own === undefined ? listen : { ...listen, advertise: own };
  });
}

/** `scheme://ADDRESS:PORT`, IPv6 in brackets. */
export function listenerUrl(scheme: string, address: string, port: number): string {
  return `${scheme.toLowerCase()}://${address.includes(':') ? `[${address}]` : address}:${port}`;
}

/** `udp://ADDRESS:PORT` of each bound listener. */
export function listenerUrls(endpoints: readonly LocalEndpoint[]): string[] {
  return endpoints.map(({ transport, address, port }) => listenerUrl(transport, address, port));
}

/** Addresses (IPv6 without brackets) and ports of such URLs. */
export function placesOf(urls: readonly string[]): { readonly address: string; readonly port: number }[] {
  return urls.map((url) => {
    const [host, port] = [
      url.slice(url.indexOf('://') + 3, url.lastIndexOf(':')),
      url.slice(url.lastIndexOf(':') + 1),
    ];
    return { address: host.replace(/^\[|\]$/g, ''), port: Number(port) };
  });
}

/** Hosts that are the gateway itself: addresses (IPv6 in brackets) and advertised names, lower case. */
export function hostsOf(endpoints: readonly LocalEndpoint[]): string[] {
  return endpoints.flatMap(({ address, advertiseHost }) => [
    advertiseHost.toLowerCase(),
    address.includes(':') ? `[${address}]` : address,
  ]);
}
