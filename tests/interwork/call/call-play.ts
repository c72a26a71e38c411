// A call between a phone and the devices of an XMPP user, with the gateway between them: machine K and the real machines of
// its legs on one side of each line, the real machines of a phone and of a client on the other. Lines keep their order and
// deliver when the play says so, so that anything may cross.

import assert from 'node:assert/strict';
import {
  beginCall,
  stepCall,
  type CallDirection,
  type CallEffect,
  type CallEvent,
  type CallOutcome,
  type CallState,
} from '../../../src/interwork/call/index.ts';
import {
  answerProblem,
  directionOf,
  parseSdp,
  reversed,
  withDirection,
  type Agreement,
  type SessionDescription,
} from '../../../src/sdp/index.ts';
import { element } from '../../../src/xml/index.ts';
import { NS_RTP, rtpInfoElement, type Content, type OwnAction } from '../../../src/xmpp/index.ts';
import { JingleEnd, type JingleMessage } from './jingle-end.ts';
import { SipEnd, type SipMessage } from './sip-end.ts';

export const USER = 'juliet@capulet.example';
export const DESK = `${USER}/desk`;
export const POCKET = `${USER}/pocket`;
export const CALLER = 'romeo@montague.example/phone';
export const SID = 'ca3cf894';

/** A description as a browser behind a SIP proxy makes it. */
export function sdpOf(
  media: readonly string[],
  options: { version?: number; direction?: string; ufrag?: string; setup?: string } = {},
): SessionDescription {
  const { version = 1, direction = 'sendrecv', ufrag = 'sipU', setup = 'actpass' } = options;
  const lines = media.flatMap((kind, place) => [
    `m=${kind} ${5000 + 2 * place} UDP/TLS/RTP/SAVPF ${kind === 'audio' ? '111' : '96'}`,
    'c=IN IP4 192.0.2.7',
    `a=mid:${place}`,
    kind === 'audio' ? 'a=rtpmap:111 opus/48000/2' : 'a=rtpmap:96 VP8/90000',
    ...[`a=ice-ufrag:${ufrag}`, `a=ice-pwd:${ufrag}aaaaaaaaaaaaaaaaaaaaaaaa`],
    ...['a=fingerprint:sha-256 AB:CD', `a=setup:${setup}`],
    ...[`a=candidate:1 1 udp 2130706431 192.0.2.7 ${5000 + 2 * place} typ host`, 'a=rtcp-mux'],
    `a=${direction}`,
  ]);
  const head = ['v=0', `o=- 7 ${version} IN IP4 192.0.2.7`, 's=-', 't=0 0'];
  const parsed = parseSdp([...head, ...lines, ''].join('\r\n'));
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.error.message);
  return parsed.value;
}

/** A content of the XMPP side with all of its candidates. */
export function contentOf(
  name: string,
  creator: Content['creator'],
  media = 'audio',
  more: { ufrag?: string; setup?: 'active' | 'actpass'; candidates?: boolean } = {},
): Content {
  const { ufrag = 'xmpp', setup = 'active', candidates = true } = more;
  const payload =
    media === 'audio'
      ? { id: 111, name: 'opus', clockrate: 48_000, channels: 2 }
      : { id: 96, name: 'VP8', clockrate: 90_000 };
  return {
    ...{ name, creator },
    description: {
      ...{ kind: 'rtp', media, payloads: [{ ...payload, parameters: [], feedback: [] }], bandwidths: [] },
      ...{ rtcpMux: true, extensions: [], allowMixed: false, sources: [], groups: [], feedback: [] },
    },
    transport: {
      ...{ kind: 'ice-udp', ufrag, pwd: `${ufrag}bbbbbbbbbbbbbbbbbbbbbbbb` },
      candidates: candidates
        ? [
            {
              ...{ foundation: '1', component: 1, protocol: 'udp', priority: 2_130_706_431, generation: 0 },
              ...{ ip: '198.51.100.9', port: 40_000, type: 'host', id: 'x1' },
            },
          ]
        : [],
      fingerprints: [{ hash: 'sha-256', value: 'EF:01', setup }],
      ...{ remoteCandidates: [], complete: candidates, trickle: !candidates },
    },
  };
}

/** How phone and client answer what they are asked. */
export interface Habits {
  /** The phone takes changes; the client takes contents, transports. */
  readonly phoneTakes: boolean;
  readonly clientTakes: boolean;
}

type Line = 'phone' | 'toPhone' | 'client' | 'toClient';
export const LINES: readonly Line[] = ['phone', 'toPhone', 'client', 'toClient'];

