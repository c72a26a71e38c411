// Changes of both sides that cross within machine K, one by one (CALL-14, CALL-15, CALL-20, CALL-25). That they agree in the
// end, whatever crosses, is the property of changes.test.ts.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CallEffect, CallEvent } from '../../../src/interwork/call/index.ts';
import { directionOf, type SessionDescription } from '../../../src/sdp/index.ts';
import { jingleError } from '../../../src/xmpp/index.ts';
import { contentOf, sdpOf } from './call-play.ts';
import { callIn, info, jingle, words, type Call } from './call-states.ts';

const VOICE = { name: '0', creator: 'initiator' } as const;
const CAM = { name: 'cam', creator: 'responder' } as const;
const DUE: CallEvent = { kind: 'offerDue' };
const ADD = jingle('content-add', [contentOf('cam', 'responder', 'video')]);
const REMOVE = jingle('content-remove', [CAM]);

const asked = (media: readonly string[], ufrag = 'sipU', version = 2): CallEvent => ({
  ...{ kind: 'asked', method: 'INVITE', description: sdpOf(media, { version, ufrag }) },
});

function said(effects: readonly CallEffect[]): SessionDescription {
  const found = effects.find(({ kind }) => kind === 'offer' || kind === 'answer');
  assert.ok(found !== undefined && 'description' in found && found.description !== undefined);
  return found.description;
}

const lines = (effects: readonly CallEffect[]): readonly string[] =>
  said(effects).media.map(({ media, port }) => (port === 0 ? `no ${media}` : media));

/** Answered, with a camera that the XMPP side added. */
function withCam(): Call {
  const call = callIn('up');
  call.steps(ADD, DUE);
  assert.deepEqual(words(call.step({ kind: 'changed', description: sdpOf(['audio', 'video']) })), [
    'content-accept',
  ]);
  return call;
}

describe('an offer of ours', () => {
  test('that got 491 gives its place to a line of the SIP side, and comes behind it', () => {
    const call = callIn('up');
    call.step(ADD);
    assert.deepEqual(lines(call.step(DUE)), ['audio', 'video']);
    call.step(asked(['audio', 'video']));
    const answer = call.step(jingle('content-accept', [contentOf('1', 'initiator', 'video')]));
    assert.deepEqual(lines(answer), ['audio', 'video']);
    assert.deepEqual(lines(call.step(DUE)), ['audio', 'video', 'video']);
    assert.deepEqual(
      call.state.table.map(({ name }) => name),
      ['0', '1', 'cam'],
    );
  });

  test('whose answer ends another line: content-remove', () => {
    const call = withCam();
    call.steps(info('hold'), DUE);
    const answer = sdpOf(['audio', 'video'], { direction: 'recvonly' });
    const media = answer.media.map((medium, place) => (place === 1 ? { ...medium, port: 0 } : medium));
    assert.deepEqual(words(call.step({ kind: 'changed', description: { ...answer, media } })), [
      'content-remove',
    ]);
    assert.deepEqual(
      call.state.contents.map(({ name }) => name),
      ['0'],
    );
  });

  test('that left the answer no choice says nothing of a hold', () => {
    const call = callIn('up');
    call.steps(info('hold'), DUE);
    const description = sdpOf(['audio'], { direction: 'inactive' });
    assert.deepEqual(words(call.step({ kind: 'changed', description })), []);
  });

  test('of what was changed before the answer leaves with it', () => {
    const call = callIn('calling');
    const modify = jingle('content-modify', [{ name: 'voice', creator: 'initiator', senders: 'initiator' }]);
    assert.deepEqual(words(call.step(modify)), []);
    const up = call.step({
      ...{ kind: 'answered', tag: 'a', description: sdpOf(['audio'], { setup: 'active' }), trickle: false },
    });
    assert.ok(words(up).includes('change'));
  });

  test('that does not fit its answer: the call ends on both sides', () => {
    const call = callIn('up');
    call.step(DUE);
    const effects = words(call.step({ kind: 'changed', description: sdpOf(['audio', 'video']) }));
    assert.deepEqual(effects, [
      ...['endSip 488 cause 488', 'session-terminate incompatible-parameters'],
      ...['leave incompatible-parameters', '= ended gateway'],
    ]);
  });
});

