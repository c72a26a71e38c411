import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { formatFinding, loadConfig } from '../../../src/gateway/index.ts';
import { CONTRACT_EXAMPLE, CONTRACT_REMARKS } from './contract-example.ts';
import { load, MINIMAL } from './support.ts';

describe('a good file', () => {
  test('the least that works, with its defaults', () => {
    const { config, errors, warnings } = load(MINIMAL);
    assert.deepEqual(errors, []);
    assert.deepEqual(warnings, []);
    assert.deepEqual(config, {
      domains: [
        { home: 'sip', sip: 'example.net', xmpp: 'example.net' },
        { home: 'xmpp', xmpp: 'example.org', sip: 'example.org' },
      ],
      sip: {
        listen: [{ transport: 'UDP', host: '127.0.0.1', port: 5060 }],
        next_hops: {},
        origins: [],
        trusted: [{ network: '127.0.0.1/32' }],
        credentials: [],
        users: [],
        digest_algorithms: ['SHA-256', 'MD5'],
      },
      xmpp: { components: [{ domain: 'example.net', host: '127.0.0.1', port: 5347, secret: 's3cret' }] },
      messages: {
        accepted: 202,
        type: 'mirror',
        encrypted: 'refuse',
        composing: 'learned',
        reports: 'learned',
        redirects: 'ignore',
      },
      presence: { model: 'end-to-end', location: 'hide' },
      dns: { servers: [], private_targets: 'refuse' },
      offline: {
        keep: false,
        unknown_users: 'refuse',
        registrars: [],
        hours: 168,
        per_user: 100,
        per_domain: 10_000,
      },
      policy: [],
      limits: {},
      calls: {
        ...{ enabled: true, rules: [], session_timer: 1800 },
        limits: { user: 4, domain: 1000, total: 5000, attempts: 20 },
      },
      store: 'sqlite:/etc/stoxgate.db',
      durability: 'full',
      node: 'stoxgate',
      ledger: { rows: 100_000, hours: 168 },
      log: { level: 'info', format: 'json', bodies: false },
    });
  });

  test('every key of this version', () => {
    const { config, errors, warnings } = load(
      `domains:
  - { home: sip,  sip: example.net, xmpp: example.net }
  - { home: xmpp, xmpp: example.org, sip: example.org }
  - { home: sip,  sip: corp.example, xmpp: phones.corp.example }
  - { home: sip,  sip: "*", xmpp: sip.example.org }
  - { home: xmpp, xmpp: "*", sip: xmpp.example.net, separator: "*" }
sip:
  listen: ["udp://0.0.0.0:5060", "tcp://[::]:5060", { url: "tcp://10.0.0.9:5061", advertise: "gw.example.net:5062" }]
  advertise: gw.example.net
  next_hops:
    example.net: ["sip:10.0.0.5:5060;transport=udp;lr", "sip:10.0.0.6:5060;transport=udp;lr"]
    "*": "sip:proxy.example.net;lr"
  trusted: ["10.0.0.5/32", { network: 10.1.0.0/16, domains: [corp.example] }]
  credentials: [{ realm: example.net, user: gw, password: { env: SIP_PASSWORD } }]
xmpp:
  components:
    - { domain: sip.example.org, host: 127.0.0.1, port: 5347, secret: { file: secret } }
    - { domain: example.net, host: xmpp1.example.org, secret: a }
    - { domain: example.net, host: xmpp2.example.org, secret: a }
    - { domain: phones.corp.example, host: "::1", port: 5348, secret: a }
messages: { accepted: 200, type: chat, encrypted: fallback, composing: always, redirects: follow }
dns: { servers: ["127.0.0.1:53", "::1"], private_targets: allow }
node: gw1
console: { listen: "[::1]:8080", token: { file: sub/token } }
log: { level: debug, format: pretty, bodies: true }
ledger: { rows: 5000 }
admin: unix:run/s.sock
`,
      { '/etc/secret': 'component secret\n', '/etc/sub/token': 'a token\r\n' },
      { SIP_PASSWORD: 'pass word' },
    );
    assert.deepEqual(errors, []);
    assert.deepEqual(warnings, []);
    assert.ok(config);
    assert.deepEqual(config.domains[4], { home: 'xmpp', xmpp: '*', sip: 'xmpp.example.net', separator: '*' });
    assert.deepEqual(config.sip.listen[2], {
      transport: 'TCP',
      host: '10.0.0.9',
      port: 5061,
      advertise: 'gw.example.net:5062',
    });
    assert.deepEqual(config.sip.next_hops, {
      'example.net': ['sip:10.0.0.5:5060;transport=udp;lr', 'sip:10.0.0.6:5060;transport=udp;lr'],
      '*': ['sip:proxy.example.net;lr'],
    });
    assert.deepEqual(config.sip.trusted, [
      { network: '10.0.0.5/32' },
      { network: '10.1.0.0/16', domains: ['corp.example'] },
    ]);
    assert.equal(config.sip.credentials[0]?.password, 'pass word');
    assert.equal(config.xmpp.components[0]?.secret, 'component secret');
    assert.deepEqual(config.console, { listen: { host: '::1', port: 8080 }, token: 'a token' });
    assert.deepEqual(config.dns, { servers: ['127.0.0.1:53', '::1'], private_targets: 'allow' });
    assert.deepEqual(config.ledger, { rows: 5000, hours: 168 });
    assert.equal(config.admin, 'run/s.sock');
  });

  test('ledger: off', () => {
    assert.equal(load(`${MINIMAL}ledger: off\n`).config?.ledger, 'off');
  });

  test('the example of the contract loads, and says which of its domains has no link', () => {
    const { config, errors, warnings } = load(
      CONTRACT_EXAMPLE,
      { '/etc/secret': 'a\n', '/etc/console-token': 'a token\n' },
      { SIP_PASSWORD: 'a' },
    );
    assert.deepEqual(errors, []);
    assert.equal(config?.domains.length, 5);
    assert.deepEqual(
      warnings,
      CONTRACT_REMARKS.map((remark) => `/etc/s.yaml:${remark}`),
    );
  });

  test('anchors and aliases are ordinary YAML', () => {
    const { config } = load(MINIMAL.replace('s3cret', '&s abcdef').replace(/$/, 'console: { token: *s }\n'));
    assert.equal(config?.console?.token, 'abcdef');
  });
});

