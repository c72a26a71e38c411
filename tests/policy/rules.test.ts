// The operator's rules: patterns, order, directions, and what `stoxgate address` says of them (ERR-G3).
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Counters } from '../../src/base/index.ts';
import type { MappedJid, MappedUri } from '../../src/mapping/index.ts';
import { addressPattern, explainPolicy, PolicyRules, type PolicyRule } from '../../src/policy/index.ts';
import { book } from './support.ts';

const rule = (parts: Partial<PolicyRule>): PolicyRule => ({
  ...{ action: 'deny', direction: 'both', answer: 'forbidden' },
  ...parts,
});
const made = (...rules: readonly Partial<PolicyRule>[]): PolicyRules =>
  new PolicyRules(rules.map(rule), book, new Counters());

const sip = (uri: string): MappedJid => {
  const mapped = book.sipSenderToJid(uri);
  assert.ok(mapped.ok, uri);
  return mapped.value;
};
const xmpp = (jid: string): MappedUri => {
  const mapped = book.jidSenderToSip(jid);
  assert.ok(mapped.ok, jid);
  return mapped.value;
};
const JULIET = xmpp('juliet@example.com/balcony');

describe('patterns', () => {
  const rows: readonly (readonly [pattern: string, uri: string, fits: boolean])[] = [
    ['*', 'sip:bob@example.net', true],
    ['example.net', 'sip:bob@example.net', true],
    ['EXAMPLE.net', 'sip:bob@example.net', true],
    ['example.net', 'sip:bob@sub.example.net', false],
    ['*.example.net', 'sip:bob@sub.example.net', true],
    ['*.example.net', 'sip:bob@example.net', false],
    ['bob@example.net', 'sip:bob@example.net', true],
    ['Bob@example.net', 'sip:bob@example.net;transport=tcp', true],
    ['bob@example.net', 'sip:%62ob@example.net', true],
    ['bob@example.net', 'sip:bobby@example.net', false],
    // One domain under two names.
    ['corp.example', 'sip:bob@corp.example', true],
    ['phones.corp.example', 'sip:bob@corp.example', true],
    ['bob@corp.example', 'sip:bob@corp.example', true],
    ['bob@phones.corp.example', 'sip:bob@corp.example', true],
    ['b\u00fccher.example', 'sip:bob@xn--bcher-kva.example', true],
    ['xn--bcher-kva.example', 'sip:bob@xn--bcher-kva.example', true],
    // Folded into a domain of the other side.
    ['far.example', 'sip:bob@far.example', true],
    ['bob@far.example', 'sip:bob@far.example', true],
    ['sip.example.org', 'sip:bob@far.example', true],
    ['ann@far.example', 'sip:bob@far.example', false],
  ];
  for (const [pattern, uri, fits] of rows) {
    test(`${pattern} ${fits ? 'fits' : 'does not fit'} ${uri}`, () => {
      const deed = { direction: 'to-xmpp', from: sip(uri), to: JULIET } as const;
      assert.equal(made({ from: [pattern] }).decide(deed) !== undefined, fits);
    });
  }

  for (const bad of [
    '',
    '@example.net',
    'bob@',
    'a b',
    'bob@*.example.net',
    '*@example.net@',
    '*.',
    'a..b',
    'x/y',
  ]) {
    test(`"${bad}" is none`, () => assert.equal(addressPattern(bad), undefined));
  }
});

describe('decisions', () => {
  const deed = { direction: 'to-xmpp', from: sip('sip:bob@example.net'), to: JULIET } as const;

  test('no rule: allowed', () => assert.equal(made().decide(deed), undefined));

  test('directions', () => {
    assert.equal(made({ direction: 'to-sip' }).decide(deed), undefined);
    assert.notEqual(made({ direction: 'to-xmpp' }).decide(deed), undefined);
    const back = { direction: 'to-sip', from: JULIET, to: sip('sip:bob@example.net') } as const;
    assert.notEqual(made({ direction: 'to-sip', to: ['bob@example.net'] }).decide(back), undefined);
  });

  test('a target without a name fits only rules that name none', () => {
    assert.equal(made({ to: ['*'] }).decide({ ...deed, to: undefined }), undefined);
    assert.notEqual(made({}).decide({ ...deed, to: undefined }), undefined);
  });

  test('networks, also of an IPv4 peer on an IPv6 socket; a stanza has none', () => {
    const rules = made({ network: ['10.0.0.0/8', '2001:db8::/32'] });
    for (const [remoteAddress, denied] of [
      ['10.1.2.3', true],
      ['::ffff:10.1.2.3', true],
      ['2001:db8::1', true],
      ['192.0.2.1', false],
      [undefined, false],
    ] as const) {
      assert.equal(rules.decide({ ...deed, remoteAddress }) !== undefined, denied, remoteAddress);
    }
  });

  test('the first rule that fits decides, whatever comes behind it', () => {
    const parts = fc.record({
      action: fc.constantFrom('allow' as const, 'deny' as const),
      from: fc.constantFrom(undefined, ['example.net'], ['ann@example.net'], ['*.example.net'], ['*']),
      direction: fc.constantFrom('both' as const, 'to-xmpp' as const, 'to-sip' as const),
    });
    const fits = ({ from, direction }: { from: readonly string[] | undefined; direction: string }): boolean =>
      direction !== 'to-sip' && (from === undefined || from[0] === 'example.net' || from[0] === '*');
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 12 }), (list) => {
        const expected = list.findIndex(fits);
        const denial = made(...list).decide(deed);
        assert.equal(denial?.index, list[expected]?.action === 'deny' ? expected : undefined);
      }),
    );
  });
});

describe('stoxgate address', () => {
  const explained = (address: string, ...rules: readonly Partial<PolicyRule>[]): readonly string[] =>
    explainPolicy(made(...rules), book, address).map((line) => line.trim().replaceAll(/ {2,}/g, ' '));

  test('a rule that decides by itself ends the line', () => {
    const lines = explained('sip:bob@example.net', { from: ['example.net'] }, { action: 'allow' });
    assert.ok(lines.includes('policy, SIP request from it: policy[0] denies (forbidden)'));
  });

  test('one that depends on the other, or on the network, is told with its condition', () => {
    const lines = explained(
      'bob@example.net',
      { from: ['bob@example.net'], to: ['sales@example.com'], action: 'allow' },
      { network: ['10.0.0.0/8'], answer: 'declined' },
    );
    assert.ok(
      lines.includes(
        'policy, SIP request from it: policy[0] allows what is to sales@example.com; ' +
          'else policy[1] denies (declined) what is out of 10.0.0.0/8; else no rule: allowed',
      ),
      lines.join('\n'),
    );
    assert.ok(lines.some((line) => line.startsWith('policy, stanza to it: no rule: allowed')));
  });
});
