// The SIP side of calls for tests: the machines of `sip/invite` as the gateway has them and as a phone has them, and lines between
// them that deliver when the test says so.

import assert from 'node:assert/strict';
import type { CallHost, SipCommand, SipLeg } from '../../../src/gateway/calls/legs.ts';
import type { SipSide } from '../../../src/gateway/calls/call-types.ts';
import type { SessionDescription } from '../../../src/sdp/index.ts';
import {
  parseMessage,
  type Dialog,
  type KeptSession,
  type SipRequest,
  type Source,
} from '../../../src/sip/index.ts';
import { sdpOf } from '../../interwork/call/call-play.ts';
import { SipEnd, type SipMessage, type SipOwner } from '../../interwork/call/sip-end.ts';

const DIALOG: Dialog = {
  ...{ callId: 'dialog-1', localTag: 'gw', remoteTag: 'phone', secure: false },
  ...{ localUri: '<sip:juliet@capulet.example>', remoteUri: '<sip:romeo@sip.example>' },
  ...{ localSeq: 1, remoteSeq: 1, remoteTarget: 'sip:romeo@192.0.2.7', routeSet: [] },
};

const LOCAL: Source['local'] = {
  ...{ transport: 'UDP', address: '198.51.100.1', port: 5060 },
  ...{ advertiseHost: '198.51.100.1', advertisePort: undefined },
};

/** Where a phone's requests come from. */
export const SOURCE: Source = {
  ...{ transport: 'UDP', remoteAddress: '192.0.2.7', remotePort: 5060 },
  ...{ reliable: false, connectionId: undefined, local: LOCAL },
};

/** Its INVITE, of which a driver reads more than this. */
export function requestOf(uri: string, from: string, callId: string): SipRequest {
  const lines = [
    `INVITE ${uri} SIP/2.0`,
    'Via: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bK1',
    `From: <sip:${from}>;tag=1`,
    `To: <${uri}>`,
    `Call-ID: ${callId}`,
    'CSeq: 1 INVITE',
    'Max-Forwards: 70',
    ...['', ''],
  ];
  const parsed = parseMessage(Buffer.from(lines.join('\r\n')), { stream: false });
  assert(parsed.kind === 'message' && parsed.message.kind === 'request');
  return parsed.message;
}

export class PhoneSide implements SipSide {
  readonly phone: SipEnd;
  gateway: SipEnd | undefined;
  legs: PhoneLeg[] = [];
  hears: SessionDescription | undefined;
  readonly toGateway: SipMessage[] = [];
  readonly toPhone: SipMessage[] = [];
  /** What the phone got: statuses, and methods of requests. */
  readonly seen: string[] = [];
  /** INVITEs are refused by the driver, as a body that cannot be read is. */
  refuses = false;

  constructor() {
    this.phone = new SipEnd('phone', (message) => void this.toGateway.push(message), {
      ...NOTHING,
      invited: (sdp) => void (this.hears = sdp),
      answerTo: () => sdpOf(['audio']),
      offer: () => sdpOf(['audio'], { version: 2 }),
      asked: (method) => this.phone.answer(method, 200, sdpOf(['audio'], { version: 2, setup: 'passive' })),
    });
  }

  incoming(_tx: unknown, host: CallHost): SipLeg | undefined {
    if (this.refuses) return undefined;
    const leg = this.#leg(host);
    this.flush();
    return leg;
  }

  outgoing(host: CallHost): SipLeg {
    return this.#leg(host);
  }

  restore(_kept: KeptSession, host: CallHost): SipLeg {
    const leg = new PhoneLeg(host, (message) => void this.toPhone.push(message));
    this.legs.push(leg);
    return leg;
  }

  interrupted(): undefined {
    return undefined;
  }

  /** Delivers all that is on its way. */
  flush(): void {
    for (let round = 0; round < 1000; round++) {
      const inwards = this.toGateway.shift();
      if (inwards !== undefined) this.gateway?.receive(inwards);
      const outwards = this.toPhone.shift();
      if (outwards !== undefined) {
        const { kind } = outwards;
        this.seen.push(
          kind === 'response' ? String(outwards.status) : kind === 'ack' ? 'ACK' : outwards.method,
        );
        this.phone.receive(outwards);
      }
      if (inwards === undefined && outwards === undefined) return;
    }
    assert.fail('they never come to rest');
  }

  #leg(host: CallHost): PhoneLeg {
    const leg = new PhoneLeg(host, (message) => void this.toPhone.push(message));
    this.gateway = leg.end;
    this.legs.push(leg);
    return leg;
  }
}

export class PhoneLeg implements SipLeg {
  readonly end: SipEnd;
  stopped = false;
  readonly #host: CallHost;
  #offer: SessionDescription | undefined;

  constructor(host: CallHost, send: (message: SipMessage) => void) {
    this.#host = host;
    this.end = new SipEnd('gateway', send, {
      invited: (description) => host.take({ kind: 'invited', description, trickle: false }),
      progress: (status) => host.take({ kind: 'progress', status }),
      early: (tag, description) => host.take({ kind: 'early', tag, description }),
      answered: (tag, description) => host.take({ kind: 'answered', tag, description, trickle: false }),
      asked: (method, description) => host.take({ kind: 'asked', method, description }),
      askedNoMore: () => host.take({ kind: 'askedNoMore' }),
      acknowledged: (description) => host.take({ kind: 'acknowledged', description }),
      offer: () => this.#dueOffer(),
      answerTo: () => assert.fail('the gateway always offers'),
      changed: (description) => host.take({ kind: 'changed', description }),
      unchanged: (status) => host.take({ kind: 'unchanged', status }),
      ended: (end, cause) => host.take({ kind: 'sipEnded', end, cause }),
    });
  }

  command(command: SipCommand): void {
    switch (command.kind) {
      case 'invite':
        return this.end.invite(command.description);
      case 'progress':
        return this.end.progress(command.status);
      case 'accept':
        return this.end.accept(command.description);
      case 'endSip':
        return this.end.end(command.status, command.cause);
      case 'change':
        return this.end.want(true);
      case 'offer':
        this.#offer = command.description;
        return;
      case 'answer':
        return this.end.answer(command.method, command.status, command.description);
      default:
    }
  }

  kept(): KeptSession | undefined {
    return this.end.isUp ? { version: 1, dialog: DIALOG, owner: false, update: true } : undefined;
  }

  invite(): undefined {
    return undefined;
  }

  stop(): void {
    this.stopped = true;
  }

  #dueOffer(): SessionDescription {
    this.#offer = undefined;
    this.#host.take({ kind: 'offerDue' });
    assert.ok(this.#offer !== undefined, 'an offer is made when it is due');
    return this.#offer;
  }
}

const NOTHING: Omit<SipOwner, 'invited' | 'offer' | 'answerTo' | 'asked'> = {
  ...{ progress: () => undefined, early: () => undefined, answered: () => undefined },
  ...{ askedNoMore: () => undefined, acknowledged: () => undefined, changed: () => undefined },
  ...{ unchanged: () => undefined, ended: () => undefined },
};
