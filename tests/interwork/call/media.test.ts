// What machine K makes of media: early media, forks, candidates one by one, changes of both sides (rows of table 7.1).

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CallEffect, CallEvent } from '../../../src/interwork/call/index.ts';
import { attribute, directionOf, setupOf, type SessionDescription } from '../../../src/sdp/index.ts';
import type { Content, ContentGroup } from '../../../src/xmpp/index.ts';
import { contentOf, sdpOf } from './call-play.ts';
import {
  ACCEPT_BARE,
  ANSWERED,
  Call,
  callIn,
  info,
  INITIATE,
  INITIATE_BARE,
  INVITED,
  jingle,
  OFFERED,
  PROCEED,
  PROPOSED,
  words,
} from './call-states.ts';

const DUE: CallEvent = { kind: 'offerDue' };
const asked = (description: SessionDescription, method: 'INVITE' | 'UPDATE' = 'INVITE'): CallEvent => ({
  ...{ kind: 'asked', method, description },
});

/** The description of the effect of this kind. */
function described(
  effects: readonly CallEffect[],
  kind: 'invite' | 'accept' | 'offer' | 'answer',
): SessionDescription {
  const found = effects.find((effect) => effect.kind === kind);
  assert.ok(
    found !== undefined && 'description' in found && found.description !== undefined,
    words(effects).join(),
  );
  return found.description;
}

function contentsOf(effects: readonly CallEffect[], action: string): readonly Content[] {
  const found = effects.find((effect) => effect.kind === 'session' && effect.action.action === action);
  assert.ok(found?.kind === 'session', words(effects).join());
  return found.action.contents ?? [];
}

const directions = (description: SessionDescription): readonly string[] =>
  description.media.map((medium) => (medium.port === 0 ? 'gone' : directionOf(description, medium)));

/** Candidates of a transport-info. */
function trickle(content: Content, port: number, complete = false): CallEvent {
  const { transport } = content;
  assert.ok(transport?.kind === 'ice-udp');
  const candidate = {
    ...{ foundation: '2', component: 1, protocol: 'udp', priority: 1, generation: 0, type: 'host' },
    ...{ ip: '198.51.100.9', port, id: `t${port}` },
  };
  const { name, creator } = content;
  return jingle('transport-info', [
    { name, creator, transport: { ...transport, candidates: [candidate], complete } },
  ]);
}

const portsOf = (description: SessionDescription): readonly number[] =>
  description.media.flatMap(({ attributes }) =>
    attributes.flatMap(({ name, value = '' }) => (name === 'candidate' ? [Number(value.split(' ')[5])] : [])),
  );

describe('early media and forks', () => {
  const early = (tag: string): CallEvent => ({
    ...{ kind: 'early', tag, description: sdpOf(['audio'], { setup: 'active', ufrag: `fork${tag}` }) },
  });

  test('183 with a description: candidates to the XMPP side, no session-accept (CALL-04)', () => {
    const call = callIn('calling');
    const effects = call.step(early('a'));
    assert.deepEqual(words(effects), ['transport-info']);
    const [content] = contentsOf(effects, 'transport-info');
    assert.ok(content?.transport?.kind === 'ice-udp');
    assert.deepEqual([content.transport.ufrag, content.transport.candidates.length], ['forka', 1]);
    // RFC 3261 §13.2.1: the 2xx need not repeat it.
    const up = call.step({ kind: 'answered', tag: 'a', trickle: false });
    assert.deepEqual(words(up), ['stop answer', 'session-accept', 'up']);
  });

  test('two forks: one session, and the description of the one that answers (CALL-28)', () => {
    const call = callIn('calling');
    assert.deepEqual(words(call.steps(early('a'), early('b'))), ['transport-info']);
    const up = call.step({ kind: 'answered', tag: 'b', trickle: false });
    const [content] = contentsOf(up, 'session-accept');
    assert.ok(content?.transport?.kind === 'ice-udp');
    assert.equal(content.transport.ufrag, 'forkb');
  });

  test('a 2xx without any answer: BYE (CALL-05)', () => {
    const said = words(callIn('calling').step({ kind: 'answered', tag: 'c', trickle: false }));
    assert.ok(said.includes('endSip 488 cause 488'));
    assert.ok(said.includes('= failed gateway 488 no answer'));
  });

  test('UPDATE before the 2xx is answered with what we have, and counts (CALL-40, RFC 3311 §5)', () => {
    const call = callIn('calling');
    call.step(early('a'));
    const moved = sdpOf(['audio'], { version: 2, ufrag: 'sipW', setup: 'active' });
    const update = call.step({ kind: 'asked', method: 'UPDATE', tag: 'a', description: moved });
    assert.deepEqual(words(update), ['answer 200']);
    const up = call.step({ kind: 'answered', tag: 'a', trickle: false });
    const [content] = contentsOf(up, 'session-accept');
    assert.ok(content?.transport?.kind === 'ice-udp');
    assert.equal(content.transport.ufrag, 'sipW');
  });
});

