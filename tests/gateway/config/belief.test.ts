// What the configuration says of accounts, signed identities, rules and limits: read, defaults, and each fault with its
// place and its key.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { load, MINIMAL } from './support.ts';

const md5 = createHash('md5').update('bob:example.net:x').digest('hex');
const sha256 = createHash('sha256').update('bob:example.net:x').digest('hex');
const withSip = (line: string): string => MINIMAL.replace('  listen', `  ${line}\n  listen`);
const users = (...list: readonly string[]): string => withSip(`users: [${list.join(', ')}]`);

/** The findings of a file without the name of the file. */
function errorsOf(text: string, files: Readonly<Record<string, string>> = {}): string[] {
  return load(text, files).errors.map((line) => line.replace('/etc/s.yaml:', ''));
}

describe('sip.users', () => {
  test('a password; by default he is USER@REALM', () => {
    const { config, errors, warnings } = load(users('{ user: bob, realm: example.net, password: x }'));
    assert.deepEqual([errors, warnings], [[], []]);
    assert.deepEqual(config?.sip.users, [
      {
        ...{ user: 'bob', realm: 'example.net', from: ['bob@example.net'], secret: { password: 'x' } },
        web_phone: false,
      },
    ]);
  });

  test('web_phone without a listener of WebSocket does nothing, and says so', () => {
    const account = '{ user: bob, realm: example.net, password: x, web_phone: true }';
    const { config, errors, warnings } = load(users(account));
    assert.deepEqual([errors, config?.sip.users.map((each) => each.web_phone)], [[], [true]]);
    assert.match(warnings.join(), /sip\.users\[0\]\.web_phone: does nothing/);
    const heard = users(account).replace('listen: [', 'listen: ["ws://127.0.0.1:5066", ');
    assert.notEqual(heard, users(account));
    assert.deepEqual(load(heard).warnings, []);
  });

  test('hashes, from a file or in the text, told apart by their length', () => {
    const { config, errors } = load(
      users(
        `{ user: bob, realm: example.net, ha1: { file: ha1 } }`,
        `{ user: eve, realm: example.net, ha1: [${md5}, ${sha256.toUpperCase()}], from: ["*@Example.NET"] }`,
      ),
      { '/etc/ha1': `${md5}\n` },
    );
    assert.deepEqual(errors, []);
    assert.deepEqual(
      config?.sip.users.map(({ secret, from }) => [secret, from]),
      [
        [{ MD5: md5 }, ['bob@example.net']],
        [{ MD5: md5, 'SHA-256': sha256 }, ['*@example.net']],
      ],
    );
  });

  const faults: readonly (readonly [string, RegExp])[] = [
    [users('{ user: bob, realm: example.net }'), /^5:.*sip\.users\[0\]\.user: needs either password or ha1$/],
    [
      users(`{ user: bob, realm: example.net, password: x, ha1: ${md5} }`),
      /^5:.*sip\.users\[0\]\.ha1: needs either password or ha1$/,
    ],
    [
      users('{ user: bob, realm: example.net, ha1: abc }'),
      /sip\.users\[0\]\.ha1: is neither MD5 .* nor SHA-256/,
    ],
    [users('{ user: bob, realm: example.net, ha1: xyz }'), /sip\.users\[0\]\.ha1: is no hexadecimal hash$/],
    [users(`{ user: bob, realm: example.net, ha1: [${md5}, ${md5}] }`), /has two hashes of one algorithm$/],
    [
      users('{ user: bob, realm: "our phones", password: x }'),
      /sip\.users\[0\]\.from: is missing: the realm is no domain/,
    ],
    [
      users('{ user: bob, realm: example.net, password: x, from: [bob] }'),
      /from\[0\]: must look like user@domain/,
    ],
    [users('{ user: bob, realm: example.net, passwort: x }'), /passwort: .*did you mean password/],
    [
      users(
        '{ user: bob, realm: example.net, password: x }',
        '{ user: bob, realm: example.net, password: y }',
      ),
      /sip\.users\[1\]\.user: is sip\.users\[0\] already$/,
    ],
    [
      users(
        `{ user: a, realm: example.net, ha1: ${md5} }`,
        `{ user: b, realm: example.net, ha1: ${sha256} }`,
      ),
      /sip\.users\[1\]\.ha1: has none of sip\.digest_algorithms that all users of the realm "example.net"/,
    ],
    [withSip('digest_algorithms: [SHA256]'), /digest_algorithms\[0\]: .*did you mean SHA-256/],
  ];
  for (const [text, expected] of faults) {
    test(String(expected), () => {
      const errors = errorsOf(text);
      assert.equal(errors.length, 1, errors.join('\n'));
      assert.match(errors[0] ?? '', expected);
      assert.ok(!errors[0]?.includes(md5), 'no secret in a finding');
    });
  }

  test('an address that no "home: sip" rule covers is doubtful', () => {
    const { warnings } = load(users('{ user: bob, realm: example.org, password: x }'));
    assert.match(warnings[0] ?? '', /sip\.users\[0\].*: no "home: sip" rule covers this domain/);
  });

  test('with accounts nobody has to be trusted by his network', () => {
    const text = users('{ user: bob, realm: example.net, password: x }').replace(
      'trusted: ["127.0.0.1/32"]',
      'trusted: []',
    );
    assert.deepEqual(load(text).warnings, []);
    const nobody = MINIMAL.replace('trusted: ["127.0.0.1/32"]', 'trusted: []');
    assert.match(load(nobody).warnings[0] ?? '', /every SIP request is refused with 403$/);
  });
});

