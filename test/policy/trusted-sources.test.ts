import assert from 'node:assert/strict';
import { BlockList, isIP } from 'node:net';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { VirtualTime } from '../../src/base/index.ts';
import { TrustedSources, contains, parseAddress, parseNetwork } from '../../src/policy/index.ts';

describe('RFC 4632, RFC 4291: networks', () => {
  const rows: [network: string, address: string, inside: boolean][] = [
    ['10.0.0.5/32', '10.0.0.5', true],
    ['10.0.0.5/32', '10.0.0.6', false],
    ['10.0.0.5', '10.0.0.5', true],
    ['10.1.0.0/16', '10.1.255.255', true],
    ['10.1.0.0/16', '10.2.0.0', false],
    ['0.0.0.0/0', '255.255.255.255', true],
    ['0.0.0.0/0', '2001:db8::1', false],
    ['128.0.0.0/1', '200.0.0.1', true],
    ['128.0.0.0/1', '127.255.255.255', false],
    ['2001:db8::/32', '2001:db8:ffff::1', true],
    ['2001:db8::/32', '2001:db9::', false],
    ['::1', '::1', true],
    ['::/0', '10.0.0.1', true],
    ['10.0.0.0/8', '::ffff:10.9.8.7', true],
    ['fe80::/10', 'fe80::1%eth0', true],
  ];
  for (const [network, address, inside] of rows) {
    test(`${address} is ${inside ? '' : 'not '}in ${network}`, () => {
      const parsed = parseNetwork(network);
      const words = parseAddress(address);
      assert.ok(parsed.ok && words !== undefined);
      assert.equal(contains(parsed.value, words), inside);
    });
  }

  for (const bad of [
    '',
    'x',
    '10.0.0',
    '10.0.0.256',
    '10.0.0.01',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '::1/129',
    '1::2::3',
    ':1',
    '1:2:3:4:5:6:7:8:9',
    '10.0.0.0/',
    '::g',
  ]) {
    test(`"${bad}" is refused`, () => assert.equal(parseNetwork(bad).ok, false));
  }

  test('property: agrees with the platform on membership', () => {
    const v6 = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 });
    const text = (groups: number[]): string => groups.map((group) => group.toString(16)).join(':');
    fc.assert(
      fc.property(v6, v6, fc.integer({ min: 0, max: 128 }), fc.boolean(), (left, right, prefix, near) => {
        const address = near ? [...left.slice(0, 4), ...right.slice(4)] : right;
        const parsed = parseNetwork(`${text(left)}/${prefix}`);
        const words = parseAddress(text(address));
        assert.ok(parsed.ok && words !== undefined);
        const list = new BlockList();
        list.addSubnet(text(left), prefix, 'ipv6');
        assert.equal(contains(parsed.value, words), list.check(text(address), 'ipv6'));
      }),
    );
  });

  test('property: reads what the platform calls an address, and nothing else', () => {
    const piece = fc.constantFrom('0', '1', 'ffff', '10', '256', ':', '::', '.', '1.2.3.4', 'g', '00001');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.join('');
        assert.equal(parseAddress(text) !== undefined, isIP(text) !== 0, text);
      }),
      { numRuns: 2000 },
    );
  });
});

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
  ];
  for (const [address, domain, believed] of rows) {
    test(`${address} ${believed ? 'may' : 'may not'} speak for ${domain}`, () => {
      assert.equal(sources.maySpeakFor(address, domain), believed);
      assert.equal(sources.maySpeakFor(address, domain), believed, 'the remembered answer is the same');
    });
  }

  test('default deny: an empty list trusts nobody', () => {
    const nobody = new TrustedSources([], new VirtualTime());
    assert.equal(nobody.trusts('127.0.0.1'), false);
    assert.equal(nobody.maySpeakFor('127.0.0.1', 'example.net'), false);
  });
});
