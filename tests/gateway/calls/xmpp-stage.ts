// The XMPP side of calls between a real LinkGroup and machine K: clients are stanzas as text, the phone is what K tells it.

import assert from 'node:assert/strict';
import { Counters, SeededRandom, silentLog, VirtualTime, type Timer } from '../../../src/base/index.ts';
import { SendRefusal } from '../../../src/edge/xmpp/index.ts';
import type { CallHost, XmppLegs } from '../../../src/gateway/calls/legs.ts';
import { XmppSessions } from '../../../src/gateway/calls/xmpp-sessions.ts';
import type { XmppBeginning } from '../../../src/gateway/calls/xmpp-types.ts';
import { LinkGroup, type GroupLink } from '../../../src/gateway/link-group.ts';
import {
  beginCall,
  stepCall,
  type CallDirection,
  type CallEffect,
  type CallEvent,
  type CallOutcome,
  type CallState,
} from '../../../src/interwork/call/index.ts';
import { serialize, type XmlElement } from '../../../src/xml/index.ts';
import {
  jingleElement,
  readInitiation,
  readJingle,
  type Initiation,
  type Jingle,
  type OwnAction,
  type StanzaError,
} from '../../../src/xmpp/index.ts';
import { readStanza } from '../../xmpp/read-xml.ts';
import { sdpOf } from '../../interwork/call/call-play.ts';

export const ROMEO = 'romeo@sip.example';
export const PHONE = `${ROMEO}/sip`;
export const JULIET = 'juliet@capulet.example';
export const DESK = `${JULIET}/desk`;
export const POCKET = `${JULIET}/pocket`;

/** One link that can be taken away. */
export class StageLink implements GroupLink {
  state = 'up';
  readonly answering = false;
  full = false;
  readonly written: XmlElement[] = [];
  seq = 0;

  send(stanza: XmlElement): number {
    if (this.state !== 'up') return SendRefusal.NotUp;
    if (this.full) return SendRefusal.Full;
    // What a client gets is text, and so is what is looked at here.
    this.written.push(readStanza(serialize(stanza)));
    return ++this.seq;
  }
}

/** A call with machine K in it. */
export class StageCall implements CallHost {
  state: CallState;
  legs: XmppLegs | undefined;
  readonly outcomes: CallOutcome[] = [];
  /** What the phone is told, by kind and status. */
  readonly sip: string[] = [];
  readonly effects: CallEffect[] = [];
  readonly surprises: string[] = [];
  over = 0;
  changes = 0;
  readonly #time: VirtualTime;
  readonly #timers = new Map<string, Timer>();
  readonly #queue: CallEvent[] = [];
  #busy = false;

  constructor(time: VirtualTime, direction: CallDirection) {
    this.#time = time;
    this.state = beginCall({ direction, origin: sdpOf(['audio']).origin, trickle: false });
  }

  changed(): void {
    this.changes += 1;
  }

  take(event: CallEvent): void {
    this.#queue.push(event);
    if (this.#busy) return;
    this.#busy = true;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      const { state, effects, expected } = stepCall(this.state, next);
      if (!expected) this.surprises.push(`${this.state.phase}: ${next.kind}`);
      this.state = state;
      for (const effect of effects) this.run(effect);
    }
    this.#busy = false;
  }

  /** Effects of K, or of a restart. */
  run(effect: CallEffect): void {
    this.effects.push(effect);
    switch (effect.kind) {
      case 'initiation':
      case 'session':
      case 'decide':
        return this.legs?.command(effect);
      case 'startTimer': {
        const { timer, ms } = effect;
        this.#timers.set(
          timer,
          this.#time.timers.set(ms, () => this.take({ kind: 'timer', timer })),
        );
        return;
      }
      case 'stopTimer':
        return this.#time.timers.clear(this.#timers.get(effect.timer));
      case 'outcome':
        this.outcomes.push(effect.outcome);
        return;
      case 'over':
        this.over += 1;
        return;
      case 'up':
        return;
      case 'progress':
        this.sip.push(`progress ${effect.status}`);
        return;
      case 'answer':
        this.sip.push(`answer ${effect.status}`);
        return;
      case 'endSip':
        this.sip.push(`end ${effect.status}`);
        // The phone takes it, whatever it is.
        return this.take({ kind: 'sipEnded', end: { cause: 'refused', status: effect.status } });
      default:
        this.sip.push(effect.kind);
    }
  }
}

