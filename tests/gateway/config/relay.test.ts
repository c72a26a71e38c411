// `media_relay`: what is read, and what is said of a mistake, with line, key and suggestion.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { load, MINIMAL } from './support.ts';

const ONE = 'instances: ["10.0.0.7:2223"]';

test('the least: one instance, for all calls that need it', () => {
  const { config, warnings } = load(`${MINIMAL}media_relay: { ${ONE} }\n`);
  assert.deepEqual(warnings, []);
  assert.deepEqual(config?.media_relay, {
    instances: [{ host: '10.0.0.7', port: 2223 }],
    rules: [{ sip: '*', xmpp: '*', profile: 'webrtc-to-rtp', when: 'needed' }],
  });
});

test('everything', () => {
  const { config, warnings } = load(`${MINIMAL}media_relay:
  instances: ["10.0.0.7:2223", "[2001:db8::7]:2223"]
  rules:
    - { sip: example.net, xmpp: example.org, profile: webrtc-to-srtp, when: always, interfaces: { sip: inner, xmpp: outer } }
    - { profile: webrtc-to-dtls-srtp }
`);
  assert.deepEqual(warnings, []);
  assert.deepEqual(config?.media_relay?.instances[1], { host: '2001:db8::7', port: 2223 });
  assert.deepEqual(config?.media_relay?.rules[0], {
    ...{ sip: 'example.net', xmpp: 'example.org', profile: 'webrtc-to-srtp', when: 'always' },
    interfaces: { sip: 'inner', xmpp: 'outer' },
  });
});

describe('mistakes', () => {
  const cases: [string, RegExp][] = [
    ['{}', /:10:\d+: media_relay\.instances: is missing/],
    ['{ instances: [] }', /instances: needs at least 1 entry/],
    ['{ instances: ["10.0.0.7"] }', /instances\[0\]: the port is missing/],
    [
      '{ instances: ["relay.example.net:2223"] }',
      /instances\[0\]: "relay\.example\.net" is a name; .*address/,
    ],
    ['{ instances: ["10.0.0.7:0"] }', /instances\[0\]: "0" is not a port/],
    [
      '{ instances: ["10.0.0.7:2223", "10.0.0.7:2223"] }',
      /instances\[1\]: is the same as media_relay\.instances\[0\]/,
    ],
    [`{ ${ONE}, rules: [] }`, /rules: needs at least 1 entry/],
    [`{ ${ONE}, rule: [{}] }`, /media_relay\.rule: is not a key.*rules/],
    [
      `{ ${ONE}, rules: [{ profile: webrtc-to-rpt }] }`,
      /rules\[0\]\.profile: is "webrtc-to-rpt"; it must be .*webrtc-to-rtp/,
    ],
    [`{ ${ONE}, rules: [{ when: allways }] }`, /rules\[0\]\.when: is "allways".*always/],
    [
      `{ ${ONE}, rules: [{ profile: webrtc-to-webrtc }] }`,
      /rules\[0\]\.profile: webrtc-to-webrtc .*"when: always"/,
    ],
    [`{ ${ONE}, rules: [{ interfaces: { sip: inner } }] }`, /rules\[0\]\.interfaces\.xmpp: is missing/],
    [`{ ${ONE}, rules: [{ sip: "a*b" }] }`, /rules\[0\]\.sip: "\*" stands alone or in front/],
  ];
  for (const [text, message] of cases) {
    test(text, () => {
      const { errors } = load(`${MINIMAL}media_relay: ${text}\n`);
      assert.equal(errors.length, 1, errors.join('\n'));
      assert.match(errors[0] ?? '', message);
    });
  }
});

describe('what is doubtful', () => {
  const cases: [string, RegExp][] = [
    [
      '[{}, { sip: example.net }]',
      /rules\[1\]: never decides: media_relay\.rules\[0\] fits all of its calls/,
    ],
    ['[{ sip: example.com }]', /rules\[0\]\.sip: no rule of "domains" with "home: sip" has such a domain/],
    ['[{ xmpp: example.net }]', /rules\[0\]\.xmpp: no rule of "domains" with "home: xmpp" has such a domain/],
  ];
  for (const [rules, message] of cases) {
    test(rules, () => {
      const { errors, warnings } = load(`${MINIMAL}media_relay: { ${ONE}, rules: ${rules} }\n`);
      assert.deepEqual(errors, []);
      assert.equal(warnings.length, 1, warnings.join('\n'));
      assert.match(warnings[0] ?? '', message);
    });
  }
});
