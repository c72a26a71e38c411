// The error tables, row by row. Expected values are from RFC 7247 §7 (Tables 2 and 3) with the practice column.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { reasonPhrase } from '../../src/sip/index.ts';
import {
  stanzaConditions,
  type StanzaCondition,
  type StanzaError,
  type StanzaErrorType,
} from '../../src/xmpp/index.ts';
import {
  failureToStanzaError,
  gatewayResponse,
  gatewayStanzaError,
  locateFaultToStanzaError,
  responseToStanzaError,
  stanzaErrorToResponse,
  type GatewayCondition,
} from '../../src/mapping/index.ts';

function error(condition: StanzaCondition, details: Partial<StanzaError> = {}): StanzaError {
  return { type: 'cancel', condition, ...details };
}

function status(
  condition: StanzaCondition,
  method: string,
  full: boolean,
  details: Partial<StanzaError> = {},
): number {
  return stanzaErrorToResponse(error(condition, details), { method, full }).status;
}

describe('RFC 7247 Table 2: stanza error → status of a response to MESSAGE', () => {
  const rows: readonly [string, StanzaCondition, number, number][] = [
    ['ERR-X01', 'bad-request', 400, 400],
    ['ERR-X02', 'conflict', 400, 400],
    ['ERR-X03', 'feature-not-implemented', 405, 501],
    ['ERR-X04', 'forbidden', 403, 603],
    ['ERR-X06', 'gone', 410, 410],
    ['ERR-X07', 'internal-server-error', 500, 500],
    ['ERR-X08', 'item-not-found', 404, 604],
    ['ERR-X09', 'jid-malformed', 400, 400],
    ['ERR-X10', 'not-acceptable', 406, 606],
    ['ERR-X11', 'not-allowed', 403, 403],
    ['ERR-X12', 'not-authorized', 403, 403],
    ['ERR-X13', 'policy-violation', 403, 403],
    ['ERR-X14', 'recipient-unavailable', 480, 600],
    ['ERR-X15 without address', 'redirect', 480, 480],
    ['ERR-X16', 'registration-required', 403, 403],
    ['ERR-X17', 'remote-server-not-found', 404, 404],
    ['ERR-X18', 'remote-server-timeout', 504, 504],
    ['ERR-X19', 'resource-constraint', 500, 500],
    ['ERR-X20', 'service-unavailable', 480, 480],
    ['ERR-X21', 'subscription-required', 400, 400],
    ['ERR-X22', 'undefined-condition', 400, 400],
    ['ERR-X23', 'unexpected-request', 400, 400],
    ['ERR-X24', 'payment-required', 402, 402],
  ];
  for (const [row, condition, full, bare] of rows) {
    test(`${row}: ${condition}`, () => {
      assert.equal(status(condition, 'MESSAGE', true), full);
      assert.equal(status(condition, 'MESSAGE', false), bare);
    });
  }
  test('every condition has its row', () => {
    assert.deepEqual(
      [...new Set(rows.map(([, condition]) => condition))].sort(),
      [...stanzaConditions].sort(),
    );
  });
});

describe('rows that depend on the method', () => {
  test('ERR-X10: 488 to INVITE', () => assert.equal(status('not-acceptable', 'INVITE', true), 488));
  test('ERR-X18: 408 to INVITE only (RFC 4320 §4.2)', () =>
    assert.equal(status('remote-server-timeout', 'INVITE', true), 408));
  test('ERR-X20: 480 to INVITE, 403 to SUBSCRIBE', () => {
    assert.equal(status('service-unavailable', 'INVITE', false), 480);
    assert.equal(status('service-unavailable', 'SUBSCRIBE', false), 403);
  });
  test('ERR-X23: 491 to INVITE and UPDATE in a dialog', () => {
    const inDialog = (method: string): number =>
      stanzaErrorToResponse(error('unexpected-request'), { method, full: true, inDialog: true }).status;
    assert.deepEqual(['INVITE', 'UPDATE', 'MESSAGE'].map(inDialog), [491, 491, 400]);
    assert.equal(status('unexpected-request', 'INVITE', true), 400);
  });
  test('ERR-R10: no condition of any type is a 408 to a non-INVITE, none a 503 to anything', () => {
    for (const condition of stanzaConditions) {
      for (const method of ['MESSAGE', 'OPTIONS', 'SUBSCRIBE', 'NOTIFY', 'BYE', 'INVITE']) {
        for (const full of [true, false]) {
          const answer = status(condition, method, full);
          assert.ok(answer !== 503 && (method === 'INVITE' || answer !== 408), `${condition} ${method}`);
          assert.ok(answer >= 400 && answer < 700);
        }
      }
    }
  });
});

