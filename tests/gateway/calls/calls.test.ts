// Calls between a phone and a client through the table of calls: rules, limits, records, the drain, and one outcome for each.
// The XMPP side is the driver with its stanzas; the SIP side the machines of `sip/invite` without a network.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Counters, SeededRandom, silentLog, VirtualTime } from '../../../src/base/index.ts';
import { Calls } from '../../../src/gateway/calls/calls.ts';
import { XmppSessions } from '../../../src/gateway/calls/xmpp-sessions.ts';
import { LinkGroup } from '../../../src/gateway/link-group.ts';
import { CALLS, type CallRecord } from '../../../src/interwork/call/index.ts';
import { AddressBook, type MappedUri } from '../../../src/mapping/index.ts';
import { CallRules, type CallRule } from '../../../src/policy/index.ts';
import { keptReceivedInvite, type ServerTransaction } from '../../../src/sip/index.ts';
import { serialize, type XmlElement } from '../../../src/xml/index.ts';
import { jingleElement, readInitiation, rtpInfoElement, type OwnAction } from '../../../src/xmpp/index.ts';
import { contentOf, sdpOf } from '../../interwork/call/call-play.ts';
import { readStanza } from '../../xmpp/read-xml.ts';
import { MemoryCollection } from '../memory-collection.ts';
import { PhoneSide, requestOf, SOURCE } from './phone-side.ts';
import { StageLink, wordOf } from './xmpp-stage.ts';

const ROMEO = 'romeo@sip.example';
const PHONE = `${ROMEO}/sip`;
const JULIET = 'juliet@capulet.example';
const DESK = `${JULIET}/desk`;
const BOOK = new AddressBook([
  { home: 'sip', sip: 'sip.example', xmpp: 'sip.example' },
  { home: 'xmpp', sip: 'capulet.example', xmpp: 'capulet.example' },
]);
const CAPS = { user: 2, domain: 50, total: 100, attempts: 60 };

interface Options {
  readonly rules?: readonly CallRule[];
  readonly caps?: Partial<typeof CAPS>;
  readonly records?: MemoryCollection<CallRecord>;
}

class Rig {
  readonly time = new VirtualTime();
  readonly link = new StageLink();
  readonly group = new LinkGroup('sip.example');
  readonly counters = new Counters();
  readonly phones: PhoneSide[] = [];
  /** Request-URIs of the calls that were made. */
  readonly called: string[] = [];
  /** Whom his contacts mean by his addresses. */
  meant = (contact: MappedUri): MappedUri => contact;
  /** What INVITEs were answered by the table of calls itself. */
  readonly answers: string[] = [];
  readonly xmpp: XmppSessions;
  readonly calls: Calls;
  #id = 0;

  constructor({ rules = [], caps, records }: Options = {}) {
    this.group.replaceLinks([this.link]);
    const { time, counters } = this;
    const env = { clock: time, timers: time.timers, log: silentLog, counters };
    this.xmpp = new XmppSessions({
      ...{ ...env, random: new SeededRandom(3) },
      groupFor: () => this.group,
      begins: (beginning, legs) => this.calls.begins(beginning, legs),
      maxCalls: () => 100,
      maxCallsOfUser: () => 32,
    });
    this.calls = new Calls({
      ...{ ...env, random: new SeededRandom(5), node: 'gw1', caps: { ...CAPS, ...caps }, records },
      live: { book: BOOK, callRules: new CallRules(rules, BOOK) },
      sip: {
        incoming: (tx, host) => this.phone.incoming(tx, host),
        outgoing: (host, { to }) => {
          this.called.push(to.uri);
          this.phones.push(new PhoneSide());
          return this.phone.outgoing(host);
        },
        restore: (kept, host) => {
          this.phones.push(new PhoneSide());
          return this.phone.restore(kept, host);
        },
        interrupted: () => undefined,
      },
      xmpp: this.xmpp,
      meant: (_, contact) => this.meant(contact),
      address: () => '198.51.100.1',
    });
  }

  get phone(): PhoneSide {
    return this.phones.at(-1) ?? assert.fail('no phone');
  }