describe('findings name file, line, column, key and remedy', () => {
  const cases: [string, string, string][] = [
    [
      'an unknown key',
      `${MINIMAL}mesages: {}\n`,
      '10:1: mesages: is not a key of the configuration (did you mean messages?)',
    ],
    [
      'a nested one',
      `${MINIMAL}log: { levl: info }\n`,
      '10:8: log.levl: is not a key of the configuration (did you mean level?)',
    ],
    [
      'an unknown key far from all others',
      `${MINIMAL}dns: { zzz: 1 }\n`,
      '10:8: dns.zzz: is not a key of the configuration; here are servers and private_targets',
    ],
    [
      'a wrong value',
      `${MINIMAL}log: { level: wran }\n`,
      '10:15: log.level: is "wran"; it must be debug, info, warn or error (did you mean warn?)',
    ],
    ['a wrong type', `${MINIMAL}log: [info]\n`, '10:6: log: must be a map of keys, not a list'],
    [
      'a value that YAML reads as nothing',
      `${MINIMAL}node: ~\n`,
      '10:7: node: must be text, not nothing (a value such as ~ is written in quotes)',
    ],
    ['no rows', `${MINIMAL}ledger: { rows: 0 }\n`, '10:17: ledger.rows: must be at least 1'],
    [
      'a ledger that is not off',
      `${MINIMAL}ledger: false\n`,
      '10:9: ledger: is true or false; it must be off',
    ],
    ['a socket without unix:', `${MINIMAL}admin: s.sock\n`, '10:8: admin: must look like unix:PATH'],
    ['a socket without a name', `${MINIMAL}admin: "unix:"\n`, '10:8: admin: must look like unix:PATH'],
    ['an abstract socket', `${MINIMAL}admin: unix:@s\n`, '10:8: admin: "@s" is not the path of a file'],
    ['a folder', `${MINIMAL}admin: unix:s/\n`, '10:8: admin: must name a file, not a folder'],
    ['a missing key', 'domains:\n  - { home: sip, xmpp: a.b }\n', '2:5: domains[0].sip: is missing'],
    ['a missing section', 'sip: {}\n', '1:1: domains: is missing'],
    ['an empty list', 'domains: []\n', '1:10: domains: needs at least 1 entry'],
    [
      'a listener',
      MINIMAL.replace('udp:', 'sctp:'),
      '5:12: sip.listen[0]: unknown transport "sctp"; use udp://, tcp://, tls://, ws:// or wss://',
    ],
    [
      'a port',
      MINIMAL.replace('secret:', 'port: 70000, secret:'),
      '9:36: xmpp.components[0].port: must be at most 65535',
    ],
    [
      'a domain',
      MINIMAL.replace('xmpp: example.org', 'xmpp: exa_mple..org'),
      '3:25: domains[1].xmpp: "exa_mple..org" is not a domain name',
    ],
    [
      'a pattern as key',
      MINIMAL.replace('  trusted', '  next_hops: { "e*": "sip:a" }\n  trusted'),
      '6:16: sip.next_hops["e*"]: "*" stands alone or in front, as in "*.example.net"',
    ],
    [
      'a next hop that is a person',
      MINIMAL.replace('  trusted', '  next_hops: { example.net: "sip:bob@a" }\n  trusted'),
      '6:29: sip.next_hops["example.net"]: a next hop has no user part',
    ],
    [
      'a secret file that is not there',
      MINIMAL.replace('s3cret', '{ file: nope }'),
      '9:38: xmpp.components[0].secret: /etc/nope cannot be read: there is no such file',
    ],
    [
      'an environment variable that is not set',
      MINIMAL.replace('s3cret', '{ env: toString }'),
      '9:38: xmpp.components[0].secret: the environment variable toString is not set',
    ],
    [
      'an empty secret',
      MINIMAL.replace('s3cret', '""'),
      '9:38: xmpp.components[0].secret: the secret is empty',
    ],
    ['an empty file', '', '1:1: holds no configuration'],
    [
      'a secret from two places',
      MINIMAL.replace('s3cret', '{ file: secret, env: SECRET }'),
      '9:38: xmpp.components[0].secret: has both file and env; a secret comes from one',
    ],
    [
      'a secret from nowhere',
      MINIMAL.replace('s3cret', '{}'),
      '9:38: xmpp.components[0].secret: needs file or env',
    ],
    [
      'a secret from a place that does not exist',
      MINIMAL.replace('s3cret', '{ fiel: secret }'),
      '9:40: xmpp.components[0].secret.fiel: is not a key of the configuration (did you mean file?)',
    ],
    [
      'a secret file without a name',
      MINIMAL.replace('s3cret', '{ file: 5 }'),
      '9:46: xmpp.components[0].secret.file: must be text, not a number',
    ],
    ['a key given twice', 'node: a\nnode: b\n', '2:1: node: is given twice; first in line 1'],
    [
      'a key given twice, deep down and in braces',
      MINIMAL.replace('secret: s3cret', 'secret: a,\n        secret: b'),
      '10:9: xmpp.components[0].secret: is given twice; first in line 9',
    ],
    [
      'a key given twice that is no word, with an anchor',
      MINIMAL.replace('  trusted', '  next_hops: { "*": "sip:a", &x "*": "sip:b" }\n  trusted'),
      '6:33: sip.next_hops["*"]: is given twice; first in line 6',
    ],
    [
      'a "*" without quotes',
      'domains: [{ home: sip, sip: *, xmpp: a }]',
      '1:29: "*" begins an alias in YAML; a "*" is written in quotes',
    ],
    [
      'an alias to nothing',
      'domains: [{ home: sip, sip: *.b, xmpp: a }]',
      '1:29: "*.b" begins an alias in YAML; a "*" is written in quotes',
    ],
    ['a tab', 'domains:\n\t- a\n', '2:1: YAML: Tabs are not allowed as indentation'],
    ['two documents', 'node: a\n---\nnode: b\n', '2:1: the file holds more than one document ("---")'],
  ];
  for (const [what, text, finding] of cases) {
    test(what, () => {
      const { errors } = load(text);
      assert.ok(errors.includes(`/etc/s.yaml:${finding}`), errors.join('\n'));
    });
  }

  test('several at once, in the order of the file', () => {
    const { errors } = load('node: []\nlog: { level: 1, bodies: maybe }\ndomains: 5\n');
    assert.deepEqual(
      errors.map((line) => line.split(':').slice(1, 4).join(':')),
      ['1:7: node', '2:15: log.level', '2:26: log.bodies', '3:10: domains'],
    );
  });

  test('a file that cannot be read has no line', () => {
    const result = loadConfig('/none.yaml', {
      env: {},
      readFile: () => {
        throw Object.assign(new Error('x'), { code: 'EACCES' });
      },
    });
    assert.ok(!result.ok);
    assert.deepEqual(result.error.map(formatFinding), ['/none.yaml: cannot be read: permission denied']);
  });

  test('a key of the file cannot break the line', () => {
    const { errors } = load(`${MINIMAL}"a\\nb\\e[31m": 1\n`);
    assert.equal(errors.length, 1);
    // oxlint-disable-next-line no-control-regex
    assert.doesNotMatch(errors[0] ?? '', /[\u0000-\u001f]/);
  });
});

