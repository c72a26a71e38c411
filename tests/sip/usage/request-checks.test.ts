// RFC 3261 §8.2, in its order, one row a rule.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { utf8Bytes } from '../../../src/base/index.ts';
import { parseMessage, type SipRequest } from '../../../src/sip/index.ts';
import { capabilityHeaders, checkRequest, type Capabilities } from '../../../src/sip/usage/request-checks.ts';

const CAN: Capabilities = {
  methods: ['MESSAGE', 'OPTIONS', 'CANCEL', 'ACK'],
  schemes: ['sip', 'sips'],
  extensions: ['eventlist'],
  acceptTypes: ['text/plain', 'message/cpim', 'multipart/*'],
};

interface Parts {
  readonly method?: string;
  readonly uri?: string;
  readonly hops?: number | undefined;
  readonly fields?: readonly string[];
  readonly body?: string;
}

function request({
  method = 'MESSAGE',
  uri = 'sip:a@example.com',
  hops = 70,
  fields = [],
  body = '',
}: Parts): SipRequest {
  const lines = [
    `${method} ${uri} SIP/2.0`,
    'Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1',
    `Max-Forwards: ${hops}`,
    'From: <sip:b@example.net>;tag=1',
    'To: <sip:a@example.com>',
    'Call-ID: c',
    `CSeq: 1 ${method}`,
    ...fields,
    `Content-Length: ${body.length}`,
    '',
    body,
  ];
  const parsed = parseMessage(utf8Bytes(lines.join('\r\n')), { stream: false });
  if (parsed.kind === 'malformed' || parsed.message.kind !== 'request') assert.fail('not a request');
  return parsed.message;
}

const TEXT = ['Content-Type: text/plain'];