  /** A phone calls; its INVITE passed the checks of the dispatch. */
  invite(requestUri = `sip:${JULIET}`, callId = `call-${++this.#id}`, refuses = false): PhoneSide {
    const phone = new PhoneSide();
    phone.refuses = refuses;
    this.phones.push(phone);
    phone.phone.invite(sdpOf(['audio']));
    const from = BOOK.sipSenderToJid(`sip:${ROMEO}`);
    assert.ok(from.ok);
    const tx: ServerTransaction = {
      ...{ request: requestOf(requestUri, ROMEO, callId), source: SOURCE, state: 'Proceeding', toTag: 'gw' },
      respond: (status, options) => {
        const after = options?.headers?.find(({ name }) => name === 'Retry-After');
        this.answers.push(after === undefined ? String(status) : `${status} after ${after.value}`);
      },
    };
    this.calls.invite(tx, from.value);
    return phone;
  }

  last(word: string): XmlElement {
    const found = this.link.written.findLast((stanza) => wordOf(stanza) === word);
    return found ?? assert.fail(`no ${word}: ${this.link.written.map(wordOf).join(', ')}`);
  }

  has(word: string): boolean {
    return this.link.written.some((stanza) => wordOf(stanza) === word);
  }

  sid(): string {
    const read = readInitiation(this.last('propose'));
    return read?.ok === true ? read.value.id : assert.fail('no proposal');
  }

  says(kind: string, sid: string, inner = '', to = PHONE): void {
    const element = `<${kind} xmlns='urn:xmpp:jingle-message:0' id='${sid}'>${inner}</${kind}>`;
    const id = `m${++this.#id}`;
    this.xmpp.message(
      readStanza(`<message from='${DESK}' to='${to}' id='${id}' type='chat'>${element}</message>`),
      this.group,
    );
  }

  acts(action: OwnAction, sid: string, to = PHONE): void {
    const { contents = [], groups = [], infos = [], reason } = action;
    const payload = serialize(jingleElement({ action: action.action, sid, contents, groups, infos, reason }));
    const id = `i${++this.#id}`;
    this.xmpp.iq(
      readStanza(`<iq from='${DESK}' to='${to}' id='${id}' type='set'>${payload}</iq>`),
      this.group,
    );
  }

  proposes(sid: string, to = ROMEO): void {
    this.says('propose', sid, `<description xmlns='urn:xmpp:jingle:apps:rtp:1' media='audio'/>`, to);
  }

  /** A phone calls, and Juliet's desk takes the call. */
  answeredToXmpp(): PhoneSide {
    const phone = this.invite();
    const sid = this.sid();
    this.says('proceed', sid);
    this.acts({ action: 'session-accept', contents: [contentOf('0', 'initiator')] }, sid);
    phone.flush();
    return phone;
  }

  outcome(direction: string, outcome: string): number {
    return this.counters.counter('stoxgate_calls_total', 'Calls by their outcome, each once.', {
      direction,
      outcome,
    }).value;
  }

  /** Nothing is left of any call when what comes late has had its time. */
  assertNothingLeft(): void {
    for (const phone of this.phones) phone.flush();
    assert.deepEqual([this.calls.size, this.calls.caps.size], [0, 0]);
    this.time.advance(40_000);
    assert.deepEqual([this.xmpp.size, this.time.timers.size], [0, 0]);
    assert.equal(this.counters.total('stoxgate_calls_unexpected_total'), 0);
  }
}

