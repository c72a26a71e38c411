// Contents of a session (XEP-0166 §7.2; rows CALL-14 to CALL-18), and the tie-break of what both want at once (§7.2.16).

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { jingleError, stanzaError, type Creator, type JingleAction } from '../../../src/xmpp/index.ts';
import {
  answerOf,
  brief,
  content,
  jingle,
  reportsOf,
  Side,
  sideIn,
  unknownDescription,
  unknownTransport,
} from './session-play.ts';

const ROLES: readonly Creator[] = ['initiator', 'responder'];
const other = (role: Creator): Creator => (role === 'initiator' ? 'responder' : 'initiator');
const CONFLICT = jingleError('tie-break');

describe('session-accept', () => {
  test('what it does not name is not part of the session (SDP-02)', () => {
    const side = sideIn('pending', 'initiator', ['voice', 'webcam']);
    side.receive(jingle('session-accept', [content('voice')]));
    assert.deepEqual([side.status('voice'), side.status('webcam')], ['agreed', 'gone']);
    const own = sideIn('pending', 'responder', ['voice', 'webcam']);
    own.send({ action: 'session-accept', contents: [content('webcam')] });
    assert.deepEqual([own.status('voice'), own.status('webcam')], ['gone', 'agreed']);
  });

  test('"implicitly this action also serves as a content-accept"; a content-add that it does not name stays open', () => {
    const side = sideIn('pending', 'initiator');
    for (const name of ['webcam', 'slides']) side.send({ action: 'content-add', contents: [content(name)] });
    side.receive(
      jingle('session-accept', [content('voice'), content('webcam', 'initiator', { senders: 'responder' })]),
    );
    assert.deepEqual(
      side.state.contents.map(({ name, status, senders }) => [name, status, senders]),
      [
        ['voice', 'agreed', 'both'],
        ['webcam', 'agreed', 'responder'],
        ['slides', 'adding', 'both'],
      ],
    );
    assert.deepEqual(brief(side.receive(jingle('content-accept', [content('slides')]))), [
      'acknowledge',
      'report content-accept',
    ]);
  });

  test('what was removed while it came is left out of the report; with nothing left the session is void', () => {
    const side = sideIn('pending', 'initiator', ['voice', 'webcam']);
    side.send({ action: 'content-remove', contents: [content('voice')] });
    const [report] = reportsOf(side.receive(jingle('session-accept', [content('voice'), content('webcam')])));
    assert.ok(report?.kind === 'action');
    assert.deepEqual(
      report.jingle.contents.map(({ name }) => name),
      ['webcam'],
    );

    const empty = sideIn('pending', 'initiator', ['voice', 'webcam']);
    empty.send({ action: 'content-remove', contents: [content('voice')] });
    assert.deepEqual(brief(empty.receive(jingle('session-accept', [content('voice')]))), [
      'acknowledge',
      'send session-terminate success',
      'end empty in active',
    ]);
  });
});

describe('content-add (CALL-14)', () => {
  for (const role of ROLES) {
    test(`of the ${role}: accepted or rejected by the other party, once`, () => {
      for (const [action, status] of [
        ['content-accept', 'agreed'],
        ['content-reject', 'gone'],
      ] as const) {
        const more = content('more', role);
        const side = sideIn('active', role);
        side.result(side.send({ action: 'content-add', contents: [more] }));
        // Only whoever did not add it decides.
        assert.equal(side.step({ kind: 'send', action: { action, contents: [more] } }).expected, false);
        assert.equal(side.status('more', role), 'adding');
        assert.deepEqual(brief(side.receive(jingle(action, [more]))), ['acknowledge', `report ${action}`]);
        assert.equal(side.status('more', role), status);
        const again = status === 'gone' ? ['acknowledge'] : ['refuse out-of-order'];
        assert.deepEqual(brief(side.receive(jingle(action, [more]))), again);
      }
    });

    test(`to the ${role}: we accept or reject`, () => {
      for (const [action, status] of [
        ['content-accept', 'agreed'],
        ['content-reject', 'gone'],
      ] as const) {
        const more = content('more', other(role));
        const side = sideIn('active', role);
        assert.deepEqual(brief(side.receive(jingle('content-add', [more]))), [
          'acknowledge',
          'report content-add',
        ]);
        assert.equal(answerOf(side.receive(jingle(action, [more]))), 'out-of-order');
        side.send({ action, contents: [more] });
        assert.equal(side.status('more', other(role)), status);
        assert.equal(side.step({ kind: 'send', action: { action, contents: [more] } }).expected, false);
      }
    });
  }

  test('refused or unanswered, the content is gone, and the owner hears it', () => {
    for (const error of [stanzaError('feature-not-implemented'), undefined]) {
      const side = sideIn('active', 'responder');
      const more = content('more', 'responder');
      const request = side.send({ action: 'content-add', contents: [more] });
      const { effects } = side.step(
        error === undefined ? { kind: 'timeout', request } : { kind: 'error', request, error },
      );
      assert.deepEqual(brief(effects), ['failed content-add']);
      assert.equal(side.status('more', 'responder'), 'gone');
    }
  });
});