describe('an offer of the SIP side', () => {
  test('while one waits for its decision: 491', () => {
    const call = callIn('up');
    call.step(asked(['audio', 'video']));
    assert.deepEqual(words(call.step(asked(['audio', 'video'], 'sipU', 3))), ['answer 491']);
    assert.deepEqual(words(call.step({ kind: 'asked', method: 'INVITE' })), ['answer 491']);
  });

  test('that moves what the XMPP side moves: 491', () => {
    const call = callIn('up');
    const { transport } = contentOf('0', 'initiator', 'audio', { ufrag: 'mov1' });
    call.step(jingle('transport-replace', [{ ...VOICE, transport }]));
    assert.deepEqual(words(call.step(asked(['audio'], 'sipV'))), ['answer 491']);
  });

  test('with a content that the XMPP side has removed: it is not added again', () => {
    const call = withCam();
    assert.deepEqual(words(call.step(REMOVE)), ['change']);
    const effects = call.step(asked(['audio', 'video']));
    assert.deepEqual(words(effects), ['answer 200']);
    assert.deepEqual(lines(effects), ['audio', 'no video']);
  });

  test('about a content that is removed meanwhile: the rest decides', () => {
    const call = withCam();
    const effects = call.step(asked(['audio', 'video'], 'sipV'));
    assert.deepEqual(words(effects), ['transport-replace', 'start change 30000']);
    const { transport } = contentOf('0', 'initiator', 'audio', { ufrag: 'new1' });
    assert.deepEqual(words(call.step(jingle('transport-accept', [{ ...VOICE, transport }]))), []);
    assert.deepEqual(words(call.step(REMOVE)), ['change', 'stop change', 'answer 200']);
  });

  test('whose content-add meets that of the client: tie-break is 491', () => {
    const call = callIn('up');
    call.step(asked(['audio', 'video']));
    const failed = (error: ReturnType<typeof jingleError> | undefined): CallEvent => ({
      kind: 'session',
      report: {
        kind: 'failed',
        action: 'content-add',
        contents: [{ name: '1', creator: 'initiator' }],
        error,
      },
    });
    assert.deepEqual(words(call.step(failed(jingleError('tie-break')))), ['stop change', 'answer 491']);
    call.step(asked(['audio', 'video']));
    const effects = call.step(failed(undefined));
    assert.deepEqual(lines(effects), ['audio', 'no video'], 'a client that knows no content-add has it not');
  });

  test('a line that had ended is used again: it belongs to whoever does so (RFC 3264 §8.1)', () => {
    const call = withCam();
    call.step(REMOVE);
    call.step(DUE);
    const answer = sdpOf(['audio', 'video']);
    const media = answer.media.map((medium, place) => (place === 1 ? { ...medium, port: 0 } : medium));
    call.step({ kind: 'changed', description: { ...answer, media } });
    const effects = call.step(asked(['audio', 'video'], 'sipU', 3));
    const add = effects.find(({ kind }) => kind === 'session');
    assert.ok(add?.kind === 'session');
    assert.deepEqual(
      add.action.contents?.map(({ name, creator }) => [name, creator]),
      [['cam', 'initiator']],
    );
  });

  test('without an offer: the answer in the ACK may put us on hold, and add nothing (CALL-43)', () => {
    const call = callIn('up');
    const effects = call.step({ kind: 'asked', method: 'INVITE' });
    const offer = said(effects);
    assert.ok(offer.media[0] !== undefined);
    assert.equal(directionOf(offer, offer.media[0]), 'sendrecv');
    const description = sdpOf(['audio'], { direction: 'sendonly', version: 2 });
    assert.deepEqual(words(call.step({ kind: 'acknowledged', description })), ['session-info hold']);
  });
});

test('candidates that come before the answer, one after the other, are told together (CALL-13)', () => {
  const call = callIn('calling', true);
  const { transport } = contentOf('voice', 'initiator');
  assert.ok(transport?.kind === 'ice-udp');
  for (const port of [7000, 7001]) {
    const candidates = transport.candidates.map((each) => ({ ...each, port }));
    const content = { name: 'voice', creator: 'initiator', transport: { ...transport, candidates } } as const;
    call.step(jingle('transport-info', [content]));
  }
  const up = call.step({
    ...{ kind: 'answered', tag: 'a', description: sdpOf(['audio'], { setup: 'active' }), trickle: true },
  });
  const told = up.find(({ kind }) => kind === 'trickle');
  assert.ok(told?.kind === 'trickle');
  assert.deepEqual(
    told.media.map(({ candidates }) => candidates.map(({ port }) => port)),
    [[7000, 7001]],
  );
});
