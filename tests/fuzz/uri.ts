// Fuzz target: URIs of all schemes. What is accepted must be written and read again as the same.

import {
  equalSipUri,
  equalTelUri,
  formatNameAddr,
  formatSipUri,
  formatTelUri,
  formatXmppUri,
  parseNameAddr,
  parseSipUri,
  parseTelUri,
  parseUri,
  parseXmppUri,
  percentDecode,
} from '../../src/sip/index.ts';
import type { FuzzTarget } from './target.ts';

const SEEDS = [
  'sip:alice:secretword@atlanta.com;transport=tcp',
  'sips:alice@atlanta.com?subject=project%20x&priority=urgent',
  'sip:+1-212-555-1212:1234@gateway.com;user=phone',
  'sip:atlanta.com;method=REGISTER?to=alice%40atlanta.com',
  'sip:alice;day=tuesday@[2001:db8::192.0.2.1]:5060;lr;gr=urn:uuid:f81d4fae',
  "sip:o'malley%C3%BC@sip.example;%6C%72;n%61me=v%61lue%25%34%31",
  "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com",
  'tel:+1-201-555-0123;ext=5;isub=1411',
  'tel:863-1234;phone-context=+1-914-555',
  'im:f%C3%BC@sip.example?a=b',
  'pres:fred@example.com',
  'xmpp://guest@example.com/support@example.com/x?message;subject=a#b',
  'xmpp:nasty!%23$%25()*+,-.;=%3F%5B%5C%5D%5E_%60%7B%7C%7D~node@example.com/r%20s',
  'soap.beep://192.0.2.103:3002',
] as const;

export const target: FuzzTarget = {
  name: 'uri',
  seeds: () => SEEDS.map((uri) => Buffer.from(uri, 'latin1')),
  run(input) {
    const raw = Buffer.from(input).toString('latin1');
    percentDecode(raw);
    const read = parseUri(raw);
    if (!read.ok) return;
    const uri = read.value;
    switch (uri.scheme) {
      case 'sip':
      case 'sips': {
        const again = parseSipUri(formatSipUri(uri));
        if (!again.ok || !equalSipUri(again.value, uri) || !equalSipUri(uri, again.value))
          throw new Error('sip differs');
        // A SIP URI that was accepted can stand in a header field.
        const field = parseNameAddr(formatNameAddr({ uri: raw }));
        if (!field.ok || field.value.uri !== raw) throw new Error('cannot stand in a header field');
        return;
      }
      case 'tel': {
        const again = parseTelUri(formatTelUri(uri));
        if (!again.ok || !equalTelUri(again.value, uri)) throw new Error('tel differs');
        return;
      }
      case 'xmpp': {
        if (uri.domain === '' || (uri.query !== undefined && !/^[\w.~;=%-]*$/.test(uri.query))) return;
        const again = parseXmppUri(formatXmppUri(uri));
        if (!again.ok) throw new Error(`xmpp: ${again.error.message}`);
        const { local, domain, resource } = again.value;
        if (local !== uri.local || domain !== uri.domain || resource !== uri.resource)
          throw new Error('xmpp differs');
        return;
      }
      default:
    }
  },
};