describe('the route script', () => {
  test('a path is relative to the file; one second unless it says otherwise', () => {
    assert.deepEqual(load(`${MINIMAL}routes: ./routes.js\n`).config?.routes, {
      script: '/etc/routes.js',
      deadline: 1000,
    });
    assert.deepEqual(load(`${MINIMAL}routes: { script: /opt/r.ts, deadline: 250 }\n`).config?.routes, {
      script: '/opt/r.ts',
      deadline: 250,
    });
  });
  for (const [text, finding] of [
    ['routes: routes.py', 'must name a file that ends in .js, .mjs, .ts or .mts'],
    ['routes: { script: r.js, deadline: 9 }', 'must be at least 10'],
    ['routes: { script: r.js, deadline: 2001 }', 'must be at most 2000'],
    ['routes: { scrip: r.js }', 'did you mean script?'],
    ['routes: {}', 'is missing'],
  ] as const) {
    test(text, () => {
      const { errors } = load(`${MINIMAL}${text}\n`);
      assert.ok(
        errors.some((line) => line.includes('routes') && line.includes(finding)),
        errors.join('\n'),
      );
    });
  }
});

describe('keys of features that are not built yet are refused by name', () => {
  const top = ['timers'];
  const all = [...top.map((key): [string, string] => [key, `${MINIMAL}${key}: {}\n`])];
  for (const [key, text] of all) {
    test(key, () => {
      const { errors } = load(text);
      assert.equal(errors.length, 1, errors.join('\n'));
      assert.match(errors[0] ?? '', /: [\w.[\]]+: belongs to a feature that is not built yet$/);
      assert.ok(errors[0]?.includes(` ${key}: `));
    });
  }
});