describe('SIP to XMPP', () => {
  test('CALL-90, CALL-92, CALL-05, CALL-09: proposed, taken, answered, hung up by the phone', () => {
    const rig = new Rig();
    const phone = rig.answeredToXmpp();
    assert.ok(phone.phone.isUp);
    assert.ok(phone.seen.includes('200'));
    assert.deepEqual([rig.calls.size, rig.calls.answered], [1, 1]);
    phone.phone.end(480);
    phone.flush();
    assert.ok(rig.has('session-terminate success'));
    assert.equal(rig.outcome('sip_to_xmpp', 'ended'), 1);
    rig.assertNothingLeft();
  });

  test('CALL-08: hung up by the client', () => {
    const rig = new Rig();
    const phone = rig.answeredToXmpp();
    rig.acts({ action: 'session-terminate', reason: { condition: 'success' } }, rig.sid());
    phone.flush();
    assert.ok(phone.seen.includes('BYE'));
    assert.equal(rig.outcome('sip_to_xmpp', 'ended'), 1);
    rig.assertNothingLeft();
  });

  test('CALL-41: hold is a re-INVITE, whose offer is there in the same turn', () => {
    const rig = new Rig();
    const phone = rig.answeredToXmpp();
    rig.acts({ action: 'session-info', infos: [rtpInfoElement({ kind: 'hold' })] }, rig.sid());
    phone.flush();
    assert.ok(phone.seen.includes('INVITE'), phone.seen.join(' '));
    phone.phone.end(480);
    rig.assertNothingLeft();
  });

  test('CALL-93: busy is 486, any other reject 603', () => {
    for (const [reason, status, outcome] of [
      [`<reason xmlns='urn:xmpp:jingle:1'><busy/></reason>`, '486', 'busy'],
      ['', '603', 'declined'],
    ] as const) {
      const rig = new Rig();
      const phone = rig.invite();
      rig.says('reject', rig.sid(), reason);
      phone.flush();
      assert.ok(phone.seen.includes(status), phone.seen.join(' '));
      assert.equal(rig.outcome('sip_to_xmpp', outcome), 1);
      rig.assertNothingLeft();
    }
  });

  test('CALL-95: nobody takes it in 120 s', () => {
    const rig = new Rig();
    const phone = rig.invite();
    rig.time.advance(120_100);
    phone.flush();
    assert.ok(phone.seen.includes('480'));
    assert.equal(rig.outcome('sip_to_xmpp', 'noAnswer'), 1);
    rig.assertNothingLeft();
  });
});

describe('XMPP to SIP', () => {
  const calling = (rig: Rig): string => {
    rig.proposes('sid-1');
    const contents = [contentOf('voice', 'initiator', 'audio', { setup: 'actpass' })];
    rig.acts({ action: 'session-initiate', contents }, 'sid-1');
    rig.phone.flush();
    return 'sid-1';
  };

  test('CALL-97, CALL-01, CALL-08: told to proceed, called, answered, hung up', () => {
    const rig = new Rig();
    const sid = calling(rig);
    assert.ok(rig.has('proceed'));
    assert.ok(rig.phone.seen.includes('INVITE'));
    // The resource under which he speaks is the gateway's: no registrar knows it as a `gr` (RFC 7247 §6, ADDR-11).
    assert.deepEqual(rig.called, [`sip:${ROMEO}`]);
    rig.phone.phone.progress(180);
    rig.phone.phone.accept(sdpOf(['audio'], { setup: 'passive' }));
    rig.phone.flush();
    assert.ok(rig.has('session-accept'));
    assert.equal(rig.calls.answered, 1);
    rig.acts({ action: 'session-terminate', reason: { condition: 'success' } }, sid);
    rig.phone.flush();
    assert.ok(rig.phone.seen.includes('BYE'));
    assert.equal(rig.outcome('xmpp_to_sip', 'ended'), 1);
    rig.assertNothingLeft();
  });

  test('CALL-11, CALL-70: the phone is busy', () => {
    const rig = new Rig();
    calling(rig);
    rig.phone.phone.end(486);
    rig.phone.flush();
    assert.ok(rig.has('session-terminate busy'));
    assert.equal(rig.outcome('xmpp_to_sip', 'busy'), 1);
    rig.assertNothingLeft();
  });

  test('ADDR-11: a phone of its own that is called by its resource is called by that', () => {
    const rig = new Rig();
    rig.proposes('sid-1', `${ROMEO}/urn:uuid:6a`);
    const contents = [contentOf('voice', 'initiator', 'audio', { setup: 'actpass' })];
    rig.acts({ action: 'session-initiate', contents }, 'sid-1', `${ROMEO}/urn:uuid:6a`);
    assert.deepEqual(rig.called, [`sip:${ROMEO};gr=urn:uuid:6a`]);
    rig.phone.flush();
    rig.phone.phone.end(486);
    rig.phone.flush();
    rig.assertNothingLeft();
  });

  test('PRES-81: called by the resource that presence showed, which is no device: the INVITE is for him', () => {
    const rig = new Rig();
    rig.meant = ({ jid, bareText }) => {
      assert.equal(jid.resource, 't4109');
      const bare = BOOK.jidTargetToSip(bareText);
      return bare.ok ? bare.value : assert.fail();
    };
    // A client that knows no proposals has to name a resource (XEP-0166 §6).
    const contents = [contentOf('voice', 'initiator', 'audio', { setup: 'actpass' })];
    rig.acts({ action: 'session-initiate', contents }, 'sid-1', `${ROMEO}/t4109`);
    assert.deepEqual(rig.called, [`sip:${ROMEO}`]);
    rig.phone.flush();
    rig.phone.phone.end(486);
    rig.phone.flush();
    assert.equal(rig.last('session-terminate busy').attr('from'), `${ROMEO}/t4109`);
    rig.assertNothingLeft();
  });

  test('a telephone number is refused without a rule, with an answer, and called with one', () => {
    const number = '+12015550123@sip.example';
    const refused = new Rig();
    refused.proposes('sid-1', number);
    assert.equal(refused.phones.length, 0);
    assert.ok(refused.link.written.length > 0, 'the caller hears of it');
    assert.equal(refused.outcome('xmpp_to_sip', 'refused'), 1);
    refused.assertNothingLeft();
    const allowed = new Rig({ rules: [{ action: 'allow', direction: 'to-sip', number: ['+1201*'] }] });
    allowed.proposes('sid-1', number);
    assert.equal(allowed.phones.length, 1);
  });
});

