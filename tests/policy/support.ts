// Address books and requests for the tests of who is believed and what he may do.
import { utf8Bytes } from '../../src/base/index.ts';
import { AddressBook } from '../../src/mapping/index.ts';
import { buildRequest, rawHeaderField, type SipRequest, type Source } from '../../src/sip/index.ts';

export const book = new AddressBook([
  { home: 'sip', sip: 'example.net', xmpp: 'example.net' },
  { home: 'sip', sip: 'corp.example', xmpp: 'phones.corp.example' },
  { home: 'sip', sip: 'xn--bcher-kva.example', xmpp: 'b\u00fccher.example' },
  { home: 'sip', sip: '*', xmpp: 'sip.example.org' },
  { home: 'xmpp', xmpp: 'example.com', sip: 'example.com' },
  { home: 'xmpp', xmpp: '*', sip: 'xmpp.example.net', separator: '*' },
]);

export function request(
  from: string,
  headers: readonly (readonly [string, string])[] = [],
  method = 'MESSAGE',
): SipRequest {
  return buildRequest({
    method,
    requestUri: 'sip:juliet@example.com',
    from: `<${from}>;tag=1`,
    to: '<sip:juliet@example.com>',
    callId: 'c',
    cseq: 1,
    headers: headers.map(([name, value]) => rawHeaderField(name, value)),
    body: utf8Bytes('x'),
  });
}

export function source(remoteAddress: string, certifiedDomains?: readonly string[]): Source {
  const transport = certifiedDomains === undefined ? 'UDP' : 'TLS';
  return {
    ...{ transport, reliable: transport === 'TLS', remoteAddress, remotePort: 5060 },
    local: { transport, address: '192.0.2.9', port: 5060, advertiseHost: 'gw', advertisePort: undefined },
    connectionId: transport === 'TLS' ? 1 : undefined,
    certifiedDomains,
  };
}
