// Rows DNS-01 … DNS-05 (RFC 7247 §5): evidence of either protocol, in the order of the side that asks.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { domainHome, type Evidence, type Home } from '../../src/policy/index.ts';

/** Evidence of SIP, of XMPP; where it is at home when XMPP asks, and when SIP asks. */
const rows: readonly (readonly [Evidence, Evidence, Home, Home])[] = [
  ['yes', 'yes', 'xmpp', 'sip'],
  ['yes', 'no', 'sip', 'sip'],
  ['yes', 'here', 'sip', 'sip'],
  ['yes', 'unknown', 'unknown', 'sip'],
  ['no', 'yes', 'xmpp', 'xmpp'],
  ['no', 'no', 'nobody', 'nobody'],
  ['no', 'here', 'nobody', 'nobody'],
  ['no', 'unknown', 'unknown', 'unknown'],
  ['here', 'yes', 'xmpp', 'xmpp'],
  ['here', 'no', 'nobody', 'nobody'],
  ['here', 'here', 'nobody', 'nobody'],
  ['here', 'unknown', 'unknown', 'unknown'],
  ['unknown', 'yes', 'xmpp', 'unknown'],
  ['unknown', 'no', 'unknown', 'unknown'],
  ['unknown', 'here', 'unknown', 'unknown'],
  ['unknown', 'unknown', 'unknown', 'unknown'],
];

describe('where a domain is at home', () => {
  for (const [sip, xmpp, forXmpp, forSip] of rows) {
    test(`SIP ${sip}, XMPP ${xmpp}: ${forXmpp} to XMPP, ${forSip} to SIP`, () => {
      assert.equal(domainHome('xmpp', sip, xmpp), forXmpp);
      assert.equal(domainHome('sip', sip, xmpp), forSip);
    });
  }
});