describe('candidates (CALL-12, CALL-13)', () => {
  test('none yet: waited for two seconds, then the INVITE goes without', () => {
    const call = new Call('toSip');
    assert.deepEqual(words(call.steps(PROPOSED, INITIATE_BARE)), [
      ...['proceed', 'begun', 'start answer 180000', 'start gather 2000'],
    ]);
    const effects = call.step({ kind: 'timer', timer: 'gather' });
    assert.deepEqual(portsOf(described(effects, 'invite')), []);
  });

  test('what comes in time stands in the offer, and the last one ends the wait', () => {
    const call = callIn('gathering');
    assert.deepEqual(words(call.step(trickle(OFFERED, 7000))), []);
    const effects = call.step(trickle(OFFERED, 7001, true));
    assert.deepEqual(words(effects), ['stop gather', 'invite']);
    assert.deepEqual(portsOf(described(effects, 'invite')), [7000, 7001]);
  });

  test('before the answer they are queued, and told by a change when the SIP side takes none by itself', () => {
    const call = callIn('calling');
    assert.deepEqual(words(call.step(trickle(OFFERED, 7000))), []);
    assert.deepEqual(words(call.step(ANSWERED)), ['stop answer', 'session-accept', 'change', 'up']);
    assert.deepEqual(portsOf(described(call.step(DUE), 'offer')), [40_000, 7000]);
  });

  test('the same with trickle-ice on both sides: in an INFO (RFC 8840)', () => {
    const call = callIn('calling', true);
    call.step(trickle(OFFERED, 7000));
    const effects = call.step({ ...ANSWERED, trickle: true });
    assert.deepEqual(words(effects), ['stop answer', 'session-accept', 'trickle', 'up']);
    const told = effects.find(({ kind }) => kind === 'trickle');
    assert.ok(told?.kind === 'trickle');
    assert.deepEqual(
      told.media.map(({ candidates, ufrag }) => [ufrag, candidates.map(({ port }) => port)]),
      [['xmpp', [7000]]],
    );
    assert.deepEqual(words(call.step(trickle(OFFERED, 7001))), ['trickle']);
  });

  test('in the session several make one change, after a wait', () => {
    const call = callIn('up');
    const content = contentOf('0', 'initiator');
    assert.deepEqual(words(call.step(trickle(content, 7000))), ['start gather 2000']);
    assert.deepEqual(words(call.step(trickle(content, 7001))), []);
    assert.deepEqual(words(call.step({ kind: 'timer', timer: 'gather' })), ['change']);
    assert.deepEqual(portsOf(described(call.step(DUE), 'offer')), [40_000, 7000, 7001]);
  });

  test('that there are no more is no change by itself, and is told to whom is told of each', () => {
    const end = (content: Content): CallEvent => {
      const { name, creator, transport } = content;
      assert.ok(transport?.kind === 'ice-udp');
      const last = { ...transport, candidates: [], complete: true };
      return jingle('transport-info', [{ name, creator, transport: last }]);
    };
    assert.deepEqual(words(callIn('up').step(end(contentOf('0', 'initiator')))), []);
    const call = callIn('calling');
    call.step(end(OFFERED));
    assert.deepEqual(words(call.step(ANSWERED)), ['stop answer', 'session-accept', 'up']);
    const trickling = callIn('calling', true);
    trickling.step(end(OFFERED));
    assert.ok(words(trickling.step({ ...ANSWERED, trickle: true })).includes('trickle'));
    assert.deepEqual(words(trickling.step(end(OFFERED))), ['trickle']);
  });

  test('the answer of an XMPP user waits for his candidates, unless the caller takes them one by one', () => {
    assert.deepEqual(words(callIn('initiating').step(ACCEPT_BARE)), ['start gather 2000']);
    const call = new Call('toXmpp', true);
    call.steps({ ...INVITED, trickle: true }, PROCEED);
    assert.ok(words(call.step(ACCEPT_BARE)).includes('accept'));
  });

  test('RFC 9143 §10: of a bundle in an answer only the first content has candidates, and no others are waited for', () => {
    const bare = { candidates: false };
    const accepts = (ufrag: string, groups: readonly ContentGroup[]): Call => {
      const call = new Call('toXmpp');
      call.steps({ ...INVITED, description: sdpOf(['audio', 'video']) }, PROCEED);
      const contents = [
        contentOf('0', 'initiator', 'audio', bare),
        contentOf('1', 'initiator', 'video', { ...bare, ufrag }),
      ];
      assert.deepEqual(words(call.step(jingle('session-accept', contents, { groups }))), [
        'start gather 2000',
      ]);
      return call;
    };
    const last = trickle(contentOf('0', 'initiator', 'audio', bare), 7000, true);
    const bundle = { semantics: 'BUNDLE', contents: ['0', '1'] };
    assert.ok(words(accepts('xmpp', [bundle]).step(last)).includes('accept'));
    const waiting = [
      accepts('xmpp', []),
      accepts('xmpp', [{ ...bundle, semantics: 'LS' }]),
      accepts('xmpp', [{ ...bundle, contents: ['0'] }]),
      // The same bundle by another ICE agent is none.
      accepts('other', [bundle]),
    ];
    for (const call of waiting) assert.deepEqual(words(call.step(last)), []);
  });

  test('candidates of the SIP side are a transport-info', () => {
    const candidate = {
      ...{ foundation: '1', component: 1, transport: 'UDP', priority: 5, address: '192.0.2.9', port: 6000 },
      ...{ type: 'host', extensions: [] },
    };
    const effects = callIn('up').step({
      ...{
        kind: 'trickled',
        media: [{ media: 'audio', mid: '0', ufrag: 'sipU', candidates: [candidate], end: false }],
      },
    });
    const [content] = contentsOf(effects, 'transport-info');
    assert.ok(content?.transport?.kind === 'ice-udp' && content.name === '0');
    assert.deepEqual(
      content.transport.candidates.map(({ ip, port }) => [ip, port]),
      [['192.0.2.9', 6000]],
    );
  });
});

