// Whatever peer and owner do, in whatever order: a leg tells one outcome, and leaves nothing behind.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatSdp } from '../../../src/sdp/index.ts';
import type { SipRequest } from '../../../src/sip/index.ts';
import { PHONE, ROMEO, sdp, SDP_FIELD, Stage } from './sip-stage.ts';

type Deed = (play: Play) => void;

class Play {
  readonly stage = new Stage({ timer: { interval: 90, minSe: 90 } });
  /** Requests of ours that have left, the last one first. */
  readonly requests: SipRequest[] = [];
  branch = 'b0';
  ends = 0;

  look(): void {
    const sent = this.stage.sent();
    for (const message of sent) if (message.kind === 'request') this.requests.unshift(message);
    this.ends += this.stage.host.events.splice(0).filter(({ kind }) => kind === 'sipEnded').length;
  }

  answer(status: number, method?: string, tag = 'peer', headers: readonly string[] = []): void {
    const request = this.requests.find(
      (one) => one.method !== 'ACK' && one.method === (method ?? one.method),
    );
    if (request === undefined) return;
    const withBody = request.method === 'INVITE' && status > 180 && status < 300;
    this.stage.respond(request, status, { tag, headers, ...(withBody ? { body: sdp(5000) } : {}) });
  }

  ask(method: string, body = ''): void {
    const headers = body === '' ? [`Contact: <${PHONE}>`] : [SDP_FIELD, `Contact: <${PHONE}>`];
    this.branch = this.stage.request({ method, headers, body });
  }
}

const OFFER = formatSdp(sdp(5002));
const RELIABLE = ['Require: 100rel', 'RSeq: 7'];

const DEEDS: Readonly<Record<string, Deed>> = {
  rings: (play) => play.stage.host.say({ kind: 'progress', status: 180 }),
  accepts: (play) => play.stage.host.say({ kind: 'accept', description: sdp(4000) }),
  leaves: (play) => play.stage.host.say({ kind: 'endSip', status: 486, cause: 486 }),
  changes: (play) => play.stage.host.say({ kind: 'change' }),
  says: (play) =>
    play.stage.host.say({ kind: 'answer', method: 'INVITE', status: 200, description: sdp(4002) }),
  refuses: (play) => play.stage.host.say({ kind: 'answer', method: 'INVITE', status: 488 }),
  saysUpdate: (play) =>
    play.stage.host.say({ kind: 'answer', method: 'UPDATE', status: 200, description: sdp(4002) }),
  trickles: (play) => play.stage.host.say({ kind: 'trickle', media: [] }),
  reinvite: (play) => play.ask('INVITE', OFFER),
  reinviteEmpty: (play) => play.ask('INVITE'),
  update: (play) => play.ask('UPDATE', OFFER),
  bye: (play) => play.ask('BYE'),
  info: (play) => play.ask('INFO'),
  prack: (play) => play.stage.request({ method: 'PRACK', headers: ['RAck: 7 1 INVITE'] }),
  ack: (play) => play.stage.ack(),
  ackFailure: (play) => play.stage.ackFailure(play.branch),
  cancel: (play) => {
    play.stage.request({ method: 'CANCEL', branch: play.branch });
  },
  trying: (play) => play.answer(100),
  ringing: (play) => play.answer(180, 'INVITE'),
  reliable: (play) => play.answer(183, 'INVITE', 'peer', RELIABLE),
  otherFork: (play) => play.answer(200, 'INVITE', 'fork'),
  ok: (play) => play.answer(200),
  okInvite: (play) => play.answer(200, 'INVITE'),
  glare: (play) => play.answer(491),
  busy: (play) => play.answer(486, 'INVITE'),
  gone: (play) => play.answer(481),
  small: (play) => play.answer(422, undefined, 'peer', ['Min-SE: 120']),
  soon: (play) => play.stage.time.advance(700),
  later: (play) => play.stage.time.advance(20_000),
};

const deeds = fc.array(fc.constantFrom(...Object.keys(DEEDS)), { maxLength: 25 });

for (const direction of ['comes', 'is made'] as const) {
  test(`a call that ${direction}`, () => {
    fc.assert(
      fc.property(deeds, (names) => {
        const play = new Play();
        const { stage } = play;
        if (direction === 'comes') play.branch = stage.invite({ headers: ['Supported: 100rel, timer'] });
        else {
          stage.start();
          play.look();
          stage.ourTag = play.requests[0]?.from.tag ?? '';
          stage.from = `<${ROMEO}>;tag=peer`;
        }
        for (const name of names) {
          DEEDS[name]?.(play);
          play.look();
        }
        stage.host.say({ kind: 'endSip', status: 480 });
        stage.time.advance(70_000);
        play.look();
        assert.equal(play.ends, 1);
        stage.assertNothingLeft();
      }),
      { numRuns: 300 },
    );
  });
}
