// Which client of an XMPP user a call is for (CALL-27, CALL-101), and what SIP users announce of calls (FEAT-03, FEAT-04).

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Counters, SeededRandom, VirtualTime } from '../../../src/base/index.ts';
import { CallDevices, type ShownResource } from '../../../src/gateway/calls/xmpp-devices.ts';
import { CALL_FEATURES, callAddress } from '../../../src/gateway/calls/xmpp-features.ts';
import { UserFeatures, type UserFeaturesEnv } from '../../../src/gateway/user-features.ts';
import { serialize, type XmlElement } from '../../../src/xml/index.ts';
import { answerIq, capsVersion, readCaps } from '../../../src/xmpp/index.ts';
import { readStanza } from '../../xmpp/read-xml.ts';
import { JULIET, ROMEO } from './xmpp-stage.ts';

const AUDIO = ['urn:xmpp:jingle:1', 'urn:xmpp:jingle:apps:rtp:1', 'urn:xmpp:jingle:apps:rtp:audio'];
const PROPOSALS = [...AUDIO, 'urn:xmpp:jingle-message:0'];

/** disco#info with these features, and its verification string. */
function client(features: readonly string[]): { readonly xml: string; readonly ver: string } {
  const xml =
    `<query xmlns='http://jabber.org/protocol/disco#info'><identity category='client' type='pc'/>` +
    `${features.map((each) => `<feature var='${each}'/>`).join('')}</query>`;
  const query = readStanza(`<iq type='result' id='1'>${xml}</iq>`).child(
    'query',
    'http://jabber.org/protocol/disco#info',
  );
  return { xml, ver: (query && capsVersion(query, 'sha-1')) ?? assert.fail('ill-formed') };
}

class Bench {
  readonly time = new VirtualTime();
  readonly asked: XmlElement[] = [];
  readonly chosen: (string | undefined)[] = [];
  resources: ShownResource[] = [];
  up = true;
  readonly devices = new CallDevices({
    ...{ clock: this.time, timers: this.time.timers, counters: new Counters(), random: new SeededRandom(1) },
    resources: () => this.resources,
    send: (stanza) => {
      if (this.up) this.asked.push(stanza);
      return this.up;
    },
  });

  /** A client is there. */
  has(resource: string, features: readonly string[], priority = 0, caps = true): this {
    const c = `<c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='urn:c' ver='${client(features).ver}'/>`;
    const stanza = readStanza(`<presence><priority>${priority}</priority>${caps ? c : ''}</presence>`);
    this.resources.push({ resource, stanza });
    return this;
  }

  choose(peer = JULIET): this {
    this.devices.choose(`${ROMEO}/sip`, peer, (device) => this.chosen.push(device));
    return this;
  }

  answers(
    resource: string,
    features: readonly string[] | undefined,
    from = `${JULIET}/${resource}`,
  ): boolean {
    const question = this.asked.find((each) => each.attr('to') === `${JULIET}/${resource}`);
    assert.ok(question !== undefined);
    const ends = `from='${from}' to='${ROMEO}' id='${question.attr('id')}'`;
    const answer =
      features === undefined
        ? `<iq ${ends} type='error'><error type='cancel'/></iq>`
        : `<iq ${ends} type='result'>${client(features).xml}</iq>`;
    return this.devices.answer(readStanza(answer));
  }
}

function play(name: string, act: (bench: Bench) => void): void {
  test(name, () => {
    const bench = new Bench();
    act(bench);
    assert.deepEqual([bench.devices.asking, bench.time.timers.size], [0, 0]);
  });
}

