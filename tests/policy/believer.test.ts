// SIPT-06: by what a request may speak for its From, and by what not.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Counters, SeededRandom, Tokens, VirtualTime } from '../../src/base/index.ts';
import { Believer, SpeakingAccounts, TrustedSources, type SipAccount } from '../../src/policy/index.ts';
import { DigestServer } from '../../src/sip/index.ts';
import { book, request, source } from './support.ts';

const BOB: SipAccount = {
  ...{ user: 'bob', realm: 'example.net', secret: { password: 'x' } },
  from: ['bob@example.net', '*@corp.example'],
};

function believer(accounts: readonly SipAccount[] = []): Believer {
  const time = new VirtualTime();
  const random = new SeededRandom(1);
  const tokens = new Tokens([new Uint8Array(32).fill(1)], random);
  return new Believer({
    book,
    counters: new Counters(),
    trusted: new TrustedSources(
      [
        { network: '10.0.0.5/32' },
        { network: '10.1.0.0/16', domains: ['corp.example'] },
        { network: '10.2.0.0/16', domains: ['corp.example'], asserted: true },
      ],
      time,
    ),
    digest:
      accounts.length === 0
        ? undefined
        : {
            server: new DigestServer({ tokens, random, clock: time }, { users: accounts }),
            accounts: new SpeakingAccounts(accounts, book),
          },
  });
}

type Row = readonly [
  what: string,
  from: string,
  address: string,
  certified: readonly string[] | undefined,
  outcome: number | 'may' | 'may not',
];

/** The status that refuses it, or whether the source may speak for the host of the From. */
function outcome(
  of: Believer,
  from: string,
  address: string,
  certified?: readonly string[],
  method?: string,
) {
  const belief = of.believe(request(from, [], method), source(address, certified));
  if (belief.kind === 'refused') return belief.refusal.status;
  assert.equal(belief.kind, 'believed');
  const host = from.replace(/^sip:(.*@)?/, '');
  return belief.kind === 'believed' && belief.scope.covers(host) ? 'may' : 'may not';
}

const sources: readonly Row[] = [
  ['a trusted network', 'sip:a@example.net', '10.0.0.5', undefined, 'may'],
  ['a network for other domains', 'sip:a@example.net', '10.1.0.1', undefined, 'may not'],
  ['a stranger', 'sip:a@example.net', '192.0.2.1', undefined, 403],
  ['a stranger with a certificate for the domain', 'sip:a@example.net', '192.0.2.1', ['example.net'], 'may'],
  ['a stranger with a certificate for another', 'sip:a@example.net', '192.0.2.1', ['example.org'], 'may not'],
  [
    'RFC 5922 §7.2: a certificate for the domain below',
    'sip:a@sub.example.net',
    '192.0.2.1',
    ['example.net'],
    'may not',
  ],
  ['RFC 5922 §7.2: a wildcard', 'sip:a@sub.example.net', '192.0.2.1', ['*.example.net', '*'], 403],
  ['over TLS without a certificate', 'sip:a@example.net', '192.0.2.1', [], 403],
  ['a network and a certificate: the network', 'sip:a@corp.example', '10.1.0.1', ['example.net'], 'may'],
  ['a network and a certificate: the certificate', 'sip:a@example.net', '10.1.0.1', ['example.net'], 'may'],
];

