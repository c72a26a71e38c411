// Limits: one's excess touches nobody else's traffic (ERR-G2).
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Counters, VirtualTime } from '../../src/base/index.ts';
import { RateLimits, type RateLimitOptions } from '../../src/policy/index.ts';

function made(options: RateLimitOptions): { readonly limits: RateLimits; readonly time: VirtualTime } {
  const time = new VirtualTime();
  return { limits: new RateLimits(options, { clock: time, counters: new Counters() }), time };
}

const demand = (user: string, domain = 'example.net', peer = '192.0.2.1') => ({ user, domain, peer });

describe('rate limits', () => {
  test('RFC 3261 §21.4.18, §20.33: 480, with the seconds until there is room again', () => {
    const { limits, time } = made({ user: { rate: 0.1, burst: 1 } });
    assert.equal(limits.take('to-xmpp', demand('bob')), undefined);
    const header = (): string | undefined => limits.take('to-xmpp', demand('bob'))?.sip.headers?.[0]?.value;
    assert.equal(header(), '10');
    time.advance(4000);
    assert.equal(header(), '6');
    time.advance(6000);
    assert.equal(header(), undefined);
  });

  test('RFC 6120 §8.3.3.18: resource-constraint, type wait', () => {
    const { limits } = made({ domain: { rate: 1, burst: 1 } });
    limits.take('to-sip', demand('a'));
    const excess = limits.take('to-sip', demand('b'));
    assert.equal(excess?.kind, 'domain');
    assert.deepEqual([excess?.stanza.condition, excess?.stanza.type], ['resource-constraint', 'wait']);
  });

  test('twice the rate at once when nothing else is said, and at least one', () => {
    for (const [rate, burst] of [
      [5, 10],
      [0.05, 1],
    ] as const) {
      const { limits } = made({ user: { rate } });
      for (let i = 0; i < burst; i++) assert.equal(limits.take('to-xmpp', demand('bob')), undefined);
      assert.notEqual(limits.take('to-xmpp', demand('bob')), undefined);
    }
  });

  test('each direction has its own', () => {
    const { limits } = made({ user: { rate: 1, burst: 1 } });
    assert.equal(limits.take('to-xmpp', demand('bob')), undefined);
    assert.equal(limits.take('to-sip', demand('bob')), undefined);
    assert.notEqual(limits.take('to-xmpp', demand('bob')), undefined);
  });

  test('without limits nothing is remembered', () => {
    const { limits } = made({});
    for (let i = 0; i < 100; i++) assert.equal(limits.take('to-xmpp', demand(`u${i}`)), undefined);
    assert.deepEqual([limits.size, limits.isEmpty], [0, true]);
  });

  test('what is old is forgotten', () => {
    const { limits, time } = made({ user: { rate: 1, burst: 5 } });
    for (let i = 0; i < 100; i++) limits.take('to-xmpp', demand(`u${i}`));
    assert.equal(limits.size, 100);
    time.advance(6000);
    limits.sweep();
    assert.equal(limits.size, 0);
  });

  test('nothing that others do, however much, takes from one who keeps within his own', () => {
    const other = fc.record({
      user: fc.integer({ min: 0, max: 5 }),
      domain: fc.integer({ min: 0, max: 2 }),
      waitMs: fc.integer({ min: 0, max: 40 }),
    });
    fc.assert(
      fc.property(fc.array(other, { maxLength: 300 }), (crowd) => {
        const { limits, time } = made({
          user: { rate: 2, burst: 2 },
          domain: { rate: 4, burst: 4 },
          peer: { rate: 6, burst: 6 },
        });
        let nextMs = 0;
        for (const { user, domain, waitMs } of crowd) {
          time.advance(waitMs);
          limits.take('to-xmpp', demand(`u${user}`, `d${domain}`, 'crowd'));
          if (time.now() < nextMs) continue;
          nextMs = time.now() + 500;
          assert.equal(limits.take('to-xmpp', demand('romeo', 'verona', 'own')), undefined);
        }
      }),
    );
  });

  test('one user of a domain who has too much leaves its other users their share', () => {
    const { limits, time } = made({ user: { rate: 1, burst: 1 }, domain: { rate: 3, burst: 3 } });
    for (let second = 0; second < 20; second++) {
      for (let i = 0; i < 50; i++) limits.take('to-xmpp', demand('flood'));
      assert.equal(limits.take('to-xmpp', demand('romeo')), undefined, `${second} s`);
      time.advance(1000);
    }
  });
});
