// Source: RFC 6120 §4.9; RFC 3920 §4.7.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { element, type XmlElement } from '../../../src/xml/index.ts';
import {
  backOffMs,
  DEFAULT_BACK_OFF,
  isStreamError,
  NS_STREAM,
  NS_STREAM_ERRORS,
  readStreamError,
  streamConditions,
  streamErrorElement,
  streamErrorMeaning,
} from '../../../src/xmpp/index.ts';

describe('RFC 6120 §4.9: stream errors', () => {
  test('§4.9.3: the 25 defined conditions', () => {
    assert.deepEqual(
      streamConditions.join(' '),
      'bad-format bad-namespace-prefix conflict connection-timeout host-gone host-unknown improper-addressing ' +
        'internal-server-error invalid-from invalid-namespace invalid-xml not-authorized not-well-formed ' +
        'policy-violation remote-connection-failed reset resource-constraint restricted-xml see-other-host ' +
        'system-shutdown undefined-condition unsupported-encoding unsupported-feature unsupported-stanza-type ' +
        'unsupported-version',
    );
  });

  for (const condition of streamConditions) {
    test(`${condition} is written and read`, () => {
      const el = streamErrorElement(condition, 'why');
      assert.ok(isStreamError(el));
      assert.deepEqual(readStreamError(el), { condition, text: 'why' });
    });
  }

  const odd: readonly (readonly [string, XmlElement, ReturnType<typeof readStreamError>])[] = [
    ['nothing', element('error', NS_STREAM), { condition: 'undefined-condition', text: undefined }],
    [
      'only text (jabberd 1.4)',
      element('error', NS_STREAM, {}, ' Invalid handshake '),
      { condition: 'undefined-condition', text: 'Invalid handshake' },
    ],
    [
      'RFC 3920 §4.7.3: xml-not-well-formed',
      element('error', NS_STREAM, {}, element('xml-not-well-formed', NS_STREAM_ERRORS)),
      { condition: 'not-well-formed', text: undefined },
    ],
    [
      'unknown condition',
      element('error', NS_STREAM, {}, element('toString', NS_STREAM_ERRORS)),
      { condition: 'undefined-condition', text: undefined },
    ],
    [
      'condition of another namespace',
      element('error', NS_STREAM, {}, element('conflict', 'urn:x')),
      { condition: 'undefined-condition', text: undefined },
    ],
    [
      'an application condition beside',
      element('error', NS_STREAM, {}, element('reset', NS_STREAM_ERRORS), element('x', 'urn:x')),
      { condition: 'reset', text: undefined },
    ],
    [
      'long text is cut',
      streamErrorElement('reset', 'x'.repeat(5000)),
      { condition: 'reset', text: 'x'.repeat(200) },
    ],
  ];
  for (const [what, el, expected] of odd) test(what, () => assert.deepEqual(readStreamError(el), expected));

  test('what somebody must change has a remedy', () => {
    for (const condition of ['not-authorized', 'host-unknown', 'conflict', 'invalid-namespace'] as const) {
      assert.notEqual(streamErrorMeaning(condition).remedy, '');
    }
    assert.equal(streamErrorMeaning('system-shutdown').retry, 'quick');
    assert.equal(streamErrorMeaning('not-authorized').retry, 'configuration');
  });
});

describe('COMP-06: back-off', () => {
  const table: readonly (readonly [number, 'quick' | 'ordinary' | 'configuration', number, number])[] = [
    [0, 'ordinary', 1000, 1250],
    [1, 'ordinary', 1500, 2000],
    [2, 'ordinary', 3000, 4000],
    [5, 'ordinary', 24_000, 32_000],
    [6, 'ordinary', 45_000, 60_000],
    [1000, 'ordinary', 45_000, 60_000],
    [0, 'configuration', 7500, 10_000],
    [3, 'configuration', 45_000, 60_000],
    [0, 'quick', 250, 500],
    [1, 'quick', 1500, 2000],
  ];
  for (const [failures, retry, least, most] of table) {
    test(`${retry} after ${failures} failures: ${least} … ${most} ms`, () => {
      assert.equal(backOffMs(failures, retry, 0), least);
      assert.equal(backOffMs(failures, retry, 1), most);
      const middle = backOffMs(failures, retry, 0.5);
      assert.ok(middle > least && middle < most, 'jitter');
    });
  }

  test('the limits are the operator’s', () => {
    const options = { ...DEFAULT_BACK_OFF, minMs: 10, maxMs: 40 };
    assert.equal(backOffMs(9, 'ordinary', 1, options), 40);
    assert.equal(backOffMs(0, 'configuration', 1, options), 40);
  });
});