describe('networks and certificates', () => {
  for (const [what, from, address, certified, expected] of sources) {
    test(what, () => assert.equal(outcome(believer(), from, address, certified), expected));
  }

  test('with accounts it is the same, except who is challenged', () => {
    const both = believer([BOB]);
    assert.equal(outcome(both, 'sip:a@example.net', '10.0.0.5'), 'may');
    assert.equal(outcome(both, 'sip:a@example.net', '192.0.2.1', ['example.net']), 'may');
    assert.equal(outcome(both, 'sip:a@example.net', '192.0.2.1'), 401);
    assert.equal(outcome(both, 'sip:a@corp.example', '192.0.2.1'), 401);
    assert.equal(outcome(both, 'sip:a@example.net', '10.1.0.1'), 401, 'trusted for another domain only');
    assert.equal(outcome(both, 'sip:a@third.example', '192.0.2.1'), 403, 'nobody can authenticate for it');
    assert.equal(outcome(both, 'sip:juliet@example.com', '192.0.2.1'), 403, 'no SIP domain of ours');
  });

  test('who could be believed still, after a change of the configuration', () => {
    const rows: readonly (readonly [string, string, boolean, boolean])[] = [
      ['10.0.0.5', 'example.net', true, true],
      ['10.1.0.1', 'corp.example', true, true],
      ['10.1.0.1', 'third.example', false, false],
      ['192.0.2.1', 'example.net', false, true],
      ['192.0.2.1', 'third.example', false, false],
    ];
    for (const [address, host, byNetwork, withAccounts] of rows) {
      assert.equal(believer().mayBeBelieved(address, host), byNetwork, `${address} ${host}`);
      assert.equal(believer([BOB]).mayBeBelieved(address, host), withAccounts, `${address} ${host}`);
    }
  });

  for (const method of ['ACK', 'CANCEL']) {
    test(`RFC 3261 §22.1: ${method} is not challenged, and proves nothing`, () => {
      assert.equal(outcome(believer([BOB]), 'sip:a@example.net', '192.0.2.1', undefined, method), 'may not');
      assert.equal(outcome(believer(), 'sip:a@example.net', '192.0.2.1', undefined, method), 403);
    });
  }
});

describe('RFC 3325 §5: P-Asserted-Identity', () => {
  const asserted = (address: string, from = 'sip:a@corp.example', more: readonly [string, string][] = []) => {
    const headers = [['P-Asserted-Identity', '<sip:boss@corp.example>'] as const, ...more];
    const belief = believer().believe(request(from, headers), source(address));
    return belief.kind === 'believed' ? belief.asserted : belief.kind;
  };
  test('of a network that it is read from', () =>
    assert.equal(asserted('10.2.0.1'), 'sip:boss@corp.example'));
  test('of a network that only its From is believed of', () => assert.equal(asserted('10.1.0.1'), undefined));
  test('of a stranger', () => assert.equal(asserted('192.0.2.1'), 'refused'));
  for (const privacy of ['id', 'ID', 'header;id', 'user', 'critical; id']) {
    test(`§9.3: Privacy: ${privacy}`, () =>
      assert.equal(asserted('10.2.0.1', undefined, [['Privacy', privacy]]), undefined));
  }
  for (const privacy of ['none', 'session']) {
    test(`RFC 3323 §4.2: Privacy: ${privacy} hides no name`, () =>
      assert.equal(asserted('10.2.0.1', undefined, [['Privacy', privacy]]), 'sip:boss@corp.example'));
  }
});

describe('as whom an account may speak', () => {
  const accounts = new SpeakingAccounts([BOB], book);
  const rows: readonly (readonly [string, boolean])[] = [
    ['sip:bob@example.net', true],
    ['sip:BOB@EXAMPLE.NET', true],
    ['sip:%62ob@example.net;transport=tcp', true],
    ['sip:bob@example.net;gr=phone1', true],
    ['sip:bobby@example.net', false],
    ['sip:bob%2f@example.net', false],
    ['sip:bob@corp.example', true],
    ['sip:anybody@corp.example', true],
    ['sip:anybody@sub.corp.example', false],
    ['sip:bob%40example.net@other.example', false],
  ];
  for (const [uri, may] of rows) {
    test(`${uri}: ${may ? 'may' : 'may not'}`, () => {
      const sender = book.sipSenderToJid(uri);
      assert.ok(sender.ok);
      assert.equal(accounts.maySpeakAs(BOB, sender.value), may);
    });
  }
});