describe('changes of the XMPP side', () => {
  const NAME = { name: '0', creator: 'initiator' } as const;

  test('the version of o= goes up by one with each change, and not otherwise (SDP-01)', () => {
    const call = callIn('up');
    const version = (): string => described(call.step(DUE), 'offer').origin.sessionVersion;
    assert.equal(version(), '1', 'a refresh says nothing new');
    call.step({ kind: 'changed', description: sdpOf(['audio']) });
    call.step(info('hold'));
    assert.equal(version(), '2');
  });

  test('content-modify: the direction of the line (CALL-16)', () => {
    const call = callIn('up');
    const effects = call.step(jingle('content-modify', [{ ...NAME, senders: 'responder' }]));
    assert.deepEqual(words(effects), ['change']);
    // The XMPP user is the responder, and the only one who sends.
    assert.deepEqual(directions(described(call.step(DUE), 'offer')), ['sendonly']);
  });

  test('description-info with hints is ignored; with other payloads it is a change (CALL-17)', () => {
    const call = callIn('up');
    const { description } = contentOf('0', 'initiator');
    assert.ok(description?.kind === 'rtp');
    const hint = { ...description, payloads: [] };
    assert.deepEqual(words(call.step(jingle('description-info', [{ ...NAME, description: hint }]))), []);
    const other = {
      ...description,
      payloads: [{ id: 0, name: 'PCMU', clockrate: 8000, parameters: [], feedback: [] }],
    };
    assert.deepEqual(words(call.step(jingle('description-info', [{ ...NAME, description: other }]))), [
      'change',
    ]);
    assert.deepEqual(described(call.step(DUE), 'offer').media[0]?.formats, ['0']);
  });

  test('transport-replace that the SIP side refuses: transport-reject, and the old one holds (CALL-18)', () => {
    const call = callIn('up');
    const { transport } = contentOf('0', 'initiator', 'audio', { ufrag: 'mov1' });
    call.step(jingle('transport-replace', [{ ...NAME, transport }]));
    const ufrag = (): string | undefined => {
      const offer = described(call.step(DUE), 'offer');
      return offer.media[0] === undefined ? undefined : attribute(offer.media[0], 'ice-ufrag');
    };
    assert.equal(ufrag(), 'mov1');
    assert.deepEqual(words(call.step({ kind: 'unchanged', status: 488 })), ['transport-reject']);
    assert.equal(ufrag(), 'xmpp');
  });

  test('content-add of something that is no RTP is refused without asking (CALL-14)', () => {
    const { description: _, ...rest } = contentOf('x', 'responder');
    assert.deepEqual(words(callIn('up').step(jingle('content-add', [rest]))), [
      'content-reject unsupported-applications',
    ]);
  });

  test('hold is sendonly, inactive where the other one holds already; unhold is sendrecv (CALL-41)', () => {
    const call = callIn('up');
    assert.deepEqual(words(call.step(info('hold'))), ['change']);
    assert.deepEqual(words(call.step(info('hold'))), [], 'once');
    assert.deepEqual(directions(described(call.step(DUE), 'offer')), ['sendonly']);
    call.step({ kind: 'changed', description: sdpOf(['audio'], { direction: 'recvonly' }) });
    assert.equal(call.state.held.bySip, false, 'recvonly is what our hold left him');
    call.step(info('active'));
    assert.deepEqual(directions(described(call.step(DUE), 'offer')), ['sendrecv']);
    call.step({ kind: 'changed', description: sdpOf(['audio'], { direction: 'sendonly' }) });
    call.step(info('hold'));
    assert.deepEqual(directions(described(call.step(DUE), 'offer')), ['inactive']);
  });

  test('mute is not mapped (CALL-42)', () => {
    assert.deepEqual(words(callIn('up').step(info('mute'))), []);
  });
});

