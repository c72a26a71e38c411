// The recorded calls between Dino and stanza.js, with the gateway in the place of each of them: what they really sent is taken, in
// the order in which it came, and becomes a call that is answered and hung up.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { formatSdp, parseSdp } from '../../../src/sdp/index.ts';
import type { XmlElement } from '../../../src/xml/index.ts';
import { readJingle, type Jingle } from '../../../src/xmpp/index.ts';
import { sdpOf } from '../../interwork/call/call-play.ts';
import { readStanza } from '../../xmpp/read-xml.ts';
import { PHONE, Stage, wordOf } from './xmpp-stage.ts';

const FILE = new URL('../../vectors/xmpp/dino-jingle-with-stanza.txt', import.meta.url);
const LINES = readFileSync(FILE, 'utf8').trim().split('\n');
const DINO = 'alice@xmpp.test/dino';
const STANZA_JS = 'bob@xmpp.test/web';

interface Recorded {
  readonly isClient: boolean;
  readonly stanza: XmlElement;
  readonly jingle: Jingle | undefined;
}

/** `client`: who is real. The other one's address is that of a SIP user. */
function recorded(client: 'C' | 'S'): readonly Recorded[] {
  const [own, other] = client === 'C' ? [DINO, STANZA_JS] : [STANZA_JS, DINO];
  return LINES.map((line) => {
    const isClient = line.startsWith(client);
    // What a client wrote has no `from`; its server puts it in.
    const text = line.slice(3).replaceAll(other, PHONE);
    const whole = /<iq [^>]*\bfrom=/.test(text)
      ? text
      : text.replace('<iq ', `<iq from='${isClient ? own : PHONE}' `);
    const stanza = readStanza(whole);
    const payload = stanza.child('jingle', 'urn:xmpp:jingle:1');
    const read = payload === undefined ? undefined : readJingle(payload);
    assert.notEqual(read?.ok, false, line);
    return { isClient, stanza, jingle: read?.ok === true ? read.value : undefined };
  });
}

/** Our description, with the content names of the recording. */
function named(name: string, setup: string) {
  const text = formatSdp(sdpOf(['audio'], { setup })).replace('a=mid:0', `a=mid:${name}`);
  const parsed = parseSdp(text);
  return parsed.ok ? parsed.value : assert.fail(parsed.error.message);
}

function replay(client: 'C' | 'S', sid: string): Stage {
  const stage = new Stage();
  const peer = client === 'C' ? DINO : STANZA_JS;
  const all = recorded(client);
  for (const { isClient, stanza, jingle } of all) {
    if (jingle !== undefined && jingle.sid !== sid) continue;
    const action = jingle?.action;
    if (isClient && jingle !== undefined) {
      assert.equal(stage.sessions.iq(stanza, stage.group), true);
      const answer = stage.link.written.find((each) => each.attr('id') === stanza.attr('id'));
      assert.deepEqual([answer?.attr('type'), answer?.attr('to')], ['result', peer], action);
    } else if (!isClient && action === 'session-initiate') {
      // A SIP user calls the client.
      stage.phoneCalls(peer, sid, named(jingle?.contents[0]?.name ?? '', 'actpass'));
      assert.equal(stage.answers(stage.last('session-initiate')), true);
    } else if (!isClient && action === 'session-accept') {
      stage.time.advance(2100);
      assert.deepEqual(stage.call.sip, ['invite']);
      const description = named('0', 'passive');
      stage.call.take({ kind: 'answered', tag: 't', description, trickle: false });
      assert.equal(stage.answers(stage.last('session-accept')), true);
    } else if (!isClient && action === 'session-terminate') {
      stage.time.advance(2100);
      stage.call.take({ kind: 'sipEnded', end: { cause: 'hungUp', by: 'peer' } });
      assert.equal(wordOf(stage.last('session-terminate success')), 'session-terminate success');
    }
  }
  return stage;
}

const SIDS = [...new Set(recorded('C').flatMap(({ jingle }) => jingle?.sid ?? []))];

describe('recorded calls, at the gateway', () => {
  test('there are two', () => assert.equal(SIDS.length, 2));
  for (const client of ['C', 'S'] as const) {
    for (const [n, sid] of SIDS.entries()) {
      test(`call ${n + 1}, with ${client === 'C' ? 'Dino' : 'stanza.js'} as the client`, () => {
        const stage = replay(client, sid);
        // stanza.js hung up both times.
        assert.deepEqual(stage.call.outcomes, [{ kind: 'ended', by: client === 'S' ? 'xmpp' : 'sip' }]);
        assert.ok(
          stage.call.effects.some(({ kind }) => kind === 'up'),
          'it was answered',
        );
        stage.assertOver();
      });
    }
  }
});
