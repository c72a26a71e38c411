// What SIP users publish to the gateway, where it is their compositor (RFC 3903 §6; row CSP-19): takes PUBLISH, and tells those
// who watch.

import type { Clock, Counters, Log, Random, Timer, Timers } from '../../base/index.ts';
import { checkEntity, composePresence } from '../../interwork/presence/index.ts';
import { faultToResponse, type MappedJid } from '../../mapping/index.ts';
import {
  formatPidf,
  PIDF_TYPE,
  PRESENCE_TYPES,
  readPresenceBody,
  type PidfDocument,
} from '../../mime/index.ts';
import {
  eventName,
  expires,
  rawHeaderField,
  receivePublish,
  sipIfMatch,
  unexpired,
  type CompositorRules,
  type HeaderField,
  type PublishAnswer,
  type PublishedStates,
  type ServerTransaction,
  type SipRequest,
} from '../../sip/index.ts';
import { mediaType } from '../subscriptions/fields.ts';
import { PRESENCE_EVENT } from '../presence/watch-parts.ts';
import type { Live } from '../live.ts';

export interface PublishedEnv {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  readonly counters: Counters;
  readonly live: Pick<Live, 'book' | 'models'>;
  draining(): boolean;
  /** Users who publish, and octets of what they do, other than the usual numbers, for tests. */
  readonly maxUsers?: number;
  readonly maxOctets?: number;
}

interface Published {
  readonly pidf: PidfDocument;
  /** Of the body that it was read from. */
  readonly octets: number;
}

/** One who has published something. */
interface Publisher {
  states: PublishedStates<Published>;
  timer: Timer | undefined;
}

const RULES: CompositorRules = { minExpires: 60, maxExpires: 3600, defaultExpires: 3600, maxStates: 16 };
const MAX_USERS = 100_000;
/** Of all bodies whose documents are held. */
const MAX_OCTETS = 268_435_456;
/** 80 random bits in characters of base32: unlike every tag there ever was. */
const TAG_CHARS = 16;
/** Retry-After of who has too many, and when all places are taken; in seconds. */
const CROWDED_SECONDS = 600;
const FULL_SECONDS = 60;

const ALLOW_EVENTS: readonly HeaderField[] = [rawHeaderField('Allow-Events', PRESENCE_EVENT)];
const ACCEPT: readonly HeaderField[] = [
  rawHeaderField('Accept', [PIDF_TYPE, ...PRESENCE_TYPES.filter((type) => type !== PIDF_TYPE)].join(', ')),
];

export class PublishedStateStore {
  readonly #env: PublishedEnv;
  /** By bare JID. */
  readonly #publishers = new Map<string, Publisher>();
  readonly #watchers = new Map<string, Set<() => void>>();
  #octets = 0;

  constructor(env: PublishedEnv) {
    this.#env = env;
  }

  /** Users who have published something. */
  get size(): number {
    return this.#publishers.size;
  }

  /** Users who are watched. */
  get watched(): number {
    return this.#watchers.size;
  }

  /** A PUBLISH that passed RFC 3261 §8.2, of a believed sender. It is answered before this returns. */
  publish(tx: ServerTransaction, from: MappedJid): void {
    const status = this.#publish(tx, from);
    this.#env.counters
      .counter('stoxgate_sip_publish_served_total', 'PUBLISH requests to the gateway by their answer.', {
        status: String(status),
      })
      .add();
  }

