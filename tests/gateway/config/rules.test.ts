import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { covers } from '../../../src/gateway/config/domain-pattern.ts';
import { load } from './support.ts';

interface Parts {
  readonly domains?: readonly string[];
  readonly sip?: string;
  readonly components?: readonly string[];
  readonly rest?: string;
}

const SIP_HOME = '{ home: sip, sip: example.net, xmpp: example.net }';
const XMPP_HOME = '{ home: xmpp, xmpp: example.org, sip: example.org }';
const COMPONENT = '{ domain: example.net, secret: a }';

function file(parts: Parts): string {
  return `domains: [${(parts.domains ?? [SIP_HOME, XMPP_HOME]).join(', ')}]
sip: { ${parts.sip ?? 'listen: ["udp://127.0.0.1:5060"], trusted: [127.0.0.1]'} }
xmpp: { components: [${(parts.components ?? [COMPONENT]).join(', ')}] }
${parts.rest ?? ''}
`;
}

function remarks(parts: Parts): { errors: string[]; warnings: string[] } {
  const { errors, warnings } = load(file(parts));
  const bare = (line: string): string => line.replace(/^\S+ /, '');
  return { errors: errors.map(bare), warnings: warnings.map(bare) };
}

describe('domain rules', () => {
  const bad: [string, Parts, RegExp][] = [
    [
      'the same rule twice',
      { domains: [SIP_HOME, SIP_HOME] },
      /^domains\[1\]: can never be reached: domains\[0\] cover/,
    ],
    [
      'the same in another spelling',
      {
        domains: [
          '{ home: sip, sip: bücher.example, xmpp: example.net }',
          '{ home: sip, sip: XN--bcher-kva.example, xmpp: example.net }',
        ],
      },
      /^domains\[1\]: can never be reached/,
    ],
    [
      'covered by two earlier ones',
      {
        domains: [
          SIP_HOME,
          '{ home: sip, sip: b.example, xmpp: c.example }',
          '{ home: sip, sip: example.net, xmpp: c.example }',
        ],
        components: [COMPONENT, '{ domain: c.example, secret: a }'],
      },
      /^domains\[2\]: can never be reached: domains\[0\] and domains\[1\]/,
    ],
    [
      '"*" away from home only',
      { domains: ['{ home: sip, sip: example.net, xmpp: "*" }'] },
      /^domains\[0\]\.xmpp: "\*" here needs "\*" under sip as well/,
    ],
    [
      '"*" away from an XMPP home',
      { domains: ['{ home: xmpp, xmpp: example.org, sip: "*" }'] },
      /^domains\[0\]\.sip: .*under xmpp/,
    ],
    [
      '"*.x" with an exact name',
      { domains: ['{ home: sip, sip: "*.example.net", xmpp: example.net }'] },
      /^domains\[0\]\.xmpp: needs a "\*\.domain"/,
    ],
    [
      '"*.x" away from "*"',
      { domains: ['{ home: sip, sip: "*", xmpp: "*.example.net" }'] },
      /^domains\[0\]\.xmpp: .*needs a "\*\.domain" under sip/,
    ],
    [
      'a separator where nothing is folded',
      { domains: ['{ home: sip, sip: example.net, xmpp: example.net, separator: "+" }'] },
      /^domains\[0\]\.separator: has a meaning only with/,
    ],
    [
      'a separator with "*" on both sides',
      { domains: ['{ home: sip, sip: "*", xmpp: "*", separator: "+" }'] },
      /^domains\[0\]\.separator: has a meaning only with/,
    ],
    [
      'sips for users of the SIP side',
      { domains: ['{ home: sip, sip: example.net, xmpp: example.net, sips: carry }'] },
      /^domains\[0\]\.sips: is for users who live on the XMPP side/,
    ],
    [
      'messages for users of the SIP side',
      { domains: ['{ home: sip, sip: example.net, xmpp: example.net, messages: { type: chat } }'] },
      /^domains\[0\]\.messages: is for users who live on the XMPP side/,
    ],
    [
      'messages that say nothing',
      { domains: [SIP_HOME, '{ home: xmpp, sip: example.org, xmpp: example.org, messages: {} }'] },
      /^domains\[1\]\.messages\.type: is missing/,
    ],
    [
      'a separator that a domain can hold',
      { domains: ['{ home: sip, sip: "*", xmpp: example.net, separator: "-" }'] },
      /^domains\[0\]\.separator: /,
    ],
  ];
  for (const [what, parts, finding] of bad) {
    test(`${what} is an error`, () => {
      const { errors } = remarks(parts);
      assert.ok(
        errors.some((line) => finding.test(line)),
        errors.join('\n'),
      );
    });
  }

  const fine: [string, Parts][] = [
    ['transparent', {}],
    [
      'both folds',
      { domains: [SIP_HOME, '{ home: sip, sip: "*", xmpp: example.net, separator: "~" }'].slice(1) },
    ],
    [
      '"*" on both sides, both homes',
      { domains: ['{ home: sip, sip: "*", xmpp: "*" }', '{ home: xmpp, sip: "*", xmpp: "*" }'] },
    ],
    [
      '"*.name" on both sides',
      {
        domains: ['{ home: sip, sip: "*.a.example", xmpp: "*.b.example" }'],
        components: ['{ domain: x.b.example, secret: a }'],
      },
    ],
  ];
  for (const [what, parts] of fine) {
    test(`${what} is fine`, () => assert.deepEqual(remarks(parts), { errors: [], warnings: [] }));
  }

  test('ADDR-63: sips without a listener over TLS does nothing, and says so', () => {
    const { errors, warnings } = remarks({
      domains: [SIP_HOME, '{ home: xmpp, sip: example.org, xmpp: example.org, sips: carry }'],
    });
    assert.deepEqual(errors, []);
    assert.deepEqual(warnings, [
      'warning: domains[1].sips: has no use: sip.listen has neither tls:// nor wss://',
    ]);
  });

  test('an alias of an earlier rule is reached by one name only: a warning', () => {
    const { errors, warnings } = remarks({
      domains: [SIP_HOME, '{ home: sip, sip: alias.example, xmpp: example.net }'],
    });
    assert.deepEqual(errors, []);
    assert.deepEqual(warnings, [
      'warning: domains[1].xmpp: example.net leads to domains[0], which comes first; this rule is reached only by alias.example',
    ]);
  });
});