describe('sip.identity', () => {
  const pem = execFileSync('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
    ...['-subj', '/CN=test', '-keyout', '/dev/null'],
  ]).toString();

  test('hosts in the form of a URL, the text of the authorities, a minute', () => {
    const { config, errors } = load(
      withSip('identity: { hosts: [Cert.example.org, "cert.example.org:443", "[::1]:8443"], ca: ca.pem }'),
      { '/etc/ca.pem': pem },
    );
    assert.deepEqual(errors, []);
    assert.deepEqual(config?.sip.identity, {
      hosts: ['cert.example.org', 'cert.example.org', '[::1]:8443'],
      ca: pem.trimEnd(),
      fresh: 60,
    });
  });

  for (const [line, expected] of [
    ['identity: { ca: ca.pem }', /sip\.identity\.hosts: is missing$/],
    [
      'identity: { hosts: [a.example], ca: none.pem }',
      /identity\.ca: .*none\.pem cannot be read: there is no such file$/,
    ],
    ['identity: { hosts: [a.example], ca: text.pem }', /identity\.ca: holds no certificate in PEM$/],
    ['identity: { hosts: ["https://a.example/"], ca: ca.pem }', /identity\.hosts\[0\]: /],
    ['identity: { hosts: [a.example], ca: ca.pem, fresh: 0 }', /identity\.fresh: must be at least 1$/],
  ] as const) {
    test(line, () => {
      const errors = errorsOf(withSip(line), { '/etc/ca.pem': pem, '/etc/text.pem': 'hello' });
      assert.equal(errors.length, 1, errors.join('\n'));
      assert.match(errors[0] ?? '', expected);
    });
  }
});

describe('policy', () => {
  const policy = (...rules: readonly string[]): string => `${MINIMAL}policy: [${rules.join(', ')}]\n`;

  test('one or several of each, and what is so when nothing is said', () => {
    const { config, errors, warnings } = load(
      policy(
        '{ action: allow, from: a@example.net, to: [example.org, "*.example.org"], network: 10.0.0.0/8 }',
        '{ action: deny }',
      ),
    );
    assert.deepEqual([errors, warnings], [[], []]);
    assert.deepEqual(config?.policy, [
      {
        ...{ action: 'allow', direction: 'both', answer: 'forbidden' },
        ...{ from: ['a@example.net'], to: ['example.org', '*.example.org'], network: ['10.0.0.0/8'] },
      },
      { action: 'deny', direction: 'both', answer: 'forbidden' },
    ]);
  });

  for (const [rule, expected] of [
    ['{ from: example.net }', /policy\[0\]\.action: is missing; it is allow or deny$/],
    ['{ action: denny }', /policy\[0\]\.action: .*did you mean deny/],
    ['{ action: deny, direction: to-sipp }', /direction: .*did you mean to-sip/],
    ['{ action: deny, from: "bob@*.example.net" }', /policy\[0\]\.from: must be a domain/],
    ['{ action: deny, network: 10.0.0.1/8 }', /policy\[0\]\.network: has bits set beyond its prefix/],
    [
      '{ action: deny, direction: to-sip, network: 10.0.0.0/8 }',
      /policy\[0\]\.network: never fits a request from XMPP/,
    ],
    ['{ action: allow, reason: "x" }', /policy\[0\]\.reason: is told of what is denied only$/],
    ['{ action: deny, form: example.net }', /form: .*did you mean from/],
  ] as const) {
    test(rule, () => {
      const errors = errorsOf(policy(rule));
      assert.equal(errors.length, 1, errors.join('\n'));
      assert.match(errors[0] ?? '', /^10:\d+: /);
      assert.match(errors[0] ?? '', expected);
    });
  }

  test('what nothing ever reaches is doubtful', () => {
    const { warnings } = load(
      policy(
        '{ action: deny, direction: to-xmpp }',
        '{ action: allow, direction: to-xmpp }',
        '{ action: allow }',
      ),
    );
    assert.deepEqual(
      warnings.map((line) => line.replace(/^.*warning: /, '')),
      ['policy[1]: can never be reached: policy[0] decides everything before it'],
    );
  });
});

describe('limits', () => {
  test('each by itself', () => {
    const { config, errors } = load(
      `${MINIMAL}limits: { user: { rate: 0.5 }, peer: { rate: 100, burst: 300 } }\n`,
    );
    assert.deepEqual(errors, []);
    assert.deepEqual(config?.limits, { user: { rate: 0.5 }, peer: { rate: 100, burst: 300 } });
  });
  for (const [limits, expected] of [
    ['{ user: { rate: 0 } }', /limits\.user\.rate: must be at least 0\.01$/],
    ['{ user: { burst: 3 } }', /limits\.user\.rate: is missing$/],
    ['{ users: { rate: 3 } }', /users: .*did you mean user/],
    ['{ user: 10 }', /limits\.user: must be a map of keys, not a number$/],
  ] as const) {
    test(limits, () => {
      const errors = errorsOf(`${MINIMAL}limits: ${limits}\n`);
      assert.equal(errors.length, 1, errors.join('\n'));
      assert.match(errors[0] ?? '', expected);
    });
  }
});