describe('ERR-X25: no condition that is defined', () => {
  const rows: readonly [StanzaErrorType, number][] = [
    ['auth', 403],
    ['cancel', 500],
    ['continue', 500],
    ['modify', 400],
    ['wait', 480],
  ];
  for (const [type, expected] of rows) {
    test(type, () =>
      assert.equal(status('undefined-condition', 'MESSAGE', true, { type, unrecognized: true }), expected),
    );
  }
});

describe('headers and reason phrase', () => {
  const answer = (
    condition: StanzaCondition,
    details: Partial<StanzaError> = {},
    contactFor?: (address: string) => string | undefined,
  ) => {
    const { status, reason, headers } = stanzaErrorToResponse(error(condition, details), {
      method: 'MESSAGE',
      full: true,
      allow: 'MESSAGE, OPTIONS',
      ...(contactFor === undefined ? {} : { contactFor }),
    });
    return [status, reason, headers.map(({ name, value }) => `${name}: ${value}`)];
  };
  const contact = (): string => 'sip:romeo@afterlife.example.net';
  test('ERR-X05: gone with an address is 301, Contact = mapped address', () => {
    assert.deepEqual(answer('gone', { address: 'xmpp:romeo@afterlife.example.net' }, contact), [
      301,
      'Moved Permanently',
      ['Contact: <sip:romeo@afterlife.example.net>'],
    ]);
  });
  test('ERR-X15: redirect with an address is 302', () => {
    assert.deepEqual(answer('redirect', { address: 'xmpp:romeo@afterlife.example.net' }, contact), [
      302,
      'Moved Temporarily',
      ['Contact: <sip:romeo@afterlife.example.net>'],
    ]);
  });
  test('an address that SIP has no name for is none', () => {
    assert.equal(answer('gone', { address: 'http://x/' }, () => undefined)[0], 410);
    assert.equal(answer('redirect', { address: 'http://x/' })[0], 480);
    assert.equal(answer('item-not-found', { address: 'xmpp:a@b' }, contact)[0], 404);
  });
  test('nothing but one URI gets into Contact', () => {
    for (const evil of ['sip:a@b\r\nX: y', 'sip:a@b>,<sip:c@d', 'sip:a@b c', 'no uri', 'x:y>,<sip:c@d']) {
      assert.equal(answer('gone', { address: 'x' }, () => evil)[0], 410, evil);
    }
  });
  test('ERR-X03: 405 has Allow (RFC 3261 §21.4.6)', () => {
    assert.deepEqual(answer('feature-not-implemented'), [
      405,
      'Method Not Allowed',
      ['Allow: MESSAGE, OPTIONS'],
    ]);
  });
  test('ERR-X19: Retry-After', () => {
    assert.deepEqual(answer('resource-constraint')[2], ['Retry-After: 30']);
  });
  test('ERR-X26: text becomes the reason phrase, on one line, bounded', () => {
    assert.equal(answer('forbidden', { text: 'Nicht für dich' })[1], 'Nicht für dich');
    assert.equal(answer('forbidden', { text: ' a\r\nX: b\u0000\u0085 ' })[1], 'a X: b');
    assert.equal(answer('forbidden', { text: '' })[1], 'Forbidden');
    assert.equal(answer('forbidden', { text: '\r\n' })[1], 'Forbidden');
    assert.equal(String(answer('forbidden', { text: `${'x'.repeat(199)}😀` })[1]).length, 200);
    assert.ok(String(answer('forbidden', { text: `${'x'.repeat(199)}😀` })[1]).isWellFormed());
  });
});