describe('links', () => {
  const bad: [string, Parts, RegExp][] = [
    [
      'a component twice at the same place',
      { components: [COMPONENT, COMPONENT] },
      /^xmpp\.components\[1\]: is the same link as xmpp\.components\[0\]/,
    ],
    [
      "a component of the XMPP server's own domain",
      { components: [COMPONENT, '{ domain: example.org, secret: a }'] },
      /^xmpp\.components\[1\]\.domain: cannot be a component/,
    ],
    ['a component that is a pattern', { components: ['{ domain: "*", secret: a }'] }, /is not a domain name/],
  ];
  for (const [what, parts, finding] of bad) {
    test(`${what} is an error`, () => {
      const { errors } = remarks(parts);
      assert.ok(
        errors.some((line) => finding.test(line)),
        errors.join('\n'),
      );
    });
  }
  const speechless: [string, Parts, string][] = [
    [
      'a "home: sip" rule without a component',
      { components: [] },
      'xmpp.components has no component with the domain example.net',
    ],
    [
      'a pattern without a component below it',
      {
        domains: ['{ home: sip, sip: "*.a.example", xmpp: "*.b.example" }'],
        components: [],
      },
      'xmpp.components has no component with the domain *.b.example',
    ],
    [
      '"*" on both sides without any',
      { domains: ['{ home: sip, sip: "*", xmpp: "*" }'], components: [] },
      'xmpp.components has no component',
    ],
  ];
  for (const [what, parts, reason] of speechless) {
    test(`${what} is a warning, since other rules may work`, () => {
      assert.deepEqual(remarks(parts), {
        errors: [],
        warnings: [
          `warning: domains[0].xmpp: nothing can speak for this domain, so messages from its SIP users are refused with 403: ${reason}`,
        ],
      });
    });
  }
  test('a domain twice at different places is failover', () => {
    assert.deepEqual(remarks({ components: [COMPONENT, '{ domain: example.net, port: 5348, secret: a }'] }), {
      errors: [],
      warnings: [],
    });
  });
  test('a component that no rule leads to is a warning', () => {
    const { errors, warnings } = remarks({ components: [COMPONENT, '{ domain: c.example, secret: a }'] });
    assert.deepEqual(errors, []);
    assert.match(
      warnings.join('\n'),
      /^warning: xmpp\.components\[1\]\.domain: is not the xmpp domain of any/,
    );
  });
});