export class CallPlay {
  call: CallState;
  readonly outcomes: CallOutcome[] = [];
  readonly effects: CallEffect[] = [];
  over = 0;
  readonly timers = new Set<string>();
  readonly phone: SipEnd;
  readonly sip: SipEnd;
  readonly devices: readonly JingleEnd[];
  readonly xmpp: JingleEnd;
  /** What the phone agreed to last, both halves. */
  phoneSays: SessionDescription | undefined;
  phoneHears: SessionDescription | undefined;
  #told: Agreement | undefined;
  /** What devices reported, as words. */
  readonly heard: string[] = [];
  /** Events of machine K that its state did not expect. */
  readonly surprises: string[] = [];
  habits: Habits = { phoneTakes: true, clientTakes: true };
  phoneMedia: string[] = ['audio'];
  phoneDirection = 'sendrecv';
  phoneUfrag = 'sipU';
  #version = 1;
  readonly #lines: Record<Line, (() => void)[]> = { phone: [], toPhone: [], client: [], toClient: [] };
  readonly #queue: CallEvent[] = [];
  #busy = false;
  #offer: SessionDescription | undefined;
  readonly #direction: CallDirection;

  constructor(direction: CallDirection, trickle = false) {
    this.#direction = direction;
    const origin = {
      ...{ username: '-', sessionId: '1', sessionVersion: '1' },
      ...{ netType: 'IN', addrType: 'IP4', address: '198.51.100.1' },
    };
    this.call = beginCall({ direction, origin, trickle });
    const sipLine = (line: Line, end: () => SipEnd) => (message: SipMessage) =>
      void this.#lines[line].push(() => end().receive(message));
    this.phone = new SipEnd(
      'phone',
      sipLine('phone', () => this.sip),
      this.#phoneOwner(),
    );
    this.sip = new SipEnd(
      'gateway',
      sipLine('toPhone', () => this.phone),
      this.#sipOwner(),
    );
    const toGateway = (message: JingleMessage): void =>
      void this.#lines.client.push(() => this.xmpp.receive(message));
    this.devices = [DESK, POCKET].map((self): JingleEnd => {
      const device: JingleEnd = new JingleEnd({ self, peer: CALLER, sid: SID }, toGateway, {
        initiation: (report) => this.heard.push(report.kind),
        initiationEnded: () => undefined,
        session: (report) => this.#deviceReport(device, report),
        sessionEnded: () => undefined,
      });
      return device;
    });
    const toDevices = (message: JingleMessage): void =>
      void this.#lines.toClient.push(() => {
        const isForAll = message.to === USER;
        for (const each of this.devices) if (isForAll || each.self === message.to) each.receive(message);
      });
    this.xmpp = new JingleEnd({ self: CALLER, peer: USER, sid: SID }, toDevices, {
      initiation: (report) => this.feed({ kind: 'initiation', report }),
      initiationEnded: (end) => this.feed({ kind: 'initiationEnded', end }),
      session: (report) => this.feed({ kind: 'session', report }),
      sessionEnded: (end) => this.feed({ kind: 'sessionEnded', end }),
    });
  }

  get desk(): JingleEnd {
    const [desk] = this.devices;
    assert.ok(desk !== undefined);
    return desk;
  }

  get pocket(): JingleEnd {
    const pocket = this.devices[1];
    assert.ok(pocket !== undefined);
    return pocket;
  }

  /** The call begins, by whoever makes it. */
  begin(): void {
    if (this.#direction === 'toXmpp') {
      this.phoneSays = sdpOf(this.phoneMedia);
      this.phone.invite(this.phoneSays);
    } else this.desk.propose([element('description', NS_RTP, { media: 'audio' })]);
  }

  feed(event: CallEvent): void {
    this.#queue.push(event);
    if (this.#busy) return;
    this.#busy = true;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) this.#step(next);
    this.#busy = false;
  }

  #step(event: CallEvent): void {
    const before = this.call;
    const { state, effects, expected } = stepCall(before, event);
    if (!expected) {
      assert.equal(state, before);
      assert.equal(effects.length, 0);
      this.surprises.push(`${before.phase}: ${event.kind}`);
    }
    this.call = state;
    for (const effect of effects) this.#run(effect);
  }

  #run(effect: CallEffect): void {
    this.effects.push(effect);
    switch (effect.kind) {
      case 'invite':
        return this.sip.invite(effect.description);
      case 'progress':
        return this.sip.progress(effect.status);
      case 'accept':
        return this.sip.accept(effect.description);
      case 'endSip':
        return this.sip.end(effect.status, effect.cause);
      case 'change':
        return this.sip.want(true);
      case 'offer':
        this.#offer = effect.description;
        return;
      case 'answer':
        return this.sip.answer(effect.method, effect.status, effect.description);
      case 'initiation':
        if (effect.event.kind === 'propose') return this.xmpp.propose(effect.event.descriptions);
        return this.xmpp.initiate(effect.event);
      case 'session':
        if (!this.xmpp.act(effect.action, effect.to)) this.#unsent(effect.action);
        return;
      case 'startTimer':
        this.timers.add(effect.timer);
        return;
      case 'stopTimer':
        this.timers.delete(effect.timer);
        return;
      case 'outcome':
        this.outcomes.push(effect.outcome);
        return;
      case 'over':
        this.over += 1;
        return;
      default:
    }
  }

  /** What its session may not send now has failed; what comes after the end of it means nothing. */
  #unsent({ action, contents = [] }: OwnAction): void {
    if (this.xmpp.session?.phase === 'ended') return;
    this.heard.push(`unsent ${action}`);
    this.feed({ kind: 'session', report: { kind: 'failed', action, contents } });
  }

  #sipOwner(): ConstructorParameters<typeof SipEnd>[2] {
    return {
      invited: (description) => this.feed({ kind: 'invited', description, trickle: false }),
      progress: (status) => this.feed({ kind: 'progress', status }),
      early: (tag, description) => this.feed({ kind: 'early', tag, description }),
      answered: (tag, description) => this.feed({ kind: 'answered', tag, description, trickle: false }),
      asked: (method, description) => this.feed({ kind: 'asked', method, description }),
      askedNoMore: () => this.feed({ kind: 'askedNoMore' }),
      acknowledged: (description) => this.feed({ kind: 'acknowledged', description }),
      offer: () => this.#dueOffer(),
      answerTo: () => assert.fail('the gateway always offers'),
      changed: (description) => this.feed({ kind: 'changed', description }),
      unchanged: (status) => this.feed({ kind: 'unchanged', status }),
      ended: (end, cause) => this.feed({ kind: 'sipEnded', end, cause }),
    };
  }

  /** The leg needs its offer in the same turn, whatever K is about to hear. */
  #dueOffer(): SessionDescription {
    this.#offer = undefined;
    this.#step({ kind: 'offerDue' });
    assert.ok(this.#offer !== undefined, 'an offer is made when it is due');
    return this.#offer;
  }

  #phoneOwner(): ConstructorParameters<typeof SipEnd>[2] {
    return {
      invited: (sdp) => void (this.phoneHears = sdp),
      ...{ progress: () => undefined, early: () => undefined, askedNoMore: () => undefined },
      answered: (_tag, sdp) => this.#phoneAgrees(this.phoneSays, sdp),
      asked: (method, sdp) => {
        if (!this.habits.phoneTakes) return this.phone.answer(method, 488, undefined);
        if (sdp === undefined) return this.phone.answer(method, 200, this.phoneOffer());
        this.phone.answer(method, 200, this.phoneAnswer(sdp));
      },
      acknowledged: (sdp) => this.#phoneAgrees(this.phoneSays, sdp),
      offer: () => this.phoneOffer(),
      answerTo: (sdp) => this.phoneAnswer(sdp),
      changed: (sdp) => {
        if (sdp !== undefined) this.#phoneAgrees(this.phoneSays, sdp);
      },
      unchanged: () => undefined,
      ended: () => undefined,
    };
  }

  /** Every answer that the phone gets must fit what it offered. */
  #phoneAgrees(offer: SessionDescription | undefined, answer: SessionDescription | undefined): void {
    assert.ok(offer !== undefined && answer !== undefined);
    assert.equal(answerProblem(offer, answer), undefined);
    this.phoneHears = answer;
    this.#told = { local: answer, remote: offer };
  }

  /** What was agreed last, as the phone has it, in the words of the gateway: `remote` is the phone's. */
  phoneTold(half: 'local' | 'remote'): SessionDescription {
    assert.ok(this.#told !== undefined);
    return this.#told[half];
  }

  phoneOffer(): SessionDescription {
    this.#version += 1;
    const { phoneDirection: direction, phoneUfrag: ufrag } = this;
    // What the other side added is offered again in its place.
    const known = this.phoneHears?.media.map(({ media }) => media) ?? [];
    const media = [...this.phoneMedia, ...known.slice(this.phoneMedia.length)];
    this.phoneMedia = media;
    this.phoneSays = sdpOf(media, { version: this.#version, direction, ufrag });
    return this.phoneSays;
  }

  phoneAnswer(offer: SessionDescription): SessionDescription {
    this.#version += 1;
    const media = offer.media.map(({ media: kind }) => kind);
    const own = sdpOf(media, { version: this.#version, setup: 'passive', ufrag: this.phoneUfrag });
    this.phoneHears = offer;
    this.phoneMedia = media;
    this.phoneSays = {
      ...own,
      media: own.media.map((medium, place) => {
        const asked = offer.media[place];
        if (asked === undefined || asked.port === 0)
          return { ...medium, port: 0, protocol: asked?.protocol ?? '' };
        const direction = reversed(directionOf(offer, asked));
        const isHeld = this.phoneDirection === 'sendonly' && direction === 'sendrecv';
        const attributes = withDirection(medium.attributes, isHeld ? 'sendonly' : direction);
        return { ...medium, protocol: asked.protocol, attributes };
      }),
    };
    this.#told = { local: offer, remote: this.phoneSays };
    return this.phoneSays;
  }

  #deviceReport(
    device: JingleEnd,
    report: Parameters<ConstructorParameters<typeof JingleEnd>[2]['session']>[0],
  ): void {
    if (report.kind === 'info') this.heard.push(report.info.kind);
    if (report.kind === 'failed') this.heard.push(`failed ${report.action}`);
    if (report.kind !== 'action') return;
    const { action, contents } = report.jingle;
    this.heard.push(action);
    if (action === 'session-initiate') {
      device.initiate({ kind: 'begun' });
      device.act({ action: 'session-info', infos: [rtpInfoElement({ kind: 'ringing' })] });
    }
    if (action === 'content-add') {
      const own = contents.map(({ name, creator }) => contentOf(name, creator, 'video'));
      device.act(
        this.habits.clientTakes
          ? { action: 'content-accept', contents: own }
          : { action: 'content-reject', contents: own.map(({ name, creator }) => ({ name, creator })) },
      );
    }
    if (action === 'transport-replace') {
      const moved = contents.map(({ name, creator }) => {
        const { transport } = contentOf(name, creator, 'audio', { ufrag: 'new1' });
        return { name, creator, ...(this.habits.clientTakes ? { transport } : {}) };
      });
      device.act({
        action: this.habits.clientTakes ? 'transport-accept' : 'transport-reject',
        contents: moved,
      });
    }
  }

  /** The device takes the call: proceeds, or accepts the session that it has. */
  take(device: JingleEnd): void {
    if (device.session?.phase === 'pending' && device.session.role === 'responder') {
      const contents = device.session.contents.map(({ name, creator }, place) =>
        contentOf(name, creator, place === 0 ? 'audio' : 'video'),
      );
      device.act({ action: 'session-accept', contents });
    } else device.initiate({ kind: 'proceed' });
  }

  /** The device that proposed begins its session, once it was told to proceed. */
  startSession(device: JingleEnd, more: Parameters<typeof contentOf>[3] = {}): void {
    if (device.initiation?.phase !== 'proceeded' || device.session !== undefined) return;
    const contents = [contentOf('voice', 'initiator', 'audio', { setup: 'actpass', ...more })];
    device.act({ action: 'session-initiate', contents }, CALLER);
    device.initiate({ kind: 'begun' });
  }

  leave(device: JingleEnd, condition: 'success' | 'busy' | 'decline' = 'success'): void {
    device.act({ action: 'session-terminate', reason: { condition } });
    device.initiate({ kind: 'leave', reason: { condition } });
  }

  act(device: JingleEnd, action: OwnAction): void {
    device.act(action);
  }

  /** The phone answers the INVITE that it has. */
  phoneTakesCall(): void {
    const offer = this.phoneHears;
    if (offer === undefined || this.phone.callee === undefined || this.phone.callee.name === 'done') return;
    this.phone.accept(this.phoneAnswer(offer));
  }

  deliver(line: Line): boolean {
    const next = this.#lines[line].shift();
    next?.();
    return next !== undefined;
  }

  /** Delivers all that is on its way, and what comes of it. */
  flush(): void {
    for (let round = 0; round < 2000; round++) {
      if (!LINES.some((line) => this.deliver(line))) return;
    }
    assert.fail('they never come to rest');
  }

  /** Delivers, and lets timers of SIP run, until nothing is left to do. */
  rest(): void {
    for (let round = 0; round < 2000; round++) {
      this.flush();
      if (!this.phone.fire() && !this.sip.fire()) return;
    }
    assert.fail('they never come to rest');
  }

  expire(timer: 'answer' | 'gather' | 'change'): void {
    if (this.timers.delete(timer)) this.feed({ kind: 'timer', timer });
  }

  /** Whatever happened: one outcome, and nothing of the call left anywhere. */
  assertOver(): void {
    assert.equal(this.call.phase, 'ended');
    assert.equal(this.outcomes.length, 1, `one outcome: ${JSON.stringify(this.outcomes)}`);
    assert.equal(this.over, 1, 'nothing is left of the call, once');
    assert.deepEqual(this.call.legs, { sip: false, session: false, initiation: false });
    assert.ok(this.sip.isOver, 'the SIP leg is over');
    assert.ok(this.xmpp.isOver, 'the XMPP leg is over');
    assert.ok(this.phone.isOver, 'the phone has no call');
    assert.ok(
      this.devices.every(({ session }) => session === undefined || session.phase === 'ended'),
      'no device has a session',
    );
    assert.deepEqual([this.timers.size, this.call.timers], [0, []], 'no timer runs');
    assert.deepEqual(this.surprises, []);
  }
}