describe('the model of presence', () => {
  for (const [where, text] of [
    ['presence', `${MINIMAL}presence: PRESENCE\n`],
    ['domains[0].presence', MINIMAL.replace('home: sip,', 'home: sip, presence: PRESENCE,')],
  ] as const) {
    const of = (presence: string): readonly string[] => load(text.replace('PRESENCE', presence)).errors;
    const server = 'server: "sip:p.example.net:5070;lr"';
    for (const good of [
      '{ model: end-to-end }',
      '{ model: published }',
      `{ model: presence-server, ${server} }`,
      `{ model: presence-server, ${server}, xcap: { root: "http://127.0.0.1:8000/xcap-root" } }`,
      `{ model: presence-server, ${server}, xcap: { root: "https://x.example/r", user: gw, password: secret } }`,
      `{ model: presence-server, ${server}, lists: "sip:rls@p.example.net" }`,
      `{ model: presence-server, ${server}, lists: "sip:*-contacts@p.example.net" }`,
    ]) {
      test(`${where}: ${good}`, () => assert.deepEqual(of(good), []));
    }
    for (const [bad, finding] of [
      [
        '{ model: presence-servr }',
        `${where}.model: is "presence-servr"; it must be end-to-end, presence-server or published`,
      ],
      ['{ model: presence-server }', `${where}.model: presence-server needs "server", its SIP URI`],
      [
        `{ model: end-to-end, ${server} }`,
        `${where}.server: has a meaning only with the model presence-server`,
      ],
      [
        '{ model: published, xcap: { root: "http://x.example/" } }',
        `${where}.xcap: has a meaning only with the model presence-server`,
      ],
      [
        '{ model: presence-server, server: "sip:a@b.example" }',
        `${where}.server: a next hop has no user part`,
      ],
      [
        `{ model: presence-server, ${server}, xcap: { root: "ftp://x.example" } }`,
        `${where}.xcap.root: must be a URL such as https://xcap.example.net/xcap-root`,
      ],
      [
        `{ model: presence-server, ${server}, xcap: { root: "http://a:b@x.example" } }`,
        `${where}.xcap.root: user and password have keys of their own`,
      ],
      [
        `{ model: presence-server, ${server}, xcap: { root: "http://x.example", user: gw } }`,
        `${where}.xcap: user and password come together`,
      ],
      [
        '{ model: end-to-end, lists: "sip:rls@p.example.net" }',
        `${where}.lists: has a meaning only with the model presence-server`,
      ],
      [
        `{ model: presence-server, ${server}, lists: "sip:p.example.net" }`,
        `${where}.lists: must be a SIP URI with a user, such as sip:rls@presence.example.net`,
      ],
      [
        `{ model: presence-server, ${server}, lists: "sips:rls@p.example.net" }`,
        `${where}.lists: sips: a list is asked for by its sip: URI, over TLS where its server is`,
      ],
      [
        `{ model: presence-server, ${server}, lists: "sip:*-*@p.example.net" }`,
        `${where}.lists: has one "*" at most, in the place of the name of a user`,
      ],
      [
        `{ model: presence-server, ${server}, lists: "sip:rls@p.example.net?a=b" }`,
        `${where}.lists: has no "?" headers`,
      ],
    ] as const) {
      test(`${where}: ${bad}`, () => {
        const errors = of(bad);
        assert.ok(
          errors.some((line) => line.includes(finding)),
          errors.join('\n'),
        );
      });
    }
  }

  test('published is for SIP users', () => {
    const { errors } = load(MINIMAL.replace('home: xmpp,', 'home: xmpp, presence: { model: published },'));
    assert.ok(
      errors.some((line) => line.includes('.presence.model: published is for SIP users')),
      errors.join('\n'),
    );
  });

  test('absent: end-to-end', () => assert.equal(load(MINIMAL).config?.presence.model, 'end-to-end'));
});

