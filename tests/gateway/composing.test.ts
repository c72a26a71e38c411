// The clocks of "is composing", which only one side has: RFC 3994 §3.2, §3.3; rows IM-65 … IM-67.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SeededRandom, VirtualTime, utf8TextLossy } from '../../src/base/index.ts';
import { LinkGroup } from '../../src/gateway/link-group.ts';
import { ComposingToSip, ComposingToXmpp, type ComposingEnv } from '../../src/gateway/messages/composing.ts';
import type { Conversation } from '../../src/gateway/messages/conversations.ts';
import { XmlElement } from '../../src/xml/index.ts';
import { chatStateElement, readChatState } from '../../src/xmpp/index.ts';

const SECOND = 1000;

class Stage {
  readonly time = new VirtualTime(undefined, 100);
  readonly composing = new ComposingToXmpp(this.time.timers);
  readonly written: (string | undefined)[] = [];
  readonly group = new LinkGroup('example.net');

  constructor() {
    const send = (stanza: XmlElement): number => this.written.push(readChatState(stanza));
    this.group.replaceLinks([{ state: 'up', answering: true, send }]);
  }

  says(state: 'composing' | 'active', refreshSeconds?: number, from = 'romeo@example.net'): void {
    const attributes = ['from', from, 'to', 'juliet@example.com', 'type', 'chat'];
    const stanza = new XmlElement('message', 'jabber:client', attributes, [chatStateElement(state)]);
    this.composing.state(stanza, state === 'composing', refreshSeconds, this.group);
  }

  end(): void {
    this.composing.stop();
    assert.equal(this.composing.size, 0);
    assert.equal(this.time.timers.size, 0);
  }
}

describe('a SIP user who composes', () => {
  for (const [name, refresh, seconds] of [
    ['RFC 3994 §3.3: without a refresh he is idle after 120 s', undefined, 120],
    ['RFC 3994 §3.3: with a refresh after that time', 90, 90],
    ['nobody types for more than 10 minutes', 86_400, 600],
  ] as const) {
    test(name, () => {
      const stage = new Stage();
      stage.says('composing', refresh);
      stage.time.advance((seconds - 1) * SECOND);
      assert.deepEqual(stage.written, ['composing']);
      // A tick more, since a timer never fires early.
      stage.time.advance(SECOND + 100);
      assert.deepEqual(stage.written, ['composing', 'active']);
      stage.end();
    });
  }

  test('IM-67: a repetition in time is no news and begins the time anew', () => {
    const stage = new Stage();
    stage.says('composing', 90);
    stage.time.advance(80 * SECOND);
    stage.says('composing', 90);
    stage.time.advance(80 * SECOND);
    assert.deepEqual(stage.written, ['composing']);
    stage.says('active');
    stage.says('active');
    stage.time.advance(600 * SECOND);
    assert.deepEqual(stage.written, ['composing', 'active'], 'who is idle already is not idle again');
    stage.end();
  });

  test('each pair has its own time', () => {
    const stage = new Stage();
    stage.says('composing', 60);
    stage.says('composing', 90, 'mercutio@example.net');
    assert.equal(stage.composing.size, 2);
    stage.time.advance(61 * SECOND);
    assert.equal(stage.composing.size, 1);
    assert.deepEqual(stage.written, ['composing', 'composing', 'active']);
    stage.end();
  });
});

describe('an XMPP user who composes', () => {
  const FROM = 'sip:juliet@example.com';
  const TO = 'sip:romeo@example.net';

  function scene(busy = false) {
    const time = new VirtualTime(Date.UTC(2026, 10, 25), 100);
    const sent: string[] = [];
    const lastActive: (string | undefined)[] = [];
    const conversation: Conversation = {
      lastType: undefined,
      chatStates: true,
      composing: 'understood',
      thread: undefined,
    };
    // Only what it asks of them.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    const env = {
      clock: time,
      timers: time.timers,
      random: new SeededRandom(1),
      live: { messages: { composing: 'learned' } },
      deliveries: {
        busy: () => busy,
        send: ({ body }: { readonly body: Uint8Array }) => {
          sent.push(/<state>(\w+)</.exec(utf8TextLossy(body))?.[1] ?? '');
          lastActive.push(/<lastactive>([^<]+)</.exec(utf8TextLossy(body))?.[1]);
        },
      },
    } as unknown as ComposingEnv;
    const composing = new ComposingToSip(env);
    const say = (state: 'composing' | 'paused' | 'gone'): void =>
      composing.state(state, FROM, TO, conversation);
    return { time, sent, lastActive, conversation, composing, say };
  }

  test('IM-67: repeated before the 90 s of its refresh are over, three times, then idle', () => {
    const { time, sent, composing, say } = scene();
    say('composing');
    say('composing');
    time.advance(79 * SECOND);
    assert.deepEqual(sent, ['active']);
    time.advance(10 * SECOND);
    assert.deepEqual(sent, ['active', 'active']);
    time.advance(600 * SECOND);
    assert.deepEqual(sent, ['active', 'active', 'active', 'active', 'idle']);
    assert.equal(composing.size, 0);
    assert.equal(time.timers.size, 0);
  });

  test('RFC 3994 §3.2: idle is where everybody begins, and is said only to end an active', () => {
    const { time, sent, composing, say } = scene();
    say('paused');
    assert.deepEqual(sent, []);
    say('composing');
    say('paused');
    say('paused');
    assert.deepEqual(sent, ['active', 'idle']);
    assert.equal(composing.size, 0);
    assert.equal(time.timers.size, 0);
  });

  test('IM-66: idle says when he last typed', () => {
    const { time, lastActive, say } = scene();
    say('composing');
    time.advance(20 * SECOND);
    say('composing');
    time.advance(30 * SECOND);
    say('paused');
    assert.deepEqual(lastActive, [undefined, '2026-11-25T00:00:20Z']);
  });

  test('IM-67: content ends it without a word', () => {
    const { time, sent, composing, say } = scene();
    say('composing');
    composing.contentSent(FROM, TO);
    time.advance(600 * SECOND);
    assert.deepEqual(sent, ['active']);
    assert.equal(time.timers.size, 0);
  });

  test('IM-33: nothing is said beside a message that is on its way', () => {
    const { sent, composing, say } = scene(true);
    say('composing');
    assert.deepEqual(sent, []);
    composing.stop();
  });

  test('IM-10: nothing to whom it was not learned of, or who refused it', () => {
    const { sent, conversation, say } = scene();
    conversation.composing = 'unknown';
    say('composing');
    conversation.composing = 'refused';
    say('composing');
    assert.deepEqual(sent, []);
  });
});
