// One side of a Jingle session, played step by step: a state machine, what it did, and what must hold whatever happens.

import assert from 'node:assert/strict';
import { element, parseDocument, type XmlElement } from '../../../src/xml/index.ts';
import {
  initialSession,
  NS_RTP_INFO,
  readJingleError,
  stepSession,
  type Content,
  type Creator,
  type Jingle,
  type JingleAction,
  type OwnAction,
  type SessionEffect,
  type SessionEnd,
  type SessionEvent,
  type SessionReport,
  type SessionState,
  type SessionSupport,
  type SessionTransition,
} from '../../../src/xmpp/index.ts';

export const SID = 'a73sjjvkla37jfea';
export const ROMEO = 'romeo@montague.lit/orchard';
export const JULIET = 'juliet@capulet.lit/balcony';

export function parse(text: string): XmlElement {
  const parsed = parseDocument(Buffer.from(text));
  assert.ok(parsed.ok, text);
  return parsed.value;
}

/** A content with everything that any action can ask for. */
export function content(name: string, creator: Creator = 'initiator', more: Partial<Content> = {}): Content {
  return {
    ...{ creator, name, senders: 'both' },
    description: {
      ...{ kind: 'rtp', media: 'audio', payloads: [], bandwidths: [], rtcpMux: false, extensions: [] },
      ...{ allowMixed: false, sources: [], groups: [], feedback: [] },
    },
    transport: { kind: 'raw-udp', candidates: [] },
    ...more,
  };
}

export function jingle(
  action: JingleAction,
  contents: readonly Content[] = [],
  more: Partial<Jingle> = {},
): Jingle {
  return { action, sid: SID, contents, groups: [], infos: [], ...more };
}

export const rtp = (name: string): XmlElement => element(name, NS_RTP_INFO);
export const unknownDescription: Content['description'] = {
  kind: 'other',
  element: element('description', 'urn:x'),
};
export const unknownTransport: Content['transport'] = {
  kind: 'other',
  element: element('transport', 'urn:x'),
};

/** A side of a session that can be told what happens; it checks what must always hold. */
export class Side {
  state: SessionState;
  readonly effects: SessionEffect[] = [];
  #ids = 0;
  #open = 0;
  #isOver = false;

  constructor(role: Creator, support?: SessionSupport) {
    const [self, peer] = role === 'initiator' ? [ROMEO, JULIET] : [JULIET, ROMEO];
    this.state = initialSession({ role, sid: SID, self, peer }, support);
  }

  step(event: SessionEvent): SessionTransition {
    const before = this.state;
    const transition = stepSession(before, event);
    const { state, effects, expected } = transition;
    if (!expected) {
      assert.equal(state, before, 'what is not expected changes nothing');
      assert.equal(effects.length, 0);
    }
    for (const effect of effects) this.#check(effect);
    if (event.kind === 'received') {
      const answers = effects.filter(({ kind }) => kind === 'acknowledge' || kind === 'refuse');
      const asked = state.questions.length - before.questions.length === 1;
      if (asked) assert.equal(answers.length, 0, 'or the owner is asked for its answer');
      else {
        assert.equal(answers.filter((each) => 'id' in each && each.id === event.id).length, 1, 'once');
        assert.equal(effects[0], answers[0], 'and before anything that follows from it');
      }
      if (answers[0]?.kind === 'refuse') assert.equal(state, before, 'a refusal changes nothing');
    }
    this.state = state;
    this.effects.push(...effects);
    return transition;
  }

  #check(effect: SessionEffect): void {
    if (this.#isOver) assert.equal(effect.kind, 'refuse', `${effect.kind} after the end`);
    if (effect.kind === 'request') {
      assert.equal(effect.request, this.#open + 1, 'requests are numbered in order');
      this.#open = effect.request;
      assert.equal(effect.jingle.sid, SID);
    }
    if (effect.kind === 'end') this.#isOver = true;
  }

  /** The effects of an action of the other party. */
  receive(what: Jingle): readonly SessionEffect[] {
    this.#ids += 1;
    return this.step({ kind: 'received', id: `in${this.#ids}`, jingle: what }).effects;
  }

  /** The number of the request; it must be one that may be sent. */
  send(action: OwnAction): number {
    const { effects, expected } = this.step({ kind: 'send', action });
    assert.ok(expected, `${action.action} may be sent`);
    const request = effects.find(({ kind }) => kind === 'request');
    assert.ok(request?.kind === 'request');
    return request.request;
  }

  result(request: number): void {
    assert.ok(this.step({ kind: 'result', request }).expected);
  }

  get ends(): readonly SessionEnd[] {
    return this.effects.flatMap((effect) => (effect.kind === 'end' ? [effect.end] : []));
  }

  status(name: string, creator: Creator = 'initiator'): string | undefined {
    return this.state.contents.find((each) => each.name === name && each.creator === creator)?.status;
  }
}

/** A session that has come to a phase, by way of what both really send. */
export function sideIn(
  phase: SessionState['phase'],
  role: Creator,
  names: readonly string[] = ['voice'],
  support?: SessionSupport,
): Side {
  const side = new Side(role, support);
  if (phase === 'idle') return side;
  const contents = names.map((name) => content(name));
  if (role === 'initiator') side.result(side.send({ action: 'session-initiate', contents }));
  else side.receive(jingle('session-initiate', contents));
  if (phase === 'pending') return side;
  if (role === 'initiator') side.receive(jingle('session-accept', contents));
  else side.result(side.send({ action: 'session-accept', contents }));
  if (phase === 'ended') side.send({ action: 'session-terminate', reason: { condition: 'success' } });
  return side;
}

/** One word for what an action of the other party was answered with. */
export function answerOf(effects: readonly SessionEffect[]): string {
  const [first] = effects;
  if (first?.kind !== 'refuse') return first?.kind ?? 'nothing';
  return readJingleError(first.error) ?? first.error.condition;
}

export function reportsOf(effects: readonly SessionEffect[]): readonly SessionReport[] {
  return effects.flatMap((effect) => (effect.kind === 'report' ? [effect.report] : []));
}

/** Each effect as a word or two. */
export function brief(effects: readonly SessionEffect[]): readonly string[] {
  return effects.map((effect) => {
    switch (effect.kind) {
      case 'request':
        return `send ${effect.jingle.action}${effect.jingle.reason === undefined ? '' : ` ${effect.jingle.reason.condition}`}`;
      case 'report': {
        const { report } = effect;
        if (report.kind === 'question') return `question ${report.question.kind}`;
        if (report.kind === 'action') return `report ${report.jingle.action}`;
        return report.kind === 'info' ? `report ${report.info.kind}` : `${report.kind} ${report.action}`;
      }
      case 'refuse':
        return `refuse ${answerOf([effect])}`;
      case 'end':
        return `end ${effect.end.cause} in ${effect.end.phase}`;
      default:
        return effect.kind;
    }
  });
}
