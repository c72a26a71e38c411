// Why a call ended, row by row of table 7.2, both ways.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { causeOfReason, reasonOfStatus, STATUS_OF_REASON } from '../../../src/interwork/call/index.ts';
import { REASONS } from '../../../src/xmpp/index.ts';

const ROWS: [string, string[], number][] = [
  ['CALL-50', ['busy'], 486],
  ['CALL-51', ['decline'], 603],
  ['CALL-52', ['cancel'], 480],
  ['CALL-53', ['timeout', 'expired'], 480],
  ['CALL-54', ['gone'], 480],
  ['CALL-55', ['alternative-session'], 486],
  [
    'CALL-56',
    ['unsupported-applications', 'failed-application', 'incompatible-parameters', 'media-error'],
    488,
  ],
  ['CALL-57', ['unsupported-transports', 'failed-transport'], 488],
  ['CALL-58', ['security-error'], 488],
  ['CALL-59', ['connectivity-error', 'general-error'], 500],
  ['CALL-60', ['success'], 480],
];
for (const [row, reasons, status] of ROWS) {
  test(`${row}: ${reasons.join(', ')} is ${status}`, () => {
    for (const reason of reasons) {
      const condition = REASONS.find((each) => each === reason);
      assert.ok(condition !== undefined, reason);
      assert.equal(STATUS_OF_REASON[condition], status);
    }
  });
}

test('XEP-0166 §7.4: every reason has its row', () => {
  assert.deepEqual(ROWS.flatMap(([, reasons]) => reasons).toSorted(), [...REASONS].toSorted());
});

const BACK: [string, number[], string | undefined][] = [
  ['CALL-70', [486, 600], 'busy'],
  ['CALL-71', [603, 607], 'decline'],
  ['CALL-72', [487], undefined],
  ['CALL-73', [408, 480, 504], 'timeout'],
  ['CALL-74', [404, 410, 484, 604], 'gone'],
  ['CALL-75', [301, 302], 'alternative-session'],
  ['CALL-76', [415, 488, 606], 'incompatible-parameters'],
  ['CALL-77', [401, 407, 433, 436, 437, 438, 494, 608], 'security-error'],
  ['CALL-77: practice', [403], 'decline'],
  ['CALL-78', [405, 420, 421, 501, 505], 'unsupported-applications'],
  ['CALL-79', [400, 402, 406, 413, 429, 481, 482, 483, 500, 502, 503, 513, 580, 699], 'general-error'],
];
for (const [row, statuses, reason] of BACK) {
  test(`${row}: ${statuses.join(', ')} is ${reason ?? 'nothing'}`, () => {
    for (const status of statuses) assert.equal(reasonOfStatus(status), reason, String(status));
  });
}

test('RFC 3326: the cause of a BYE, where it says anything', () => {
  const wanted: Record<string, number> = {
    ...{
      busy: 486,
      decline: 603,
      timeout: 408,
      expired: 408,
      'general-error': 500,
      'connectivity-error': 500,
    },
    ...{ 'media-error': 488, 'failed-application': 488, 'failed-transport': 488, 'security-error': 488 },
    ...{ 'incompatible-parameters': 488, 'unsupported-applications': 488, 'unsupported-transports': 488 },
  };
  for (const reason of REASONS) assert.equal(causeOfReason(reason), wanted[reason], reason);
});
