// Every final failure that a phone can answer a call with: sipp answers, over UDP and TCP, and hears its ACK; the caller's client is told
// the reason of the row and the phrase as its text (CALL-11, CALL-70 to CALL-79), and the operator one outcome. The XMPP server is that
// of the system tests and not a real one: a hundred calls at once are about what SIP says, and stanzas that differ in one word.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { callee, hears } from '../peers/sipp-scenario.ts';
import { CallCrowd } from './call-crowd.ts';
import { SIP_HOME, SippRig, TRANSPORTS } from './sipp-rig.ts';

/** Reason and outcome by the tables 7.2 of the interworking rows. */
type Row = readonly [row: string, statuses: readonly number[], reason: string, outcome: string];

const ROWS: readonly Row[] = [
  ['CALL-70', [486, 600], 'busy', 'busy'],
  ['CALL-71', [603, 607], 'decline', 'declined'],
  // Nobody here had cancelled.
  ['CALL-79', [487], 'general-error', 'failed'],
  ['CALL-73', [408, 480], 'timeout', 'noAnswer'],
  ['CALL-73', [504], 'timeout', 'failed'],
  ['CALL-74', [404, 410, 484, 604], 'gone', 'failed'],
  ['CALL-75', [301, 302], 'alternative-session', 'failed'],
  ['CALL-76', [415, 488, 606], 'incompatible-parameters', 'failed'],
  ['CALL-77', [401, 407, 433, 436, 437, 438, 494, 608], 'security-error', 'failed'],
  ['CALL-77', [403], 'decline', 'declined'],
  ['CALL-78', [405, 420, 421, 501, 505], 'unsupported-applications', 'failed'],
  [
    'CALL-79',
    [300, 305, 380, 400, 402, 406, 412, 413, 414, 416, 417, 422, 423, 424, 428, 429],
    'general-error',
    'failed',
  ],
  ['CALL-79', [430, 439, 440, 469, 470, 481, 482, 483, 485, 489, 491, 493], 'general-error', 'failed'],
  ['CALL-79', [500, 502, 503, 513, 555, 580, 605, 699], 'general-error', 'failed'],
];
const STATUSES = ROWS.flatMap(([, statuses]) => statuses);
/** `s486@` is answered with 486. */
const PLANS = Object.fromEntries(
  STATUSES.map((status) => [
    `s${status}`,
    [callee.answers(status, { reason: `Why ${status}` }), hears('ACK')],
  ]),
);

describe('a phone that refuses (sipp)', () => {
  let sipp: SippRig;
  let crowd: CallCrowd;

  before(async () => {
    sipp = await SippRig.open();
    crowd = new CallCrowd(sipp.rig);
  });
  after(() => sipp.close());

  for (const transport of TRANSPORTS) {
    test(`each status, over ${transport}: its ACK, its reason, one outcome`, async () => {
      const phone = await sipp.phone(transport, [callee.byName(PLANS)], { count: STATUSES.length });
      const calls = STATUSES.map(
        (status) =>
          // Each by somebody else: nobody has more than a few calls at once.
          [status, crowd.call(`u${status}`, `s${status}@${SIP_HOME[transport]}`)] as const,
      );
      // The ACKs.
      await phone.met();
      await crowd.ended();
      const told = new Map(calls.map(([status, call]) => [status, call]));
      for (const [row, statuses, reason, outcome] of ROWS) {
        for (const status of statuses) {
          const { sid, condition, text, heard } = told.get(status) ?? assert.fail();
          const what = `${row}: ${status}`;
          assert.equal(condition, reason, what);
          assert.equal(text, `Why ${status}`, what);
          assert.deepEqual(await sipp.outcomes(sid), [outcome], what);
          assert.equal(heard.filter((each) => each === 'session-terminate').length, 1, what);
        }
      }
    });
  }
});