describe('signing keys', () => {
  const KEY = 'k'.repeat(43);
  const keys = (list: string): string => `${MINIMAL}keys: ${list}\n`;
  for (const [what, list, expected] of [
    ['as text', `[${KEY}]`, [{ secret: KEY }]],
    ['newest first', `[{ file: new }, ${KEY}]`, [{ secret: `${KEY}n` }, { secret: KEY }]],
    ['in the environment', '[{ env: K }]', [{ secret: `${KEY}e` }]],
    ['in a file that is to be made, beside this one', '[{ file: keys/k }]', [{ make: '/etc/keys/k' }]],
  ] as const) {
    test(what, () => {
      const { config, errors } = load(keys(list), { '/etc/new': `${KEY}n\n` }, { K: `${KEY}e` });
      assert.deepEqual(errors, []);
      assert.deepEqual(config?.keys, expected);
    });
  }
  test('absent: the file beside the configuration', () =>
    assert.equal(load(MINIMAL).config?.keys, undefined));
  for (const [what, list, message] of [
    ['too short', `[${'k'.repeat(31)}]`, 'is shorter than 32 characters'],
    ['an empty file', '[{ file: empty }]', 'the secret is empty'],
    ['three', `[${KEY}, ${KEY}, ${KEY}]`, 'needs at most 2 entries'],
    ['none', '[]', 'needs at least 1 entry'],
    ['both', '[{ file: a, env: b }]', 'has both file and env; a secret comes from one'],
    ['not set', '[{ env: NONE }]', 'the environment variable NONE is not set'],
  ] as const) {
    test(`${what}: ${message}`, () => {
      const { errors } = load(keys(list), { '/etc/empty': '\n' });
      assert.equal(errors.length, 1, errors.join('\n'));
      assert.ok(errors[0]?.endsWith(message), errors[0]);
      assert.doesNotMatch(errors[0] ?? '', /kkkk/);
    });
  }
});