describe('may it be made', () => {
  test('targets: not served, a whole domain, back to SIP', () => {
    const rig = new Rig();
    for (const uri of ['sip:a@unknown.example', 'sip:capulet.example', `sip:${ROMEO}`]) rig.invite(uri);
    assert.deepEqual(rig.answers, ['404', '404', '404']);
    assert.equal(rig.outcome('sip_to_xmpp', 'refused'), 3);
    rig.assertNothingLeft();
  });

  test('a rule denies: 403', () => {
    const rig = new Rig({ rules: [{ action: 'deny', direction: 'both', from: [ROMEO] }] });
    rig.invite();
    assert.deepEqual(rig.answers, ['403']);
    rig.assertNothingLeft();
  });

  test('ERR-G2: calls at the same time, and attempts in a minute', () => {
    const rig = new Rig({ caps: { attempts: 4 } });
    for (let i = 0; i < 3; i++) rig.invite();
    assert.deepEqual(rig.answers, ['480 after 10']);
    assert.equal(rig.calls.size, 2);
    // Three attempts are used; the fourth is refused for the calls, what follows for the attempts.
    rig.says('reject', rig.sid());
    rig.invite();
    assert.equal(rig.calls.size, 2);
    rig.says('reject', rig.sid());
    rig.invite();
    assert.deepEqual([rig.calls.size, rig.answers.length], [1, 2]);
    rig.time.advance(15_100);
    rig.invite();
    assert.deepEqual([rig.calls.size, rig.answers.length], [2, 2]);
  });

  test('a refusal of the driver counts once and holds nothing', () => {
    const rig = new Rig();
    rig.invite(undefined, undefined, true);
    assert.equal(rig.outcome('sip_to_xmpp', 'refused'), 1);
    rig.assertNothingLeft();
  });
});

