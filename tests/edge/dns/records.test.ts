import { test, describe } from 'node:test';
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { addressAnswer, failureAnswer, naptrAnswer, srvAnswer } from '../../../src/edge/dns/index.ts';
import { target } from '../../fuzz/dns.ts';

const UNUSABLE = { kind: 'failure', reason: 'server' };
const SRV = { priority: 1, weight: 2, port: 5060, name: 'Server.Example.COM' };
const NAPTR = {
  order: 1,
  preference: 2,
  flags: 's',
  service: 'SIP+D2U',
  regexp: '',
  replacement: '_sip._udp.example.com',
};

describe('RFC 2782: SRV records are believed only when they fit', () => {
  test('a good one, its target in lower case', () => {
    assert.deepEqual(srvAnswer([SRV]), {
      kind: 'records',
      records: [{ priority: 1, weight: 2, port: 5060, target: 'server.example.com' }],
    });
  });
  test('the root as target, with a port that means nothing', () => {
    assert.deepEqual(srvAnswer([{ priority: 0, weight: 0, port: 0, name: '' }]), {
      kind: 'records',
      records: [{ priority: 0, weight: 0, port: 0, target: '.' }],
    });
  });
  for (const change of [
    { port: 0 },
    { port: 65_536 },
    { port: -1 },
    { port: 1.5 },
    { port: '5060' },
    { port: Number.NaN },
    { priority: 65_536 },
    { weight: -1 },
    { name: '192.0.2.1' },
    { name: 'a b' },
    { name: 'a\r\nb' },
    { name: 'a..b' },
    { name: undefined },
    { name: `${'a'.repeat(64)}.example` },
  ]) {
    test(`dropped: ${JSON.stringify(change).slice(0, 40)}`, () => {
      assert.deepEqual(srvAnswer([{ ...SRV, ...change }]), UNUSABLE);
      assert.equal(srvAnswer([{ ...SRV, ...change }, SRV]).kind, 'records');
    });
  }
  test('no more than 64 records are looked at', () => {
    const answer = srvAnswer(Array.from({ length: 1000 }, () => SRV));
    assert.ok(answer.kind === 'records');
    assert.equal(answer.records.length, 64);
  });
});

describe('RFC 3403 §4.1: NAPTR records are believed only when they fit', () => {
  test('a good one', () => {
    assert.deepEqual(naptrAnswer([NAPTR]), { kind: 'records', records: [NAPTR] });
  });
  for (const change of [
    { order: 65_536 },
    { preference: -1 },
    { flags: 's;' },
    { service: 'SIP+D2U\r\n' },
    { service: 'x'.repeat(256) },
    { regexp: 5 },
    { replacement: 'a b' },
  ]) {
    test(`dropped: ${JSON.stringify(change).slice(0, 40)}`, () => {
      assert.deepEqual(naptrAnswer([{ ...NAPTR, ...change }]), UNUSABLE);
    });
  }
});

describe('A and AAAA records are believed only when they fit', () => {
  test('canonical addresses; the shortest time to live counts', () => {
    const raw = [
      { address: '2001:DB8:0::1', ttl: 60 },
      { address: '2001:db8::2', ttl: 30 },
    ];
    const expected = { kind: 'records', records: ['2001:db8::1', '2001:db8::2'], ttlMs: 30_000 };
    assert.deepEqual(addressAnswer(raw, 6), expected);
  });
  test('an address of the other family, or none, is dropped', () => {
    assert.deepEqual(addressAnswer([{ address: '::1', ttl: 1 }], 4), UNUSABLE);
    assert.deepEqual(addressAnswer([{ address: '192.0.2.1', ttl: 1 }], 6), UNUSABLE);
    assert.deepEqual(addressAnswer([{ address: 'evil', ttl: 1 }, null, 7], 4), UNUSABLE);
  });
  test('a time to live that is none is unknown', () => {
    assert.deepEqual(addressAnswer([{ address: '192.0.2.1', ttl: -5 }], 4), {
      kind: 'records',
      records: ['192.0.2.1'],
    });
  });
  test('an empty answer is "none", no answer tells nothing', () => {
    assert.deepEqual(addressAnswer([], 4), { kind: 'none' });
    assert.deepEqual(addressAnswer(undefined, 4), UNUSABLE);
  });
});

describe('Errors of node:dns', () => {
  for (const [code, expected] of [
    ['ENOTFOUND', { kind: 'none' }],
    ['ENODATA', { kind: 'none' }],
    ['ETIMEOUT', { kind: 'failure', reason: 'timeout' }],
    ['ECONNREFUSED', { kind: 'failure', reason: 'timeout' }],
    ['ESERVFAIL', UNUSABLE],
    ['EREFUSED', UNUSABLE],
    ['EBADRESP', UNUSABLE],
    ['ENOTIMP', UNUSABLE],
    [undefined, UNUSABLE],
  ] as const) {
    test(`${code} → ${JSON.stringify(expected)}`, () => assert.deepEqual(failureAnswer({ code }), expected));
  }
  test('whatever else is thrown', () => {
    for (const error of [null, undefined, 'ENOTFOUND', 5]) assert.deepEqual(failureAnswer(error), UNUSABLE);
  });
});

describe('Hostile answers', () => {
  test('anything at all never throws', () => {
    fc.assert(
      fc.property(fc.anything(), (raw) => {
        for (const read of [naptrAnswer, srvAnswer]) assert.ok(read(raw).kind.length > 0);
        assert.ok(addressAnswer(raw, 4).kind.length > 0);
        assert.ok(failureAnswer(raw).kind.length > 0);
      }),
    );
  });
  test('the fuzz target holds on its seeds and on random octets', () => {
    for (const seed of target.seeds()) target.run(seed);
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (input) => target.run(input)));
  });
});