describe('content-remove and content-reject of the last content (§7.2.4, §7.2.5; CALL-15)', () => {
  test('whoever receives it terminates the session, with its reason', () => {
    const side = sideIn('active', 'responder', ['voice', 'webcam']);
    assert.deepEqual(brief(side.receive(jingle('content-remove', [content('voice')]))), [
      'acknowledge',
      'report content-remove',
    ]);
    const reason = { condition: 'media-error' } as const;
    assert.deepEqual(brief(side.receive(jingle('content-remove', [content('webcam')], { reason }))), [
      'acknowledge',
      'report content-remove',
      'send session-terminate media-error',
      'end empty in active',
    ]);
  });

  test('we do not remove it, but terminate', () => {
    const side = sideIn('active', 'responder');
    const { effects } = side.step({
      kind: 'send',
      action: { action: 'content-remove', contents: [content('voice')] },
    });
    assert.deepEqual(brief(effects), ['send session-terminate success', 'end left in active']);
  });

  test('the last one that was left is rejected', () => {
    const side = sideIn('active', 'initiator');
    side.result(side.send({ action: 'content-add', contents: [content('more')] }));
    side.receive(jingle('content-remove', [content('voice')]));
    assert.deepEqual(brief(side.receive(jingle('content-reject', [content('more')]))), [
      'acknowledge',
      'report content-reject',
      'send session-terminate success',
      'end empty in active',
    ]);
  });

  test('it fails after all others were removed', () => {
    const side = sideIn('active', 'initiator');
    const request = side.send({ action: 'content-add', contents: [content('more')] });
    side.receive(jingle('content-remove', [content('voice')]));
    const { effects } = side.step({ kind: 'error', request, error: stanzaError('not-acceptable') });
    assert.deepEqual(brief(effects), [
      'failed content-add',
      'send session-terminate success',
      'end empty in active',
    ]);
  });
});

test('§7.3: without senders both send', () => {
  const side = new Side('responder');
  side.receive(jingle('session-initiate', [content('voice', 'initiator', { senders: undefined })]));
  assert.equal(side.state.contents[0]?.senders, 'both');
});

test('a name is not used again while its removal is on its way: the other party may be removing it too', () => {
  const voice = { action: 'content-add', contents: [content('voice')] } as const;
  const side = sideIn('active', 'initiator', ['voice', 'webcam']);
  const request = side.send({ action: 'content-remove', contents: [content('voice')] });
  assert.equal(side.step({ kind: 'send', action: voice }).expected, false);
  side.result(request);
  side.send(voice);
  assert.equal(side.status('voice'), 'adding');
});

test('a content-modify that crosses the acceptance of its content holds', () => {
  const none = content('voice', 'initiator', { senders: 'none' });
  const side = sideIn('pending', 'initiator');
  side.send({ action: 'content-modify', contents: [none] });
  side.receive(jingle('session-accept', [content('voice')]));
  assert.deepEqual([side.status('voice'), side.state.contents[0]?.senders], ['agreed', 'none']);

  const later = sideIn('active', 'responder');
  later.result(later.send({ action: 'content-add', contents: [content('more', 'responder')] }));
  later.send({ action: 'content-modify', contents: [content('more', 'responder', { senders: 'none' })] });
  later.receive(jingle('content-accept', [content('more', 'responder')]));
  assert.deepEqual([later.status('more', 'responder'), later.state.contents[1]?.senders], ['agreed', 'none']);
});

