// What the clients of users want to be told (FEAT-05): asked once, believed only with the right hash (XEP-0115 §5.4), bounded.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Counters, SecureRandom, VirtualTime } from '../../../src/base/index.ts';
import { Capabilities } from '../../../src/gateway/presence/capabilities.ts';
import type { XmlElement } from '../../../src/xml/index.ts';
import { capsVersion } from '../../../src/xmpp/index.ts';
import { readStanza } from '../../xmpp/read-xml.ts';

const NOTIFY = 'http://jabber.org/protocol/mood+notify';
const ROMEO = 'romeo@example.net';

/** disco#info with these features, and its verification string. */
function client(...features: readonly string[]): { readonly xml: string; readonly ver: string } {
  const xml =
    `<query xmlns='http://jabber.org/protocol/disco#info'><identity category='client' type='pc'/>` +
    `${features.map((each) => `<feature var='${each}'/>`).join('')}</query>`;
  const [query] = [...readStanza(`<iq type='result' id='1'>${xml}</iq>`).elements()];
  return { xml, ver: (query && capsVersion(query, 'sha-1')) ?? assert.fail('ill-formed') };
}
const MOODY = client(NOTIFY);

class Stage {
  readonly time = new VirtualTime();
  readonly asked: XmlElement[] = [];
  readonly found: string[] = [];
  up = true;
  readonly book = new Capabilities({
    clock: this.time,
    timers: this.time.timers,
    random: new SecureRandom(),
    counters: new Counters(),
    send: (stanza) => {
      if (this.up) this.asked.push(stanza);
      return this.up;
    },
  });

  announces(user: string, ver = MOODY.ver, hash = `hash='sha-1'`): boolean {
    const c = `<c xmlns='http://jabber.org/protocol/caps' ${hash} node='urn:client' ver='${ver}'/>`;
    return this.book.learn(readStanza(`<presence>${c}</presence>`), {
      user,
      contact: ROMEO,
      found: (wanted) => this.found.push(`${user}: ${wanted.join(' ')}`),
    });
  }

  /** The question that was asked last is answered. */
  answers(xml: string, from?: string): boolean {
    const question = this.asked.at(-1) ?? assert.fail('nobody was asked');
    const type = xml.startsWith('<error') ? 'error' : 'result';
    const sender = from ?? question.attr('to');
    return this.book.answer(
      readStanza(`<iq type='${type}' id='${question.attr('id')}' from='${sender}' to='${ROMEO}'>${xml}</iq>`),
    );
  }

  get addressees(): (string | undefined)[] {
    return this.asked.map((each) => each.attr('to'));
  }
}

function play(name: string, act: (stage: Stage) => void): void {
  test(name, () => {
    const stage = new Stage();
    act(stage);
    stage.book.stop();
    assert.equal(stage.book.asking, 0);
  });
}

describe('XEP-0115 §6.2', () => {
  play('one question for a verification string, however many announce it', (stage) => {
    for (const user of ['a@x/1', 'b@x/1', 'a@x/2']) assert.equal(stage.announces(user), true);
    assert.deepEqual(stage.addressees, ['a@x/1']);
    const [question] = stage.asked;
    assert.deepEqual([question?.attr('from'), question?.attr('type')], [ROMEO, 'get']);
    assert.equal([...(question?.elements() ?? [])][0]?.attr('node'), `urn:client#${MOODY.ver}`);
    assert.equal(stage.answers(MOODY.xml), true);
    assert.deepEqual(stage.found, ['a@x/1: mood', 'b@x/1: mood', 'a@x/2: mood']);
    stage.announces('d@x/1');
    assert.deepEqual(stage.found.at(-1), 'd@x/1: mood');
    assert.equal(stage.asked.length, 1);
    assert.deepEqual([stage.book.size, stage.book.asking], [1, 0]);
  });

  play('who wants nothing is known too', (stage) => {
    const plain = client('urn:xmpp:ping');
    stage.announces('a@x/1', plain.ver);
    stage.answers(plain.xml);
    assert.deepEqual(stage.found, ['a@x/1: ']);
  });

  play('the form of before version 1.4, and unknown hashes, are not asked about', (stage) => {
    assert.equal(stage.announces('a@x/1', '0.9', ''), false);
    assert.equal(stage.announces('a@x/1', 'v', `hash='md5'`), false);
    assert.equal(stage.announces('a@x/1', 'v'.repeat(400)), false);
    assert.deepEqual(stage.asked, []);
  });
});

describe('§5.4, §9.1: poisoning', () => {
  play('a wrong hash is believed of nobody; the next one who announces it is asked', (stage) => {
    stage.announces('mallory@x/1');
    stage.announces('mallory@x/1');
    stage.announces('b@x/1');
    stage.answers(client(NOTIFY, 'urn:more').xml);
    assert.deepEqual(stage.found, []);
    assert.deepEqual(stage.addressees, ['mallory@x/1', 'b@x/1']);
    stage.answers(MOODY.xml);
    assert.deepEqual(stage.found, ['b@x/1: mood']);
  });

  play('an answer of somebody else is none', (stage) => {
    stage.announces('a@x/1');
    assert.equal(stage.answers(MOODY.xml, 'mallory@x/1'), false);
    assert.deepEqual(stage.found, []);
    assert.equal(stage.answers(MOODY.xml), true);
    assert.equal(stage.answers(MOODY.xml), false, 'a second time');
    assert.equal(stage.found.length, 1);
  });

  play('errors and silence: not asked again for an hour', (stage) => {
    stage.announces('a@x/1');
    stage.answers(`<error type='cancel'/>`);
    stage.announces('a@x/1');
    assert.equal(stage.asked.length, 1);
    stage.announces('b@x/1');
    stage.time.advance(30_100);
    assert.equal(stage.book.asking, 0);
    stage.time.advance(3_600_000);
    stage.announces('a@x/1');
    assert.deepEqual(stage.addressees, ['a@x/1', 'b@x/1', 'a@x/1']);
  });
});

describe('bounds', () => {
  play('1,000 questions at the same time', (stage) => {
    for (let i = 0; i < 1500; i += 1) stage.announces('a@x/1', `ver${i}`);
    assert.equal(stage.asked.length, 1000);
    assert.equal(stage.book.asking, 1000);
    stage.time.advance(30_100);
    assert.equal(stage.book.asking, 0);
  });

  play('without a link nobody is asked; the next presence asks', (stage) => {
    stage.up = false;
    stage.announces('a@x/1');
    assert.equal(stage.book.asking, 0);
    stage.up = true;
    stage.announces('a@x/1');
    assert.deepEqual(stage.addressees, ['a@x/1']);
  });
});