describe('CALL-27: propose to all, or to one', () => {
  play('of nobody anything is known: to all, without a question', (bench) => {
    bench.choose();
    assert.deepEqual([bench.chosen, bench.asked], [[undefined], []]);
  });

  play('CALL-101: none knows proposals: the highest priority that takes audio', (bench) => {
    bench.has('low', AUDIO, 1).has('high', AUDIO, 5).has('chat', ['urn:xmpp:ping'], 9).choose();
    assert.equal(bench.asked.length, 3);
    assert.equal(bench.asked[0]?.attr('from'), ROMEO);
    bench.answers('low', AUDIO);
    bench.answers('high', AUDIO);
    assert.deepEqual(bench.chosen, []);
    bench.answers('chat', ['urn:xmpp:ping']);
    assert.deepEqual(bench.chosen, [`${JULIET}/high`]);
    bench.choose();
    assert.deepEqual([bench.chosen.length, bench.asked.length], [2, 3], 'a right hash is known from now on');
  });

  play('one knows them: to all, and nobody else is waited for', (bench) => {
    bench.has('old', AUDIO).has('new', PROPOSALS).choose();
    bench.answers('new', PROPOSALS);
    assert.deepEqual(bench.chosen, [undefined]);
    assert.equal(bench.answers('old', AUDIO), false, 'late');
  });

  play('one does not answer in 2 s, or by an error: to all', (bench) => {
    bench.has('old', AUDIO).has('mute', []).choose();
    bench.answers('old', AUDIO);
    bench.time.advance(1900);
    assert.deepEqual(bench.chosen, []);
    bench.time.advance(200);
    assert.deepEqual(bench.chosen, [undefined]);
    bench.choose();
    assert.equal(bench.asked.length, 3, 'of the one that answered it is known');
    assert.equal(bench.answers('mute', undefined), false, 'to the question of before');
    bench.time.advance(2100);
  });

  play('nobody takes audio: to all, perhaps somebody comes', (bench) => {
    bench.has('chat', ['urn:xmpp:ping']).choose();
    bench.answers('chat', ['urn:xmpp:ping']);
    assert.deepEqual(bench.chosen, [undefined]);
  });

  play('a client that announces nothing is asked as it is', (bench) => {
    bench.has('plain', AUDIO, 0, false).choose();
    assert.equal([...(bench.asked[0]?.elements() ?? [])][0]?.attr('node'), undefined);
    bench.answers('plain', AUDIO);
    assert.deepEqual(bench.chosen, [`${JULIET}/plain`]);
    bench.choose();
    assert.equal(bench.asked.length, 2, 'what no hash proves is not remembered');
    bench.time.advance(2100);
  });

  play('a wrong hash is believed of the one who answers alone (XEP-0115 §5.4)', (bench) => {
    bench.has('sly', PROPOSALS).choose();
    bench.answers('sly', AUDIO);
    assert.deepEqual(bench.chosen, [`${JULIET}/sly`]);
    bench.choose();
    assert.equal(bench.asked.length, 2);
    bench.time.advance(2100);
  });

  play('an answer of somebody else is none', (bench) => {
    bench.has('desk', AUDIO).choose();
    assert.equal(bench.answers('desk', PROPOSALS, 'mallory@x/desk'), false);
    assert.equal(bench.answers('desk', AUDIO), true);
    assert.equal(bench.answers('desk', AUDIO), false, 'twice');
    assert.deepEqual(bench.chosen, [`${JULIET}/desk`]);
  });

  play('a full JID: that client alone', (bench) => {
    bench.has('desk', AUDIO, 9).choose(`${JULIET}/pocket`);
    assert.deepEqual(
      bench.asked.map((each) => each.attr('to')),
      [`${JULIET}/pocket`],
    );
    bench.answers('pocket', AUDIO);
    assert.deepEqual(bench.chosen, [`${JULIET}/pocket`]);
  });

  play('without a link, and with too many clients, nobody is asked', (bench) => {
    bench.up = false;
    bench.has('desk', AUDIO).choose();
    bench.up = true;
    for (let i = 0; i < 16; i += 1) bench.has(`d${i}`, AUDIO);
    bench.choose();
    assert.deepEqual([bench.chosen, bench.asked], [[undefined, undefined], []]);
  });

  test('1,000 choices wait at most, and none after stop', () => {
    const bench = new Bench().has('desk', AUDIO);
    for (let i = 0; i < 1001; i += 1) bench.choose();
    assert.deepEqual([bench.devices.asking, bench.chosen], [1000, [undefined]]);
    bench.devices.stop();
    assert.deepEqual([bench.devices.asking, bench.time.timers.size, bench.chosen.length], [0, 0, 1]);
  });
});

describe('FEAT-03, FEAT-04: what SIP users announce', () => {
  let calls = false;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what is asked of it
  const live = {
    book: { jidTargetToSip: () => ({ ok: false, error: { kind: 'no-rule', message: '' } }) },
    messages: { composing: 'always' },
    presence: { location: 'hide' },
  } as unknown as UserFeaturesEnv['live'];
  const features = new UserFeatures({
    live,
    peers: { mayAsk: () => false },
    name: 'Stoxgate',
    calls: () => calls,
  });
  const ask = (node?: string): ReadonlySet<string | undefined> => {
    const query = `<query xmlns='http://jabber.org/protocol/disco#info'${node === undefined ? '' : ` node='${node}'`}/>`;
    const iq = `<iq from='${JULIET}/desk' to='${callAddress(ROMEO)}' id='1' type='get'>${query}</iq>`;
    const answer = answerIq(readStanza(iq), {
      ...{ domain: 'sip.example', name: 'Stoxgate', version: '1', startedMs: 0, nowMs: 0, wallMs: 0 },
      ...{ userFeatures: features.of(ROMEO), announced: features.all },
    });
    assert.equal(answer?.attr('type'), 'result', answer && serialize(answer));
    const info = answer?.child('query', 'http://jabber.org/protocol/disco#info');
    return new Set([...(info?.elements() ?? [])].map((each) => each.attr('var')));
  };

  test('calls only where they are carried; what was announced before can still be asked for', () => {
    const before = features.caps(ROMEO);
    assert.ok(CALL_FEATURES.every((each) => !ask().has(each)));
    calls = true;
    for (const feature of [
      ...['urn:xmpp:jingle:1', 'urn:xmpp:jingle-message:0', 'urn:xmpp:jingle:apps:rtp:1'],
      ...['urn:xmpp:jingle:apps:rtp:audio', 'urn:xmpp:jingle:apps:rtp:video'],
      ...['urn:xmpp:jingle:transports:ice-udp:1', 'urn:xmpp:jingle:transports:raw-udp:1'],
      ...['urn:xmpp:jingle:apps:dtls:0', 'urn:xmpp:jingle:apps:rtp:rtcp-fb:0'],
      ...['urn:xmpp:jingle:apps:rtp:rtp-hdrext:0', 'urn:xmpp:jingle:apps:rtp:ssma:0'],
      'urn:xmpp:jingle:apps:grouping:0',
    ]) {
      assert.ok(ask().has(feature), feature);
    }
    const after = features.caps(ROMEO);
    assert.notEqual(after.attr('ver'), before.attr('ver'));
    for (const [caps, has] of [
      [before, false],
      [after, true],
    ] as const) {
      const { node, ver } = readCaps(readStanza(`<presence>${serialize(caps)}</presence>`)) ?? assert.fail();
      assert.equal(ask(`${node}#${ver}`).has('urn:xmpp:jingle:1'), has);
    }
  });

  test('in a call he has a full JID', () => {
    assert.equal(callAddress(ROMEO), `${ROMEO}/sip`);
    assert.equal(callAddress(`${ROMEO}/gruu`), `${ROMEO}/gruu`);
  });
});