test('what crosses the end of a content is acknowledged, and goes no further', () => {
  for (const action of [
    ...([
      'content-accept',
      'content-reject',
      'content-modify',
      'content-remove',
      'description-info',
    ] as const),
    ...(['transport-info', 'transport-replace', 'transport-accept', 'transport-reject'] as const),
  ] satisfies JingleAction[]) {
    const side = sideIn('active', 'initiator', ['voice', 'webcam']);
    side.send({ action: 'content-remove', contents: [content('webcam')] });
    assert.deepEqual(brief(side.receive(jingle(action, [content('webcam')]))), ['acknowledge'], action);
    // Of two contents the one that is there is told.
    const both = sideIn('active', 'initiator', ['voice', 'webcam']);
    both.send({ action: 'content-remove', contents: [content('webcam')] });
    if (action === 'transport-info') {
      const [report] = reportsOf(both.receive(jingle(action, [content('webcam'), content('voice')])));
      assert.ok(report?.kind === 'action');
      assert.deepEqual(
        report.jingle.contents.map(({ name }) => name),
        ['voice'],
      );
    }
  }
});

describe('content-modify (CALL-16)', () => {
  const modify = (senders: 'none' | 'initiator'): ReturnType<typeof content> =>
    content('voice', 'initiator', { senders });

  test('it holds at once, and no longer when it is refused', () => {
    const side = sideIn('active', 'responder');
    const request = side.send({ action: 'content-modify', contents: [modify('none')] });
    assert.equal(side.state.contents[0]?.senders, 'none');
    side.step({ kind: 'error', request, error: stanzaError('not-acceptable') });
    assert.equal(side.state.contents[0]?.senders, 'both');
    side.receive(jingle('content-modify', [modify('initiator')]));
    assert.equal(side.state.contents[0]?.senders, 'initiator');
  });

  test('§7.2.16: of two at once the initiator’s holds on both sides', () => {
    const romeo = sideIn('active', 'initiator');
    const juliet = sideIn('active', 'responder');
    const request = romeo.send({ action: 'content-modify', contents: [modify('none')] });
    const theirs = juliet.send({ action: 'content-modify', contents: [modify('initiator')] });
    assert.deepEqual(brief(romeo.receive(jingle('content-modify', [modify('initiator')]))), [
      'refuse tie-break',
    ]);
    assert.equal(answerOf(juliet.receive(jingle('content-modify', [modify('none')]))), 'acknowledge');
    juliet.step({ kind: 'error', request: theirs, error: CONFLICT });
    romeo.result(request);
    assert.deepEqual([romeo.state.contents[0]?.senders, juliet.state.contents[0]?.senders], ['none', 'none']);
  });

  test('… and those of different contents do not meet', () => {
    const romeo = sideIn('active', 'initiator', ['voice', 'webcam']);
    romeo.send({ action: 'content-modify', contents: [modify('none')] });
    const webcam = content('webcam', 'initiator', { senders: 'none' });
    assert.equal(answerOf(romeo.receive(jingle('content-modify', [webcam]))), 'acknowledge');
  });
});

describe('content-add of both at once (§7.2.16; CALL-25)', () => {
  test('the initiator refuses while it waits for the answer to its own, and not later', () => {
    const side = sideIn('active', 'initiator');
    const request = side.send({ action: 'content-add', contents: [content('more')] });
    const theirs = [content('theirs', 'responder')];
    assert.equal(answerOf(side.receive(jingle('content-add', theirs))), 'tie-break');
    side.result(request);
    assert.equal(answerOf(side.receive(jingle('content-add', theirs))), 'acknowledge');
  });

  test('the responder accepts, and its own is refused', () => {
    const side = sideIn('active', 'responder');
    const request = side.send({ action: 'content-add', contents: [content('more', 'responder')] });
    assert.equal(answerOf(side.receive(jingle('content-add', [content('theirs')]))), 'acknowledge');
    assert.deepEqual(brief(side.step({ kind: 'error', request, error: CONFLICT }).effects), [
      'failed content-add',
    ]);
    assert.deepEqual([side.status('more', 'responder'), side.status('theirs')], ['gone', 'adding']);
  });
});