describe('listeners', () => {
  const clashes: [string, string, string?][] = [
    ['the same twice', '"udp://127.0.0.1:5060", "udp://127.0.0.1"'],
    ['an address beside its wildcard', '"tcp://0.0.0.0:5060", "tcp://10.0.0.9:5060"'],
    ['IPv6 in two spellings', '"tcp://[::1]:5060", "tcp://[0:0::1]:5060"'],
    ['the console on the SIP port', '"tcp://127.0.0.1:8080"', 'console: { listen: "127.0.0.1:8080" }'],
  ];
  for (const [what, listen, rest = ''] of clashes) {
    test(`${what} is an error`, () => {
      const { errors } = remarks({ sip: `trusted: [127.0.0.1], advertise: gw, listen: [${listen}]`, rest });
      assert.match(
        errors.join('\n'),
        /^(sip\.listen\[1\]|console\.listen): takes the same address and port as sip\.listen\[0\]$/,
      );
    });
  }
  for (const listen of [
    '"udp://127.0.0.1:5060", "tcp://127.0.0.1:5060"',
    '"udp://0.0.0.0:5060", "udp://[::]:5060"',
    '"udp://127.0.0.1:0", "udp://127.0.0.1:0"',
    '"udp://127.0.0.1:5060", "udp://127.0.0.1:5061"',
  ]) {
    test(`${listen} share nothing`, () => {
      assert.deepEqual(
        remarks({ sip: `trusted: [127.0.0.1], advertise: gw, listen: [${listen}]` }).errors,
        [],
      );
    });
  }
  test('a wildcard without advertise is a warning', () => {
    const { errors, warnings } = remarks({ sip: 'trusted: [127.0.0.1], listen: ["udp://[::]:5060"]' });
    assert.deepEqual(errors, []);
    assert.match(
      warnings.join('\n'),
      /^warning: sip\.listen\[0\]: listens on every address.*set sip\.advertise/,
    );
  });
});

describe('next hops, trust, credentials', () => {
  const base = 'listen: ["udp://127.0.0.1:5060"]';
  const cases: [string, string, 'errors' | 'warnings', RegExp][] = [
    ['no trusted network', base, 'warnings', /sip\.trusted: names no network/],
    [
      'a network twice',
      `${base}, trusted: [10.0.0.0/8, "10.0.0.0/8"]`,
      'errors',
      /sip\.trusted\[1\]: is the same network/,
    ],
    [
      'trust for a domain without a rule',
      `${base}, trusted: [{ network: 10.0.0.0/8, domains: [other.example] }]`,
      'warnings',
      /sip\.trusted\[0\]\.domains\[0\]: no "home: sip" rule/,
    ],
    [
      'a next hop of an unknown domain',
      `${base}, trusted: [::1], next_hops: { other.example: "sip:a" }`,
      'warnings',
      /sip\.next_hops\["other\.example"\]: no rule/,
    ],
    [
      'a next hop twice',
      `${base}, trusted: [::1], next_hops: { example.net: ["sip:a", "sip:a"] }`,
      'errors',
      /\[1\]: is given twice/,
    ],
    [
      'a realm twice',
      `${base}, trusted: [::1], credentials: [{ realm: a, user: b, password: c }, { realm: a, user: d, password: e }]`,
      'errors',
      /sip\.credentials\[1\]\.realm: the realm has its credentials in sip\.credentials\[0\]/,
    ],
  ];
  for (const [what, sip, kind, finding] of cases) {
    test(`${what}: ${kind}`, () => {
      const result = remarks({ sip });
      assert.equal(result[kind].length, 1, JSON.stringify(result));
      assert.match(result[kind][0] ?? '', finding);
    });
  }
});

describe('one pattern covers another', () => {
  const cases: [string, string, boolean][] = [
    ['*', 'a.b', true],
    ['*', '*', true],
    ['a.b', '*', false],
    ['*.b', '*', false],
    ['*.b', 'a.b', true],
    ['*.b', 'x.a.b', true],
    ['*.b', '*.a.b', true],
    ['*.b', '*.b', true],
    ['*.b', 'b', false],
    ['*.b', 'ab', false],
    ['A.b', 'a.B', true],
    ['bücher.example', 'xn--bcher-kva.example', true],
  ];
  for (const [outer, inner, expected] of cases) {
    test(`${outer} covers ${inner}: ${expected}`, () => assert.equal(covers(outer, inner), expected));
  }
});