export class Stage {
  readonly time = new VirtualTime();
  readonly link = new StageLink();
  readonly group = new LinkGroup('sip.example');
  readonly counters = new Counters();
  readonly calls: StageCall[] = [];
  readonly beginnings: XmppBeginning[] = [];
  refusal: StanzaError | undefined;
  sessions: XmppSessions;
  #read = 0;
  #id = 0;

  readonly #pulseMs: number | undefined;

  /** `pulseMs`: after how much silence a session is asked. */
  constructor(maxCalls?: number, pulseMs?: number) {
    this.#pulseMs = pulseMs;
    this.group.replaceLinks([this.link]);
    this.sessions = this.#make(maxCalls);
  }

  /** A gateway that knows nothing of before. */
  restart(): void {
    this.sessions.stop();
    this.sessions = this.#make();
  }

  #make(maxCalls?: number): XmppSessions {
    return new XmppSessions({
      clock: this.time,
      timers: this.time.timers,
      random: new SeededRandom(7 + this.#id),
      log: silentLog,
      counters: this.counters,
      groupFor: (domain) => (domain === this.group.domain ? this.group : undefined),
      begins: (beginning, legs) => {
        this.beginnings.push(beginning);
        if (this.refusal !== undefined) return { ok: false, error: this.refusal };
        const call = new StageCall(this.time, 'toSip');
        call.legs = legs;
        this.calls.push(call);
        return { ok: true, host: call };
      },
      maxCalls: () => maxCalls ?? 100,
      maxCallsOfUser: () => 32,
      ...(this.#pulseMs === undefined ? {} : { pulseMs: () => this.#pulseMs ?? 0 }),
    });
  }

  get call(): StageCall {
    return this.calls.at(-1) ?? assert.fail('there is no call');
  }

  /** The phone calls Juliet; `device`: a client that knows no proposals. */
  phoneCalls(device?: string, sid?: string, description = sdpOf(['audio'])): StageCall {
    const call = new StageCall(this.time, 'toXmpp');
    call.legs = this.sessions.outgoing(call, { self: ROMEO, peer: device ?? JULIET, sid });
    assert.ok(call.legs !== undefined);
    this.calls.push(call);
    call.take({ kind: 'invited', description, trickle: false, device });
    return call;
  }

  /** What clients got since this was asked last. */
  sent(): XmlElement[] {
    const fresh = this.link.written.slice(this.#read);
    this.#read = this.link.written.length;
    return fresh;
  }

  /** The same in words: what it is, and to whom. */
  words(): string[] {
    return this.sent().map((stanza) => `${wordOf(stanza)} > ${stanza.attr('to')}`);
  }

  /** What was sent last of this kind. */
  last(word: string): XmlElement {
    const found = this.link.written.findLast((stanza) => wordOf(stanza) === word);
    return found ?? assert.fail(`nothing is ${word}: ${this.link.written.map(wordOf).join(', ')}`);
  }

  message(text: string, from = DESK, to = PHONE, attributes = `type='chat'`): boolean {
    const stanza = `<message from='${from}' to='${to}' id='m${++this.#id}' ${attributes}>${text}</message>`;
    return this.sessions.message(readStanza(stanza), this.group);
  }

  /** An element of XEP-0353 with the sid of the call. */
  says(kind: Initiation['kind'], sid: string, inner = '', from = DESK, to = PHONE): boolean {
    return this.message(
      `<${kind} xmlns='urn:xmpp:jingle-message:0' id='${sid}'>${inner}</${kind}>`,
      from,
      to,
    );
  }

  proposes(sid: string, from = DESK, to = ROMEO): boolean {
    const inner = `<description xmlns='urn:xmpp:jingle:apps:rtp:1' media='audio'/>`;
    return this.says('propose', sid, inner, from, to);
  }

  /** An action of a client. The id of its iq. */
  acts(action: OwnAction, sid: string, from = DESK, to = PHONE): string {
    const jingle: Jingle = {
      ...{ action: action.action, sid, contents: action.contents ?? [], groups: action.groups ?? [] },
      ...{ reason: action.reason, infos: action.infos ?? [] },
    };
    return this.iq(serialize(jingleElement(jingle)), from, to);
  }

  iq(payload: string, from = DESK, to = PHONE): string {
    const id = `i${++this.#id}`;
    const stanza = `<iq from='${from}' to='${to}' id='${id}' type='set'>${payload}</iq>`;
    assert.equal(this.sessions.iq(readStanza(stanza), this.group), true);
    return id;
  }

  /** The client answers. False: nobody waits for that. */
  answers(stanza: XmlElement, error?: string, from = stanza.attr('to') ?? ''): boolean {
    const ends = `from='${from}' to='${stanza.attr('from')}' id='${stanza.attr('id')}'`;
    const answer =
      error === undefined ? `<iq ${ends} type='result'/>` : `<iq ${ends} type='error'>${error}</iq>`;
    return this.sessions.iq(readStanza(answer), this.group);
  }

  /** A message of ours comes back. */
  bounces(stanza: XmlElement, condition: string, from = stanza.attr('to') ?? ''): boolean {
    const ends = `from='${from}' to='${stanza.attr('from')}' id='${stanza.attr('id')}'`;
    return this.sessions.message(
      readStanza(`<message ${ends} type='error'>${errorOf(condition)}</message>`),
      this.group,
    );
  }

  presence(attributes: string, from = DESK, to = ROMEO): void {
    this.sessions.presence(readStanza(`<presence from='${from}' to='${to}' ${attributes}/>`));
  }

  /** Whatever happened: one outcome for each call, and, when the time for what is late is over, nothing left. */
  assertOver(): void {
    for (const call of this.calls) {
      assert.equal(call.outcomes.length, 1, JSON.stringify(call.outcomes));
      assert.equal(call.over, 1);
      assert.deepEqual(call.surprises, []);
    }
    this.time.advance(33_000);
    assert.deepEqual([this.sessions.size, this.sessions.waiting, this.time.timers.size], [0, 0, 0]);
    this.group.linkConfirmed(this.link, this.link.seq);
    this.group.sweep();
    assert.equal(this.group.waiting, 0);
  }
}

export function errorOf(condition: string, jingle = ''): string {
  const application = jingle === '' ? '' : `<${jingle} xmlns='urn:xmpp:jingle:errors:1'/>`;
  return `<error type='cancel'><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>${application}</error>`;
}

/** What a stanza is, in a word or two. */
export function wordOf(stanza: XmlElement): string {
  const type = stanza.attr('type') ?? '';
  if (type === 'error') {
    const names = [...(stanza.child('error')?.elements() ?? [])].map(({ name }) => name);
    return `error ${names.filter((name) => name !== 'text').join(' ')}`;
  }
  if (type === 'result') return 'result';
  const initiation = readInitiation(stanza);
  if (initiation?.ok === true) {
    const { value } = initiation;
    const reason = 'reason' in value && value.reason !== undefined ? ` ${value.reason.condition}` : '';
    return `${value.kind}${reason}`;
  }
  const payload = stanza.child('jingle', 'urn:xmpp:jingle:1');
  const read = payload === undefined ? undefined : readJingle(payload);
  if (read?.ok !== true) return stanza.name;
  const { action, reason, infos } = read.value;
  const more = reason?.condition ?? infos[0]?.name;
  return more === undefined ? action : `${action} ${more}`;
}
