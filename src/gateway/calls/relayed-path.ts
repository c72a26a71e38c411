// The media path of one call by an rtpengine: whether it is needed (interwork/call/relay.ts), at which instance, and with which
// flags. An instance that took a call keeps it: another one knows nothing of its ports.

import { err, ok, type Counters, type Log, type Random } from '../../base/index.ts';
import {
  profileKeys,
  type NgInstance,
  type NgKeys,
  type NgPool,
  type RelayInterfaces,
  type RelayProfile,
} from '../../edge/rtpengine/index.ts';
import {
  beginRelay,
  lacksWebrtc,
  refusesMedia,
  stepRelay,
  type RelayState,
  type RelayWhen,
} from '../../interwork/call/index.ts';
import { formatSdp, parseSdp, type SessionDescription } from '../../sdp/index.ts';
import type { DescriptionKind, DescriptionRef, KeptPath, MediaPath, PathResult } from './media-path.ts';

export interface RelayRuleParts {
  readonly when: RelayWhen;
  readonly profile: RelayProfile;
  readonly interfaces?: RelayInterfaces | undefined;
}

export interface RelayedPathEnv {
  readonly pool: NgPool;
  readonly random: Random;
  readonly log: Log;
  readonly counters: Counters;
}

/** RFC 3261 §21.4.26: not acceptable here, and the Warning says why. */
const NOT_ACCEPTABLE = 488;
export const RELAY_WARNINGS = {
  unavailable: 'No media relay is available',
  lost: 'The media relay of this call is not available',
  refused: 'The media relay does not take this session description',
  missing: 'The XMPP client needs ICE and DTLS-SRTP, and there is no media relay',
} as const;

/** Characters of a Call-ID that are shown in rtpengine's log and statistics. */
const SHOWN_CALL_ID = 100;
const ID_CHARS = 16;

interface Engaged {
  readonly instance: NgInstance;
  readonly callId: string;
}

export class RelayedPath implements MediaPath {
  readonly #env: RelayedPathEnv;
  readonly #rule: RelayRuleParts;
  readonly #callId: string;
  #xmppTag: string;
  #state: RelayState;
  #engaged: Engaged | undefined;
  /** The instance of before a restart is not configured any more. */
  #orphaned = false;
  #sipTag: string | undefined;
  /** The SIP side's first offer had no ICE or no DTLS-SRTP, and went as it is. */
  #plain = false;
  #fault: string | undefined;
  #ended = false;

  constructor(env: RelayedPathEnv, rule: RelayRuleParts, callId: string) {
    this.#env = env;
    this.#rule = rule;
    // rtpengine joins by this name whatever comes, and a Call-ID can be chosen by anybody: nobody guesses the second half.
    this.#callId = `${callId.slice(0, SHOWN_CALL_ID)}/${env.random.base32(ID_CHARS)}`;
    this.#xmppTag = `xmpp-${env.random.base32(ID_CHARS)}`;
    this.#state = beginRelay(rule.when);
  }

  /** The path of a call of before a restart. */
  static restored(env: RelayedPathEnv, rule: RelayRuleParts, kept: KeptPath): RelayedPath {
    const path = new RelayedPath(env, rule, '');
    path.#restore(kept);
    return path;
  }

  get mayRelay(): boolean {
    return this.#rule.when !== 'never';
  }

  fromSip(
    kind: DescriptionKind,
    description: SessionDescription,
    ref: DescriptionRef,
  ): PathResult | Promise<PathResult> {
    if (kind === 'offer') {
      const lacks = lacksWebrtc(description);
      this.#plain ||= lacks && this.#state.phase === 'undecided';
      this.#state = stepRelay(this.#state, { kind: 'sipOffer', lacks });
    }
    return this.#pass('sip', kind, description, ref);
  }

  toSip(
    kind: DescriptionKind,
    description: SessionDescription,
    ref: DescriptionRef,
  ): PathResult | Promise<PathResult> {
    if (kind === 'offer') this.#state = stepRelay(this.#state, { kind: 'xmppOffer' });
    return this.#pass('xmpp', kind, description, ref);
  }

  again(status: number): boolean {
    const before = this.#state;
    this.#state = stepRelay(before, { kind: 'refused', status });
    return this.#state !== before;
  }

  warning(status: number): string | undefined {
    if (!refusesMedia(status)) return undefined;
    return (
      this.#fault ?? (this.#plain && this.#state.phase !== 'relayed' ? RELAY_WARNINGS.missing : undefined)
    );
  }

