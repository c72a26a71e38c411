// Who may call whom, and what a telephone number is (RFC 3966, RFC 4967, RFC 3261 §19.1.6).

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AddressBook } from '../../src/mapping/index.ts';
import { CallRules, dialledNumber, numberPattern, type CallRule } from '../../src/policy/index.ts';

const BOOK = new AddressBook([
  { home: 'sip', sip: 'example.net', xmpp: 'example.net' },
  { home: 'xmpp', sip: 'example.com', xmpp: 'example.com' },
]);

describe('numbers', () => {
  const cases: readonly [uri: string, number: string | undefined][] = [
    ['sip:romeo@example.net', undefined],
    ['sip:+12015550123@example.net', '+12015550123'],
    ['sip:+1-201-555-0123@example.net;user=phone', '+12015550123'],
    ['sip:(030)1234.5@example.net', '03012345'],
    ['sip:110@example.net', '110'],
    ['sip:*21*00900@example.net', '*21*00900'],
    ['sip:%2B49900@example.net', '+49900'],
    ['sip:0900;phone-context=+49@example.net', '0900'],
    ['sip:example.net', undefined],
    ['sip:***@example.net', undefined],
    ['sip:7up@example.net', undefined],
    ['tel:+1-201-555-0123', '+12015550123'],
    ['im:110@example.net', undefined],
  ];
  for (const [uri, number] of cases) test(uri, () => assert.equal(dialledNumber(uri), number));

  test('patterns', () => {
    assert.equal(numberPattern('+49*')?.('+49301'), true);
    assert.equal(numberPattern('+49*')?.('+4830'), false);
    assert.equal(numberPattern('110')?.('1100'), false);
    assert.equal(numberPattern('*')?.('*21#'), true);
    for (const text of ['', '+', 'romeo', '49*30', '+*']) assert.equal(numberPattern(text), undefined, text);
  });
});

describe('rules', () => {
  const from = BOOK.jidSenderToSip('juliet@example.com');
  const decide = (rules: readonly CallRule[], to: string): number | 'default' | undefined => {
    const target = BOOK.jidTargetToSip(to);
    assert.ok(from.ok && target.ok);
    const number = dialledNumber(target.value.uri);
    const deed = { direction: 'to-sip', from: from.value, to: target.value, number } as const;
    const denial = new CallRules(rules, BOOK).decide(deed);
    return denial === undefined ? undefined : (denial.index ?? 'default');
  };
  const USER = 'romeo@example.net';
  const NUMBER = '+12015550123@example.net';
  const cases: readonly [name: string, rules: CallRule[], user: unknown, number: unknown][] = [
    ['none', [], undefined, 'default'],
    ['allow without number', [{ action: 'allow', direction: 'both' }], undefined, 'default'],
    ['allow the number', [{ action: 'allow', direction: 'to-sip', number: ['+1*'] }], undefined, undefined],
    ['another number', [{ action: 'allow', direction: 'both', number: ['+49*'] }], undefined, 'default'],
    ['the other direction', [{ action: 'allow', direction: 'to-xmpp', number: ['*'] }], undefined, 'default'],
    ['deny all', [{ action: 'deny', direction: 'both' }], 0, 0],
    [
      'of somebody else',
      [{ action: 'deny', direction: 'both', from: ['a@example.com'] }],
      undefined,
      'default',
    ],
    [
      'the first that fits',
      [
        { action: 'deny', direction: 'both', number: ['+1201*'] },
        { action: 'allow', direction: 'both', from: ['example.com'], number: ['*'] },
      ],
      undefined,
      0,
    ],
  ];
  for (const [name, rules, user, number] of cases) {
    test(name, () => assert.deepEqual([decide(rules, USER), decide(rules, NUMBER)], [user, number]));
  }
});