describe('transport-replace, -accept, -reject (CALL-18)', () => {
  for (const role of ROLES) {
    for (const answer of ['transport-accept', 'transport-reject'] as const) {
      test(`${answer}, as the ${role}: once, and only by whoever was asked`, () => {
        const voice = [content('voice')];
        const side = sideIn('active', role);
        side.result(side.send({ action: 'transport-replace', contents: voice }));
        assert.equal(
          side.step({ kind: 'send', action: { action: answer, contents: voice } }).expected,
          false,
        );
        assert.deepEqual(brief(side.receive(jingle(answer, voice))), ['acknowledge', `report ${answer}`]);
        assert.equal(answerOf(side.receive(jingle(answer, voice))), 'out-of-order');

        const asked = sideIn('active', role);
        asked.receive(jingle('transport-replace', voice));
        assert.equal(answerOf(asked.receive(jingle(answer, voice))), 'out-of-order');
        assert.equal(answerOf(asked.receive(jingle('transport-replace', voice))), 'out-of-order');
        asked.send({ action: answer, contents: voice });
        assert.equal(answerOf(asked.receive(jingle('transport-replace', voice))), 'acknowledge');
      });
    }
  }

  test('the refusal of something else leaves it as it is', () => {
    const side = sideIn('active', 'responder');
    side.result(side.send({ action: 'transport-replace', contents: [content('voice')] }));
    const request = side.send({ action: 'description-info', contents: [content('voice')] });
    side.step({ kind: 'error', request, error: stanzaError('not-acceptable') });
    assert.equal(answerOf(side.receive(jingle('transport-accept', [content('voice')]))), 'acknowledge');
  });

  test('a content-modify of the initiator leaves it as it is', () => {
    const side = sideIn('active', 'responder');
    side.result(side.send({ action: 'transport-replace', contents: [content('voice')] }));
    side.receive(jingle('content-modify', [content('voice')]));
    assert.equal(answerOf(side.receive(jingle('transport-accept', [content('voice')]))), 'acknowledge');
  });

  test('refused, another one may be sent', () => {
    const side = sideIn('active', 'responder');
    const replace = { action: 'transport-replace', contents: [content('voice')] } as const;
    const request = side.send(replace);
    assert.equal(side.step({ kind: 'send', action: replace }).expected, false);
    side.step({ kind: 'error', request, error: stanzaError('not-acceptable') });
    side.send(replace);
  });

  test('§7.2.16: of two at once the initiator’s is the one, also while its own waits to be accepted', () => {
    const voice = [content('voice')];
    const romeo = sideIn('active', 'initiator');
    romeo.result(romeo.send({ action: 'transport-replace', contents: voice }));
    assert.equal(answerOf(romeo.receive(jingle('transport-replace', voice))), 'tie-break');

    const juliet = sideIn('active', 'responder');
    const request = juliet.send({ action: 'transport-replace', contents: voice });
    assert.equal(answerOf(juliet.receive(jingle('transport-replace', voice))), 'acknowledge');
    // The error about her own must not undo the other one.
    juliet.step({ kind: 'error', request, error: CONFLICT });
    juliet.send({ action: 'transport-accept', contents: voice });
  });
});

test('§6.8: what description-info and transport-info say and nobody here knows is unsupported-info', () => {
  const side = sideIn('active', 'responder');
  const strange = content('voice', 'initiator', { description: unknownDescription });
  assert.equal(answerOf(side.receive(jingle('description-info', [strange]))), 'unsupported-info');
  assert.equal(answerOf(side.receive(jingle('description-info', [content('voice')]))), 'acknowledge');
  const other = content('voice', 'initiator', { transport: unknownTransport });
  assert.equal(answerOf(side.receive(jingle('transport-info', [other]))), 'unsupported-info');
  // Another transport may be what is wanted: that is for the owner to decide.
  assert.equal(answerOf(side.receive(jingle('transport-replace', [other]))), 'acknowledge');
});

test('transport-info is told before session-accept and after it, both ways (CALL-12, CALL-13)', () => {
  for (const phase of ['pending', 'active'] as const) {
    for (const role of ROLES) {
      const side = sideIn(phase, role);
      side.send({ action: 'transport-info', contents: [content('voice')] });
      assert.deepEqual(brief(side.receive(jingle('transport-info', [content('voice')]))), [
        'acknowledge',
        'report transport-info',
      ]);
    }
  }
});