  kept(): KeptPath | undefined {
    if (this.#engaged === undefined) return undefined;
    const { profile, interfaces } = this.#rule;
    return {
      ...{ instance: this.#engaged.instance.name, callId: this.#engaged.callId, profile },
      ...{ xmppTag: this.#xmppTag, sipTag: this.#sipTag ?? '' },
      ...(interfaces === undefined ? {} : { interfaces }),
    };
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#engaged !== undefined) this.#leave(this.#engaged);
  }

  /** `author`: whose description it is. */
  #pass(
    author: 'sip' | 'xmpp',
    kind: DescriptionKind,
    description: SessionDescription,
    ref: DescriptionRef,
  ): PathResult | Promise<PathResult> {
    if (ref.tag !== undefined) this.#sipTag = ref.tag;
    if (this.#state.phase !== 'relayed') {
      if (kind === 'answer') this.#state = stepRelay(this.#state, { kind: 'answer' });
      return ok(description);
    }
    if (this.#orphaned) return this.#refuse('lost');
    const keys = this.#keys(author, kind, description);
    const engaged = this.#engaged;
    // No answer can be the first that a relay hears of a call.
    if (engaged === undefined) return kind === 'offer' ? this.#begin(keys) : ok(description);
    return this.#change(engaged, kind, keys);
  }

  #keys(author: 'sip' | 'xmpp', kind: DescriptionKind, description: SessionDescription): NgKeys {
    const side = author === 'sip' ? 'xmpp' : 'sip';
    // "from-tag" is who made the offer, in its answer as well.
    const offerer = kind === 'offer' ? author : side;
    const [from, to] = offerer === 'sip' ? [this.#sipTag, this.#xmppTag] : [this.#xmppTag, this.#sipTag];
    // The first offer is for nobody in particular: rtpengine learns the tag by the answer.
    const isFirst = kind === 'offer' && this.#engaged === undefined;
    return {
      ...profileKeys(this.#rule.profile, { side, kind }, this.#rule.interfaces),
      'call-id': this.#callIdOf(),
      'from-tag': from ?? 'sip',
      ...(isFirst || to === undefined ? {} : { 'to-tag': to }),
      sdp: formatSdp(description),
    };
  }

  #callIdOf(): string {
    return this.#engaged?.callId ?? this.#callId;
  }

  async #begin(keys: NgKeys): Promise<PathResult> {
    const begun = await this.#env.pool.begin(keys);
    if (begun === undefined) {
      this.#count('unavailable');
      this.#env.log.warn('relay.unavailable', {
        ...{ call: this.#callId, code: 'ERR_RTPENGINE_UNAVAILABLE' },
        remedy: 'no instance of media_relay answers: start one',
      });
      return this.#fail('unavailable');
    }
    const { instance, answer } = begun;
    const engaged = { instance, callId: this.#callId };
    const result = this.#read(instance, answer);
    // It may have ended while the relay was asked.
    if (!result.ok || this.#ended) {
      this.#leave(engaged);
      if (!result.ok) this.#count('refused');
      return result.ok ? result : this.#fail('refused');
    }
    this.#engaged = engaged;
    this.#fault = undefined;
    this.#count('relayed');
    this.#env.log.debug('relay.engaged', { call: this.#callId, instance: instance.name });
    return result;
  }

  async #change(engaged: Engaged, kind: DescriptionKind, keys: NgKeys): Promise<PathResult> {
    const answer = await engaged.instance.request(kind, keys);
    if (!answer.ok) return this.#refuse('lost');
    const result = this.#read(engaged.instance, answer.value);
    if (result.ok && kind === 'answer') this.#state = stepRelay(this.#state, { kind: 'answer' });
    return result;
  }

  #read(
    instance: NgInstance,
    answer: { readonly kind: string; readonly sdp?: Uint8Array | undefined; readonly reason?: string },
  ): PathResult {
    const parsed = answer.kind === 'ok' && answer.sdp !== undefined ? parseSdp(answer.sdp) : undefined;
    if (parsed?.ok === true) return parsed;
    this.#env.log.warn('relay.refused', {
      ...{ call: this.#callIdOf(), instance: instance.name, code: 'ERR_RTPENGINE_REFUSED' },
      reason: parsed === undefined ? (answer.reason ?? answer.kind) : parsed.error.message,
    });
    return this.#refuse('refused');
  }

  /** What began through a relay has none. */
  #fail(why: keyof typeof RELAY_WARNINGS): PathResult {
    this.#state = stepRelay(this.#state, { kind: 'failed' });
    return this.#refuse(why);
  }

  #refuse(why: keyof typeof RELAY_WARNINGS): PathResult {
    this.#fault = RELAY_WARNINGS[why];
    return err({ status: NOT_ACCEPTABLE, warning: this.#fault });
  }

  /** rtpengine forgets a call that it was not told the end of, when it has heard no media for a while. */
  #leave({ instance, callId }: Engaged): void {
    void instance.request('delete', { 'call-id': callId }).then((answer) => {
      if (!answer.ok) this.#env.log.debug('relay.not-deleted', { call: callId, why: answer.error });
      this.#env.pool.release(instance);
    });
  }

  #restore({ instance, callId, xmppTag, sipTag }: KeptPath): void {
    this.#state = { when: this.#rule.when, phase: 'relayed' };
    this.#sipTag = sipTag;
    this.#xmppTag = xmppTag;
    const found = this.#env.pool.find(instance);
    if (found === undefined) this.#orphaned = true;
    else {
      this.#env.pool.hold(found);
      this.#engaged = { instance: found, callId };
    }
  }

  #count(outcome: 'relayed' | 'unavailable' | 'refused'): void {
    this.#env.counters
      .counter('stoxgate_media_relay_calls_total', 'Calls that needed a media relay.', { outcome })
      .add();
  }
}
