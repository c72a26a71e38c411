import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { VirtualTime } from '../../src/base/index.ts';
import { TrustedSources } from '../../src/policy/index.ts';

describe('SIPT-06: who is believed', () => {
  const sources = new TrustedSources(
    [{ network: '10.0.0.5/32' }, { network: '10.1.0.0/16', domains: ['Corp.example', '*.corp.example'] }],
    new VirtualTime(),
  );
  const rows: [address: string, domain: string, believed: boolean][] = [
    ['10.0.0.5', 'anything.example', true],
    ['10.0.0.6', 'anything.example', false],
    ['10.1.2.3', 'corp.example', true],
    ['10.1.2.3', 'a.corp.example', true],
    ['10.1.2.3', 'acorp.example', false],
    ['10.1.2.3', 'other.example', false],
    ['not an address', 'corp.example', false],
    ['::ffff:10.0.0.5', 'anything.example', true],
  ];
  for (const [address, domain, believed] of rows) {
    test(`${address} ${believed ? 'may' : 'may not'} speak for ${domain}`, () => {
      assert.equal(sources.scopeOf(address)?.covers(domain) ?? false, believed);
      assert.equal(
        sources.scopeOf(address)?.covers(domain) ?? false,
        believed,
        'the remembered answer is the same',
      );
    });
  }

  test('default deny: an empty list trusts nobody', () => {
    const nobody = new TrustedSources([], new VirtualTime());
    assert.equal(nobody.scopeOf('127.0.0.1'), undefined);
  });
});