describe('RFC 7247 Table 3: response → stanza error', () => {
  const rows: readonly [number, StanzaCondition, StanzaErrorType][] = [
    [300, 'redirect', 'modify'],
    [301, 'gone', 'cancel'],
    [302, 'redirect', 'modify'],
    [305, 'redirect', 'modify'],
    [380, 'not-acceptable', 'modify'],
    [399, 'redirect', 'modify'],
    [400, 'bad-request', 'modify'],
    [401, 'not-authorized', 'auth'],
    [402, 'bad-request', 'modify'],
    [403, 'forbidden', 'auth'],
    [404, 'item-not-found', 'cancel'],
    [405, 'feature-not-implemented', 'cancel'],
    [406, 'not-acceptable', 'modify'],
    [407, 'registration-required', 'auth'],
    [408, 'remote-server-timeout', 'wait'],
    [409, 'bad-request', 'modify'],
    [410, 'gone', 'cancel'],
    [413, 'policy-violation', 'modify'],
    [414, 'policy-violation', 'modify'],
    [415, 'not-acceptable', 'modify'],
    [416, 'not-acceptable', 'modify'],
    [420, 'feature-not-implemented', 'cancel'],
    [421, 'not-acceptable', 'modify'],
    [422, 'bad-request', 'modify'],
    [423, 'resource-constraint', 'wait'],
    [428, 'bad-request', 'modify'],
    [430, 'recipient-unavailable', 'wait'],
    [433, 'bad-request', 'modify'],
    [436, 'bad-request', 'modify'],
    [437, 'bad-request', 'modify'],
    [438, 'bad-request', 'modify'],
    [439, 'feature-not-implemented', 'cancel'],
    [440, 'policy-violation', 'modify'],
    [469, 'bad-request', 'modify'],
    [470, 'bad-request', 'modify'],
    [480, 'recipient-unavailable', 'wait'],
    [481, 'item-not-found', 'cancel'],
    [482, 'not-acceptable', 'modify'],
    [483, 'not-acceptable', 'modify'],
    [484, 'item-not-found', 'cancel'],
    [485, 'item-not-found', 'cancel'],
    [486, 'recipient-unavailable', 'wait'],
    [487, 'recipient-unavailable', 'wait'],
    [488, 'not-acceptable', 'modify'],
    [489, 'policy-violation', 'modify'],
    [491, 'unexpected-request', 'wait'],
    [493, 'bad-request', 'modify'],
    [494, 'bad-request', 'modify'],
    [500, 'internal-server-error', 'cancel'],
    [501, 'feature-not-implemented', 'cancel'],
    [502, 'remote-server-not-found', 'cancel'],
    [503, 'internal-server-error', 'cancel'],
    [504, 'remote-server-timeout', 'wait'],
    [505, 'not-acceptable', 'modify'],
    [513, 'policy-violation', 'modify'],
    [555, 'internal-server-error', 'cancel'],
    [580, 'internal-server-error', 'cancel'],
    [600, 'recipient-unavailable', 'wait'],
    [603, 'recipient-unavailable', 'wait'],
    [604, 'item-not-found', 'cancel'],
    [606, 'not-acceptable', 'modify'],
    [607, 'recipient-unavailable', 'wait'],
    [608, 'recipient-unavailable', 'wait'],
  ];
  for (const [code, condition, type] of rows) {
    test(`ERR-S${code}`, () => {
      const mapped = responseToStanzaError(code, 'Because');
      assert.deepEqual(
        [mapped.condition, mapped.type, mapped.text, mapped.lang],
        [condition, type, 'Because', 'en'],
      );
    });
  }
  test('every status from 300 to 699 by the rule of its class', () => {
    const listed = new Set(rows.map(([code]) => code));
    const classes: Readonly<Record<string, StanzaCondition>> = {
      3: 'redirect',
      4: 'bad-request',
      5: 'internal-server-error',
      6: 'recipient-unavailable',
    };
    for (let code = 300; code < 700; code++) {
      if (!listed.has(code))
        assert.equal(responseToStanzaError(code, '').condition, classes[String(code)[0] ?? ''], String(code));
    }
  });
  test('ERR-S1xx2xx: 1xx and 2xx are no errors', () => {
    for (const code of [100, 180, 200, 202, 299, 700])
      assert.throws(() => responseToStanzaError(code, ''), RangeError);
  });
  test('ERR-S-txt: the phrase of the status stands for an empty one; XML can hold the text', () => {
    assert.equal(responseToStanzaError(404, '').text, reasonPhrase(404));
    assert.equal(responseToStanzaError(404, 'a\u0000b\u001b').text, 'a\ufffdb\ufffd');
  });
  test('ERR-S301, S302, S300: the new address; ERR-S410: none', () => {
    const contact = 'xmpp:romeo@afterlife.example.net';
    for (const code of [300, 301, 302, 305, 399])
      assert.equal(responseToStanzaError(code, '', { contact }).address, contact);
    for (const code of [380, 404, 410])
      assert.equal(responseToStanzaError(code, '', { contact }).address, undefined);
    assert.equal(responseToStanzaError(301, '').address, undefined);
  });
});