describe('changes of the SIP side', () => {
  test('UPDATE without a description refreshes, and is answered here (CALL-31)', () => {
    assert.deepEqual(words(callIn('up').step({ kind: 'asked', method: 'UPDATE' })), ['answer 200']);
  });

  test('a re-INVITE that changes nothing is answered here (CALL-31)', () => {
    const call = callIn('up');
    const effects = call.step(asked(sdpOf(['audio'])));
    assert.deepEqual(words(effects), ['answer 200']);
    assert.equal(described(effects, 'answer').origin.sessionVersion, '1');
  });

  test('the old way to hold: c=0.0.0.0 without ICE (CALL-43)', () => {
    const plain = (address: string): SessionDescription => {
      const description = sdpOf(['audio']);
      const media = description.media.map((medium) => ({
        ...medium,
        connections: [{ netType: 'IN', addrType: 'IP4', address }],
        attributes: medium.attributes.filter(({ name }) => !/^(ice-|candidate|fingerprint|setup)/.test(name)),
      }));
      return { ...description, media };
    };
    const call = new Call('toXmpp');
    call.steps({ kind: 'invited', description: plain('192.0.2.7'), trickle: false }, PROCEED);
    call.step(jingle('session-accept', [contentOf('0', 'initiator')]));
    assert.deepEqual(words(call.step(asked(plain('0.0.0.0')))), ['session-info hold', 'answer 200']);
    // Where media are to go again is for the client to take.
    assert.deepEqual(words(call.step(asked(plain('192.0.2.7')))), [
      ...['transport-replace', 'session-info unhold', 'start change 30000'],
    ]);
  });

  test('a line with port 0: content-remove, and the last one ends the session (CALL-15, CALL-20)', () => {
    const call = callIn('up');
    const [medium] = sdpOf(['audio']).media;
    assert.ok(medium !== undefined);
    const effects = call.step(
      asked({ ...sdpOf(['audio'], { version: 2 }), media: [{ ...medium, port: 0 }] }),
    );
    assert.deepEqual(words(effects), ['content-remove', 'answer 200']);
    assert.deepEqual(directions(described(effects, 'answer')), ['gone']);
    const end: CallEvent = { kind: 'sessionEnded', end: { cause: 'left', phase: 'active' } };
    assert.ok(words(call.step(end)).includes('= ended sip'));
  });

  test('recvonly: content-modify, since he still listens (CALL-20)', () => {
    const effects = callIn('up').step(asked(sdpOf(['audio'], { version: 2, direction: 'recvonly' })));
    assert.deepEqual(words(effects), ['content-modify', 'answer 200']);
    assert.equal(contentsOf(effects, 'content-modify')[0]?.senders, 'responder');
    assert.deepEqual(directions(described(effects, 'answer')), ['sendonly']);
  });

  test('no decision of the XMPP side in time: 488, and it is taken back', () => {
    for (const [method, ms] of [
      ['INVITE', 30_000],
      ['UPDATE', 10_000],
    ] as const) {
      const call = callIn('up');
      const effects = call.step(asked(sdpOf(['audio', 'video'], { version: 2 }), method));
      assert.deepEqual(words(effects), ['content-add', `start change ${ms}`]);
      assert.deepEqual(words(call.step({ kind: 'timer', timer: 'change' })), [
        'content-remove',
        'answer 488',
      ]);
      assert.equal(call.state.table.length, 1);
    }
  });

  test('a re-INVITE that is cancelled: what it added is taken back', () => {
    const call = callIn('up');
    call.step(asked(sdpOf(['audio', 'video'], { version: 2 })));
    assert.deepEqual(words(call.step({ kind: 'askedNoMore' })), ['stop change', 'content-remove']);
    const late = jingle('content-accept', [contentOf('1', 'initiator', 'video')]);
    assert.deepEqual(words(call.step(late)), ['content-remove'], 'its acceptance crossed that');
  });

  test('the part in DTLS stays what it was (RFC 8842 §5.5)', () => {
    const call = callIn('upToSip');
    const effects = call.step(asked(sdpOf(['audio'], { version: 2 })));
    const answer = described(effects, 'answer');
    const [medium] = answer.media;
    // He answered "active" to our "actpass"; an answer never says actpass.
    assert.ok(medium !== undefined);
    assert.equal(setupOf(answer, medium), 'passive');
  });

  test('INITIATE has all of its candidates, so that nothing is waited for', () => {
    assert.ok(words(new Call('toSip').step(INITIATE)).includes('invite'));
  });
});