  /** The document of a user (bare JID) as it is now; without tuples when nothing is known. `uri`: his. */
  document(jid: string, uri: string): Uint8Array {
    const states = unexpired(this.#publishers.get(jid)?.states ?? [], this.#env.clock.now());
    const documents = states.map(({ document }) => document.pidf);
    return formatPidf(composePresence(uri.replace(/^sips?:/, 'pres:'), documents));
  }

  /** `changed` is called when the document of this user (bare JID) is another one. */
  watch(jid: string, changed: () => void): void {
    const watchers = this.#watchers.get(jid);
    if (watchers === undefined) this.#watchers.set(jid, new Set([changed]));
    else watchers.add(changed);
  }

  unwatch(jid: string, changed: () => void): void {
    const watchers = this.#watchers.get(jid);
    watchers?.delete(changed);
    if (watchers?.size === 0) this.#watchers.delete(jid);
  }

  /** The rules are others: what was published under those before and is not asked for any more goes. */
  configured(): void {
    const { book, models } = this.#env.live;
    for (const jid of [...this.#publishers.keys()]) {
      const user = book.jidTargetToSip(jid);
      if (!user.ok || !models.publishHere(user.value.rule)) this.#set(jid, []);
    }
  }

  stop(): void {
    for (const { timer } of this.#publishers.values()) this.#env.timers.clear(timer);
    this.#publishers.clear();
    this.#octets = 0;
    this.#watchers.clear();
  }

  #publish(tx: ServerTransaction, from: MappedJid): number {
    const { request } = tx;
    const { live, clock, random } = this.#env;
    if (this.#env.draining()) return refuse(tx, 503);
    // Step 1. The resource is a SIP user, and not somebody of the XMPP side: whoever is not ours is not found.
    const target = live.book.sipSenderToJid(request.requestUri);
    if (!target.ok) {
      return refuse(
        tx,
        target.error.kind === 'no-rule' ? 404 : faultToResponse(target.error, 'target').status,
      );
    }
    if (!live.models.publishHere(target.value.rule) || target.value.jid.local === '') return refuse(tx, 404);
    // §14.1: "only authorized users"; everybody speaks for himself.
    if (from.bareText !== target.value.bareText) return refuse(tx, 403);
    // Step 2.
    const event = eventName(request);
    if (!event.ok) return refuse(tx, 400);
    if (event.value?.package !== PRESENCE_EVENT) return refuse(tx, 489, ALLOW_EVENTS);
    const ifMatch = sipIfMatch(request);
    const seconds = expires(request);
    // RFC 4475 §3.1.2.4: a number that is none may be taken as the default; a condition that is none is an error (step 3).
    if (!ifMatch.ok) return refuse(tx, 400);
    const jid = target.value.bareText;
    const before = this.#publishers.get(jid)?.states ?? [];
    // Steps 3 and 4 come before the body is looked at.
    const asked = { ifMatch: ifMatch.value, expires: seconds.ok ? seconds.value : undefined };
    const at = { nowMs: clock.now(), newTag: random.base32(TAG_CHARS), rules: RULES };
    const dry = receivePublish(before, { ...asked, document: NOTHING }, at);
    if (dry.answer.status !== 200) return this.#answer(tx, dry.answer);
    const body = this.#read(request);
    if ('status' in body) return refuse(tx, body.status, body.headers);
    const isNew = before.length === 0;
    const { maxUsers = MAX_USERS, maxOctets = MAX_OCTETS } = this.#env;
    const full =
      (isNew && this.#publishers.size >= maxUsers) || this.#octets + request.body.length > maxOctets;
    // A removal needs no room.
    if (full && request.body.length > 0) {
      return refuse(tx, 503, [rawHeaderField('Retry-After', String(FULL_SECONDS))]);
    }
    const outcome = receivePublish(before, { ...asked, document: body.document }, at);
    this.#set(jid, outcome.states, outcome.changed);
    return this.#answer(tx, outcome.answer);
  }

  /** Step 5. */
  #read(
    request: SipRequest,
  ):
    | { readonly document: Published | undefined }
    | { readonly status: number; readonly headers: readonly HeaderField[] } {
    if (request.body.length === 0) return { document: undefined };
    const type = mediaType(request);
    const read = type === undefined ? undefined : readPresenceBody(type, request.body);
    if (read === undefined) return { status: 415, headers: ACCEPT };
    const bad = { status: 400, headers: [] };
    if (!read.ok) {
      this.#env.log.debug('publish.unread', { code: read.error.code, error: read.error.message });
      return bad;
    }
    // PRES-91.
    return checkEntity(read.value.entity, request.requestUri).ok
      ? { document: { pidf: read.value, octets: request.body.length } }
      : bad;
  }

  #answer(tx: ServerTransaction, answer: PublishAnswer): number {
    switch (answer.status) {
      case 200:
        tx.respond(200, {
          headers: [
            rawHeaderField('Expires', String(answer.expires)),
            rawHeaderField('SIP-ETag', answer.tag),
          ],
        });
        return 200;
      case 423:
        return refuse(tx, 423, [rawHeaderField('Min-Expires', String(answer.minExpires))]);
      case 480:
        return refuse(tx, 480, [rawHeaderField('Retry-After', String(CROWDED_SECONDS))]);
      default:
        return refuse(tx, answer.status);
    }
  }

  #set(jid: string, states: PublishedStates<Published>, changed = true): void {
    const { clock, timers } = this.#env;
    const known = this.#publishers.get(jid);
    this.#octets += octetsOf(states) - octetsOf(known?.states ?? []);
    timers.clear(known?.timer);
    if (states.length === 0) this.#publishers.delete(jid);
    else {
      const nextMs = Math.min(...states.map(({ expiresAtMs }) => expiresAtMs));
      const timer = timers.set(Math.max(0, nextMs - clock.now()), () => this.#expire(jid));
      this.#publishers.set(jid, { states, timer });
    }
    if (!changed) return;
    for (const watcher of [...(this.#watchers.get(jid) ?? [])]) watcher();
  }

  #expire(jid: string): void {
    const states = this.#publishers.get(jid)?.states ?? [];
    const left = unexpired(states, this.#env.clock.now());
    this.#set(jid, left, left !== states);
  }
}

/** Stands for a body that was not read yet. */
const NOTHING: Published = {
  pidf: { entity: '', tuples: [], persons: [], devices: [], notes: [] },
  octets: 0,
};

function octetsOf(states: PublishedStates<Published>): number {
  return states.reduce((sum, { document }) => sum + document.octets, 0);
}

function refuse(tx: ServerTransaction, status: number, headers: readonly HeaderField[] = []): number {
  tx.respond(status, headers.length === 0 ? undefined : { headers });
  return status;
}