describe('where no response came', () => {
  test('RFC 3261 §8.1.3.1: timeout, transport', () => {
    for (const failure of ['timeout', 'transport'] as const) {
      const mapped = failureToStanzaError(failure);
      assert.deepEqual([mapped.condition, mapped.type], ['remote-server-timeout', 'wait']);
    }
  });
  test('row DNS-05: no server', () => {
    const conditions = (
      ['unresolvable', 'dns-timeout', 'refused', 'no-transport', 'not-connected'] as const
    ).map((code) => locateFaultToStanzaError(code).condition);
    assert.deepEqual(conditions, [
      'remote-server-not-found',
      'remote-server-timeout',
      'remote-server-not-found',
      'remote-server-not-found',
      // RFC 3261 §21.4.18 by ERR-S480.
      'recipient-unavailable',
    ]);
  });
});

describe("the gateway's own conditions", () => {
  const rows: readonly [GatewayCondition, number, string[], StanzaCondition, StanzaErrorType][] = [
    ['ERR-G1', 503, [], 'remote-server-timeout', 'wait'],
    ['ERR-G2', 480, ['Retry-After: 10'], 'resource-constraint', 'wait'],
    ['ERR-G3', 403, [], 'forbidden', 'auth'],
    ['ERR-G4', 500, [], 'internal-server-error', 'wait'],
    ['ERR-G5', 503, [], 'remote-server-timeout', 'wait'],
    ['ERR-G6', 404, [], 'item-not-found', 'cancel'],
    ['ERR-G7', 403, [], 'forbidden', 'auth'],
    ['loop', 482, [], 'remote-server-not-found', 'cancel'],
  ];
  for (const [condition, code, headers, stanzaCondition, type] of rows) {
    test(condition, () => {
      const response = gatewayResponse(condition);
      assert.equal(response.status, code);
      assert.equal(response.reason, reasonPhrase(code));
      assert.deepEqual(
        response.headers.map(({ name, value }) => `${name}: ${value}`),
        headers,
      );
      const stanza = gatewayStanzaError(condition);
      assert.deepEqual([stanza.condition, stanza.type], [stanzaCondition, type]);
    });
  }
});