describe('the end of the gateway', () => {
  test('ERR-G5: drained, a call that rings ends on both sides, and new ones are refused', async () => {
    const rig = new Rig({ records: new MemoryCollection(CALLS) });
    const phone = rig.invite();
    await rig.calls.drain();
    phone.flush();
    assert.ok(phone.seen.includes('500'), phone.seen.join(' '));
    assert.ok(rig.has('retract general-error'));
    rig.invite();
    assert.deepEqual(rig.answers, ['503 after 30']);
    rig.assertNothingLeft();
  });

  test('an answered call is in the store, and a next gateway hangs it up', async () => {
    const records = new MemoryCollection(CALLS);
    const rig = new Rig({ records });
    rig.answeredToXmpp();
    await rig.calls.drain();
    assert.equal(rig.calls.size, 1, 'it goes on');
    rig.calls.stop();
    await new Promise((resolve) => void setImmediate(resolve));
    assert.equal(records.size, 1);
    const next = new Rig({ records });
    await next.calls.attach();
    next.calls.restore();
    assert.deepEqual([next.calls.size, next.calls.answered], [1, 1]);
    const sid = rig.sid();
    assert.equal(next.calls.find(sid).length, 1);
    next.acts({ action: 'session-terminate', reason: { condition: 'success' } }, sid);
    assert.equal(next.outcome('sip_to_xmpp', 'ended'), 1);
    assert.equal(records.size, 0);
  });

  test('one that rang ends at the start, with an outcome', async () => {
    const records = new MemoryCollection(CALLS);
    const rig = new Rig({ records });
    rig.invite();
    rig.calls.stop();
    await new Promise((resolve) => void setImmediate(resolve));
    assert.equal(records.size, 1);
    const next = new Rig({ records });
    await next.calls.attach();
    next.calls.restore();
    assert.ok(next.has('retract general-error'), next.link.written.map(wordOf).join(', '));
    assert.equal(next.outcome('sip_to_xmpp', 'failed'), 1);
    assert.equal(records.size, 0);
    next.assertNothingLeft();
  });

  test('an INVITE that comes again before that is not taken for a call', async () => {
    const records = new MemoryCollection(CALLS);
    const request = requestOf(`sip:${JULIET}`, ROMEO, 'again');
    const invite = keptReceivedInvite(request, SOURCE, 'gw');
    records.put('one', {
      ...{ kind: 'ringing', node: 'gw1', direction: 'toXmpp', invite },
      legs: { sip: true, session: false, initiation: true },
      xmpp: { role: 'initiator', sid: 'sid', self: PHONE, peer: JULIET, proposed: true },
    });
    await new Promise((resolve) => void setImmediate(resolve));
    const rig = new Rig({ records });
    await rig.calls.attach();
    rig.invite(`sip:${JULIET}`, 'again');
    assert.deepEqual([rig.calls.size, rig.has('propose'), rig.answers], [0, false, []]);
    rig.invite(`sip:${JULIET}`, 'another');
    assert.deepEqual([rig.calls.size, rig.has('propose')], [1, true]);
    rig.calls.restore();
    assert.deepEqual(
      rig.calls.log.find('again').map(({ outcome }) => outcome),
      [{ kind: 'failed', side: 'gateway', status: 500, why: 'restart' }],
    );
  });

  test('without a store a drain ends answered calls too', async () => {
    const rig = new Rig();
    const phone = rig.answeredToXmpp();
    await rig.calls.drain();
    phone.flush();
    assert.ok(phone.seen.includes('BYE'));
    assert.equal(rig.outcome('sip_to_xmpp', 'ended'), 1);
    rig.assertNothingLeft();
  });
});

test('the log finds a call by each of its names, newest first, and forgets the oldest', () => {
  const rig = new Rig({ caps: { attempts: 2000 } });
  rig.invite('sip:capulet.example', 'twice');
  rig.time.advance(1000);
  rig.invite('sip:a@unknown.example', 'twice');
  const found = rig.calls.log.find('twice');
  assert.deepEqual(
    found.map(({ callee }) => callee),
    ['sip:a@unknown.example', 'capulet.example'],
  );
  assert.equal(rig.calls.log.find(found[0]?.id ?? '').length, 1);
  for (let i = 0; i < 1000; i++) rig.invite('sip:capulet.example');
  assert.equal(rig.calls.log.size, 1000);
  assert.equal(rig.calls.log.find('twice').length, 0);
});
