import { test, describe } from 'node:test';
import assert from 'node:assert/strict';
import { Counters, VirtualTime } from '../../../src/base/index.ts';
import { DnsCache, type DnsCacheOptions } from '../../../src/sip/locate/dns-cache.ts';
import { TableResolver, type DnsTable } from './dns-table.ts';

function cacheRig(table: DnsTable, options?: DnsCacheOptions) {
  const time = new VirtualTime();
  const resolver = new TableResolver(table);
  const counters = new Counters();
  return { time, resolver, counters, cache: new DnsCache(resolver, time, counters, options) };
}

describe('What DNS said', () => {
  test('one question for a name at a time, whoever asks', async () => {
    const { cache, resolver } = cacheRig({ a: { 'example.com': ['5.0.0.1'] } });
    const [first, second] = await Promise.all([cache.a('example.com'), cache.a('example.com')]);
    assert.equal(first, second);
    assert.deepEqual(resolver.asked, ['A example.com']);
    assert.deepEqual(cache.sizes, { open: 0, kept: 1 });
  });

  test('above the limit of open questions a failure comes at once, and is not kept', async () => {
    const { cache, resolver, counters } = cacheRig(
      { a: { 'slow.example': 'never', 'example.com': ['5.0.0.1'] } },
      { maxOpen: 1 },
    );
    void cache.a('slow.example');
    assert.equal(cache.sizes.open, 1);
    assert.equal((await cache.a('example.com')).answer.kind, 'failure');
    assert.deepEqual(resolver.asked, ['A slow.example']);
    assert.equal(cache.sizes.kept, 0);
    assert.equal(counters.total('stoxgate_dns_queries_total'), 1);
  });

  test('answered questions make room for others', async () => {
    const { cache } = cacheRig({ a: { 'a.example': ['5.0.0.1'], 'b.example': ['5.0.0.2'] } }, { maxOpen: 1 });
    assert.equal((await cache.a('a.example')).answer.kind, 'records');
    assert.equal((await cache.a('b.example')).answer.kind, 'records');
  });

  test('no more names than the limit, the oldest go; clear forgets all', async () => {
    const { cache } = cacheRig({}, { maxEntries: 2 });
    for (const name of ['a.example', 'b.example', 'c.example']) await cache.srv(name);
    assert.equal(cache.sizes.kept, 2);
    cache.clear();
    assert.equal(cache.sizes.kept, 0);
  });

  test('the types of one name are kept apart', async () => {
    const { cache, resolver } = cacheRig({ a: { 'example.com': ['5.0.0.1'] } });
    assert.equal((await cache.a('example.com')).answer.kind, 'records');
    assert.equal((await cache.aaaa('example.com')).answer.kind, 'none');
    assert.equal((await cache.naptr('example.com')).answer.kind, 'none');
    assert.deepEqual(resolver.asked, ['A example.com', 'AAAA example.com', 'NAPTR example.com']);
  });
});