/** Expected: undefined passes, else status and header fields "Name: value". */
const ROWS: readonly (readonly [string, Parts, readonly [number, ...string[]] | undefined])[] = [
  ['a MESSAGE', { fields: TEXT, body: 'x' }, undefined],
  [
    '§8.2.1: a method that is known, but not here',
    { method: 'REGISTER' },
    [405, 'Allow: MESSAGE, OPTIONS, CANCEL, ACK'],
  ],
  [
    '§21.5.2: a method that nobody knows',
    { method: 'NEWMETHOD' },
    [501, 'Allow: MESSAGE, OPTIONS, CANCEL, ACK'],
  ],
  [
    '§7.1: methods are compared with case',
    { method: 'message' },
    [501, 'Allow: MESSAGE, OPTIONS, CANCEL, ACK'],
  ],
  ['§8.2.2.1: tel', { uri: 'tel:+15551234' }, [416]],
  [
    '§8.2.2.1: an unknown scheme (RFC 4475 §3.3.2)',
    { uri: 'nobodyKnowsThisScheme:totallyopaquecontent' },
    [416],
  ],
  ['§19.1: schemes without case', { uri: 'SIP:a@example.com' }, undefined],
  ['sips', { uri: 'sips:a@example.com' }, undefined],
  [
    '§8.2.2.3: options not understood, only those',
    { fields: ['Require: eventlist, nothing, more'] },
    [420, 'Unsupported: nothing, more'],
  ],
  [
    '§8.2.2.3: in several fields',
    { fields: ['Require: one', 'Require: EventList, two'] },
    [420, 'Unsupported: one, two'],
  ],
  ['§8.2.2.3: what is understood', { fields: ['Require: EVENTLIST'] }, undefined],
  ['§20.29: Proxy-Require is for proxies', { fields: ['Proxy-Require: nothing'] }, undefined],
  ['§25.1: a broken Require', { fields: ['Require: a b'] }, [400]],
  [
    '§8.2.3: a type not understood',
    { fields: ['Content-Type: application/sdp'], body: 'x' },
    [415, 'Accept: text/plain, message/cpim, multipart/*'],
  ],
  [
    '§8.2.3: types without case, with parameters',
    { fields: ['Content-Type: TEXT/Plain;charset=UTF-8'], body: 'x' },
    undefined,
  ],
  ['a range in the list', { fields: ['Content-Type: multipart/mixed;boundary=b'], body: 'x' }, undefined],
  [
    'a longer subtype is another',
    { fields: ['Content-Type: text/xplain'], body: 'x' },
    [415, 'Accept: text/plain, message/cpim, multipart/*'],
  ],
  [
    'a type that begins as another',
    { fields: ['Content-Type: tex/plain'], body: 'x' },
    [415, 'Accept: text/plain, message/cpim, multipart/*'],
  ],
  [
    'a shorter subtype is another',
    { fields: ['Content-Type: text/lain'], body: 'x' },
    [415, 'Accept: text/plain, message/cpim, multipart/*'],
  ],
  [
    'another subtype of the same length',
    { fields: ['Content-Type: text/other'], body: 'x' },
    [415, 'Accept: text/plain, message/cpim, multipart/*'],
  ],
  [
    'a type that begins as a range',
    { fields: ['Content-Type: multi/x'], body: 'x' },
    [415, 'Accept: text/plain, message/cpim, multipart/*'],
  ],
  ['without a body its type does not matter', { fields: ['Content-Type: application/sdp'] }, undefined],
  ['§20.15: a body without a type', { body: 'x' }, [400]],
  ['§25.1: a broken Content-Type', { fields: ['Content-Type: text'], body: 'x' }, [400]],
  [
    '§20.11: handling=optional',
    { fields: ['Content-Type: application/x', 'Content-Disposition: render;handling=optional'], body: 'x' },
    undefined,
  ],
  [
    '§20.11: handling=required',
    { fields: ['Content-Type: application/x', 'Content-Disposition: render;handling=required'], body: 'x' },
    [415, 'Accept: text/plain, message/cpim, multipart/*'],
  ],
  [
    '§8.2.3: an encoding not understood',
    { fields: [...TEXT, 'Content-Encoding: gzip'], body: 'x' },
    [415, 'Accept-Encoding: identity'],
  ],
  ['identity is no encoding', { fields: [...TEXT, 'Content-Encoding: identity'], body: 'x' }, undefined],
  ['a language, when all are welcome', { fields: [...TEXT, 'Content-Language: tlh'], body: 'x' }, undefined],
  ['§16.3: no hops left', { hops: 0, fields: TEXT, body: 'x' }, [483]],
  ['§16.3: one hop left', { hops: 1, fields: TEXT, body: 'x' }, undefined],
  ['§11: OPTIONS with no hops left is for us', { method: 'OPTIONS', hops: 0 }, undefined],
  [
    '§9.2, §8.2.2.3: CANCEL is never refused',
    { method: 'CANCEL', uri: 'tel:+1', hops: 0, fields: ['Require: x'] },
    undefined,
  ],
  [
    '§17: ACK is never answered',
    { method: 'ACK', uri: 'tel:+1', hops: 0, fields: ['Require: x'] },
    undefined,
  ],
  // The order of §8.2 where several are wrong at once.
  [
    'method before scheme',
    { method: 'REGISTER', uri: 'tel:+1', fields: ['Require: x'] },
    [405, 'Allow: MESSAGE, OPTIONS, CANCEL, ACK'],
  ],
  ['scheme before Require', { uri: 'tel:+1', fields: ['Require: x'] }, [416]],
  [
    'Require before content',
    { fields: ['Require: x', 'Content-Type: a/b'], body: 'x' },
    [420, 'Unsupported: x'],
  ],
  [
    'content before hops',
    { hops: 0, fields: ['Content-Type: a/b'], body: 'x' },
    [415, 'Accept: text/plain, message/cpim, multipart/*'],
  ],
];

describe('RFC 3261 §8.2: checks of a request', () => {
  for (const [name, parts, expected] of ROWS) {
    test(`${name} → ${expected?.[0] ?? 'passes'}`, () => {
      const rejection = checkRequest(request(parts), CAN);
      const seen =
        rejection === undefined
          ? undefined
          : [rejection.status, ...rejection.headers.map((field) => `${field.name}: ${field.value}`)];
      assert.deepEqual(seen, expected);
    });
  }

  test('§8.2.3: a language not understood → 415 with Accept-Language', () => {
    const can = { ...CAN, languages: ['en', 'de'] };
    const fields = (tag: string): Parts => ({ fields: [...TEXT, `Content-Language: ${tag}`], body: 'x' });
    assert.equal(checkRequest(request(fields('de-AT')), can), undefined);
    assert.equal(checkRequest(request(fields('EN')), can), undefined);
    const rejection = checkRequest(request(fields('eng')), can);
    assert.equal(rejection?.status, 415);
    assert.deepEqual(
      rejection.headers.map((field) => `${field.name}: ${field.value}`),
      ['Accept-Language: en, de'],
    );
  });

  test('§11.2: what the answer to OPTIONS says', () => {
    assert.deepEqual(
      capabilityHeaders(CAN).map((field) => `${field.name}: ${field.value}`),
      [
        'Allow: MESSAGE, OPTIONS, CANCEL, ACK',
        'Accept: text/plain, message/cpim, multipart/*',
        'Accept-Encoding: identity',
        'Accept-Language: *',
        'Supported: eventlist',
      ],
    );
  });
});