describe('secrets are never printed', () => {
  for (const text of [
    MINIMAL.replace('s3cret', '918273645'),
    MINIMAL.replace('s3cret', '"918273645\\u0001"'),
    MINIMAL.replace('s3cret', '[918273645]'),
    MINIMAL.replace('s3cret', '{ env: P }'),
  ]) {
    test(text.split('\n')[8] ?? '', () => {
      const { errors } = load(text, {}, { P: '918273645\nx' });
      assert.ok(errors.length > 0);
      assert.doesNotMatch(errors.join('\n'), /918273645/);
    });
  }
});

describe('hostile files end in findings', () => {
  const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefghi'
    .split('')
    .map((name, index) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[index]}`).join(',')}]`)
    .join('\n')}\n`;
  const cases: [string, string][] = [
    ['an alias bomb', bomb],
    ['many aliases', `a: &a x\nb: [${'*a,'.repeat(200)}]\n`],
    ['an alias to itself', 'domains: &a [*a]\n'],
    ['a map in itself', 'sip: &a { listen: *a }\ndomains: 1\n'],
    ['deep nesting', '['.repeat(5000)],
    ['__proto__', `${MINIMAL}__proto__: { node: x }\n`],
    ['__proto__ as a domain', MINIMAL.replace('  trusted', '  next_hops: { __proto__: "sip:a" }\n  trusted')],
    ['constructor', `${MINIMAL}constructor: 1\n`],
    ['a merge key', `${MINIMAL}<<: { node: x }\n`],
    ['a tag', `${MINIMAL}node: !!js/function x\n`],
    ['a key that is a list', `${MINIMAL}? [1]\n: 2\n`],
    ['a huge file', `#${'x'.repeat(1024 * 1024)}`],
    ['a scalar', 'x'],
    ['a list', '- 1'],
    ['NUL', 'node: "\\0"'],
  ];
  for (const [what, text] of cases) {
    test(what, () => {
      const { errors, config } = load(text);
      assert.equal(config, undefined);
      assert.ok(errors.length > 0);
    });
  }
});

describe('whatever the file holds, loading ends with a configuration or with findings', () => {
  const key = fc.constantFrom(
    'domains',
    'sip',
    'xmpp',
    'listen',
    'components',
    'next_hops',
    'home',
    'secret',
    'file',
    '*',
    'x',
  );
  const leaf = fc.oneof(
    fc.constantFrom('sip', 'example.net', 'udp://[::]:5060', '*', '~', '', 'sip:a;lr'),
    fc.string(),
    fc.integer(),
    fc.constant(null),
    fc.boolean(),
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 5 },
      leaf,
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(key, tie('value')),
    ),
  }));

  test('maps and lists of known and unknown keys', () => {
    fc.assert(
      fc.property(fc.dictionary(key, value), (content) => {
        const { config, errors } = load(JSON.stringify(content));
        assert.equal(config === undefined, errors.length > 0);
        for (const line of errors) assert.match(line, /^\/etc\/s\.yaml:\d+:\d+: [^\n]+$/);
      }),
      { numRuns: 120 },
    );
  });

  test('a good file with characters changed', () => {
    fc.assert(
      fc.property(
        fc.nat(MINIMAL.length),
        fc.nat(3),
        fc.string({ unit: 'binary', maxLength: 3 }),
        (at, cut, text) => {
          const { config, errors } = load(MINIMAL.slice(0, at) + text + MINIMAL.slice(at + cut));
          assert.equal(config === undefined, errors.length > 0);
        },
      ),
      { numRuns: 120 },
    );
  });
});
