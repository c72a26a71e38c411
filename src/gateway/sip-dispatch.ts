// What happens to a new SIP request: is its sender believed, is it a request we serve (RFC 3261 §8.2, in its order),
// and who serves it. The order of §8.2: authentication, method, header fields, content, then the method's own work.

import { parseIpAddress, type Counter, type Counters, type Log } from '../base/index.ts';
import { faultToStatus, mayBePacked, supportedTypes, type MappedJid } from '../mapping/index.ts';
import {
  capabilityHeaders,
  checkRequest,
  contentType,
  event,
  expires,
  parseSipUri,
  REGISTERED_METHODS,
  transportTraits,
  type Capabilities,
  type HeaderField,
  type Refusal,
  type ServerTransaction,
  type SipRequest,
  type Source,
  type TransactionUser,
} from '../sip/index.ts';
import { IDENTITY_BUSY, type Belief, type Home, type Routes, type SpeakerScope } from '../policy/index.ts';
import { leavesHomeToDns, type Homes } from './homes.ts';
import type { CallFeature } from './calls/call-feature.ts';
import { CALL_METHODS, callCapabilities } from './calls/sip-fields.ts';
import type { Live } from './live.ts';
import type { ToXmppMessages } from './messages/to-xmpp-messages.ts';
import { ROUTES_CLAUSE } from './routes/answers.ts';
import { routeSipRequest, type SipRoutingEnv } from './routes/sip-routing.ts';
import type { PublishedStateStore } from './publications/published-states.ts';
import type { Notifiers } from './subscriptions/notifiers.ts';
import type { Subscriptions } from './subscriptions/subscriptions.ts';

/** The methods that are built. FEAT-08: "only what is built"; SUBSCRIBE where there is an event package; calls where they are wanted. */
const METHODS: readonly string[] = ['MESSAGE', 'NOTIFY', 'OPTIONS', 'PUBLISH'];

export interface SipDispatchEnv {
  readonly log: Log;
  readonly counters: Counters;
  readonly live: Pick<Live, 'asksDns' | 'believer' | 'admission' | 'book' | 'models' | 'routes'>;
  readonly homes: Pick<Homes, 'of'>;
  readonly messages: Pick<ToXmppMessages, 'accept' | 'countRejected' | 'countEnded'>;
  readonly subscriptions: Pick<Subscriptions, 'has' | 'notify'>;
  readonly notifiers: Pick<Notifiers, 'serves' | 'allowEvents' | 'has' | 'subscribe'>;
  readonly published: Pick<PublishedStateStore, 'publish'>;
  readonly calls: Pick<CallFeature, 'enabled' | 'invite' | 'inviteRefused' | 'request'>;
  /** Hosts that are the gateway itself: addresses and advertised names of its listeners, lower case. */
  readonly ownHosts: ReadonlySet<string>;
  /** A believed SIP user has sent a request: what waits for him can go. Bare JID. */
  seen(sipBareJid: string): void;
  draining(): boolean;
}

const FORBIDDEN = 403;
/** RFC 5079: nobody in XMPP has no address, and the answers would go nowhere. */
const ANONYMITY_DISALLOWED = 433;
/** Methods of calls that stand within a dialog (RFC 3261 §12.2, RFC 3262, RFC 3311, RFC 6086, RFC 3515). */
const IN_CALLS: ReadonlySet<string> = new Set([
  ...['INVITE', 'BYE', 'PRACK', 'UPDATE', 'INFO', 'REFER', 'OPTIONS'],
]);
/** Of the subscription that a REFER makes. */
const OF_REFERRALS: ReadonlySet<string> = new Set(['NOTIFY', 'SUBSCRIBE']);
/** OPTIONS is not of calls alone, and REFER outside of one is not taken. */
const ANYWHERE: ReadonlySet<string> = new Set(['OPTIONS', 'REFER']);
/** Methods that end something with Expires 0. */
const ENDING: ReadonlySet<string> = new Set(['SUBSCRIBE', 'PUBLISH']);

export class SipDispatch implements TransactionUser {
  readonly #env: SipDispatchEnv;
  readonly #can: Capabilities;
  /** Which bodies a NOTIFY or PUBLISH may have is for its event package to say. */
  readonly #canTellEvents: Capabilities;
  /** Filters (RFC 4660) are not built, and nothing else is a body of SUBSCRIBE. */
  readonly #canSubscribe: Capabilities;
  /** A body of INVITE is looked at by the call. */
  readonly #inCalls: Capabilities;
  /** With calls and without. */
  readonly #capabilities: Readonly<Record<'calls' | 'none', readonly HeaderField[]>>;
  readonly #unknownSender: Counter;
  readonly #sipsWithoutTls: Counter;
  /** The request that was believed last: it is dispatched in the same turn, and a nonce is good for it once. */
  #lastRequest: SipRequest | undefined;
  #lastBelief: Belief | undefined;

  constructor(env: SipDispatchEnv) {
    this.#env = env;
    this.#can = {
      methods: env.notifiers.serves ? [...METHODS, 'SUBSCRIBE'] : METHODS,
      knownMethods: REGISTERED_METHODS,
      // sips and tel are understood, and refused with their own reasons where nobody stands for them (ADDR-60, ADDR-63).
      schemes: ['sip', 'sips', 'tel', 'im', 'pres'],
      extensions: [],
      acceptTypes: supportedTypes,
    };
    // RFC 4662 §4.1: each NOTIFY about a list requires it. What is asked for where is the event package's affair too.
    this.#canTellEvents = { ...this.#can, acceptTypes: ['*/*'], extensions: ['eventlist'] };
    this.#canSubscribe = { ...this.#can, acceptTypes: [] };
    const inviting = callCapabilities('INVITE');
    const withCalls = {
      ...this.#can,
      // A REFER that belongs to no call is not taken.
      methods: [...new Set([...CALL_METHODS.filter((each) => each !== 'REFER'), ...this.#can.methods])],
      extensions: inviting.extensions,
      acceptTypes: [...new Set([...this.#can.acceptTypes, ...inviting.acceptTypes])],
    };
    const said = (can: Capabilities): readonly HeaderField[] => [
      ...capabilityHeaders(can),
      ...env.notifiers.allowEvents,
    ];
    this.#capabilities = { calls: said(withCalls), none: said(this.#can) };
    this.#inCalls = { ...inviting, methods: withCalls.methods };
    const refused = (reason: string): Counter =>
      env.counters.counter('stoxgate_sip_refused_total', 'SIP requests refused before they were read.', {
        reason,
      });
    this.#unknownSender = refused('sender');
    this.#sipsWithoutTls = refused('sips-without-tls');
  }

  /** SIPT-06, ERR-G7: default deny, before anything is remembered of the request. */
  refuses(request: SipRequest, source: Source): Refusal | undefined {
    const belief = this.#env.live.believer.believe(request, source);
    if (belief.kind === 'refused') return belief.refusal;
    this.#lastRequest = request;
    this.#lastBelief = belief;
    return undefined;
  }

  request(tx: ServerTransaction): void {
    const { request, source } = tx;
    const last = this.#lastRequest === request ? this.#lastBelief : undefined;
    this.#lastRequest = this.#lastBelief = undefined;
    const belief = last ?? this.#env.live.believer.believe(request, source);
    if (belief.kind !== 'pending') return this.#take(tx, belief);
    belief.ready(() => {
      const again = this.#env.live.believer.believe(request, source);
      this.#take(tx, again.kind === 'pending' ? { kind: 'refused', refusal: IDENTITY_BUSY } : again);
    });
  }

  #take(tx: ServerTransaction, belief: Exclude<Belief, { readonly kind: 'pending' }>): void {
    try {
      if (belief.kind === 'refused') tx.respond(belief.refusal.status, belief.refusal);
      else this.#dispatch(tx, belief.scope, belief.asserted);
    } catch (error) {
      this.#fault(tx, error);
    }
  }

  /** Our bug, not the peer's: this request dies with an answer, the process does not (promise 4). */
  #fault(tx: ServerTransaction, error: unknown): void {
    const { method, callId } = tx.request;
    this.#env.log.error('sip.dispatch.failed', { error, method, callId });
    tx.respond(500);
  }

  #dispatch(tx: ServerTransaction, scope: SpeakerScope, asserted: string | undefined): void {
    const { request, source } = tx;
    const { book } = this.#env.live;
    // ADDR-63, RFC 3261 §26.2.2: sips promised TLS on every hop, and the last one had none.
    if (isSips(request.requestUri) && !transportTraits[source.transport].secure) {
      return this.#refuse(tx, this.#sipsWithoutTls);
    }
    const { method } = request;
    if (request.to.tag !== undefined && IN_CALLS.has(method) && this.#inCall(tx, scope)) return;
    if (OF_REFERRALS.has(method) && isOfReferral(request) && this.#env.calls.request(tx, scope)) return;
    const rejection = checkRequest(request, this.#capabilitiesFor(method));
    if (rejection !== undefined && !this.#isPacked(request)) {
      if (request.method === 'MESSAGE') this.#env.messages.countRejected(request, rejection.status);
      return tx.respond(
        rejection.status,
        rejection.headers.length === 0 ? undefined : { headers: rejection.headers },
      );
    }
    if (request.method === 'OPTIONS') return this.#options(tx);
    if (request.method === 'NOTIFY') return this.#notify(tx, scope);
    // ERR-G7: nobody puts a From into XMPP that he may not speak for (SIPT-06).
    const from = book.sipSenderToJid(
      asserted ?? request.from.uri,
      asserted === undefined ? strayInstance(request) : undefined,
    );
    if (!from.ok) {
      const status = faultToStatus(from.error, 'sender');
      if (status === FORBIDDEN) {
        const answer = isAnonymous(request.from.uri) ? ANONYMITY_DISALLOWED : FORBIDDEN;
        return this.#refuse(tx, this.#unknownSender, answer);
      }
      if (method === 'MESSAGE') this.#env.messages.countRejected(request, status, from.error.clause);
      return tx.respond(status);
    }
    if (!scope.any && !scope.covers(from.value.host)) return this.#refuse(tx, this.#unknownSender);
    if (this.#isDenied(tx, from.value)) return;
    this.#env.seen(from.value.bareText);
    const { routes } = this.#env.live;
    // What belongs to a dialog was decided when that began; while draining everything new is refused.
    if (routes?.has('onSipRequest') === true && request.to.tag === undefined && !this.#env.draining())
      return this.#route(tx, from.value, routes);
    this.#serve(tx, request, from.value);
  }

  /** True: it was answered. What calls there are go on when they are not wanted any more. */
  #inCall(tx: ServerTransaction, scope: SpeakerScope): boolean {
    const { calls } = this.#env;
    if (calls.request(tx, scope)) return true;
    // RFC 3261 §11.2: within a dialog OPTIONS is answered as without one. What asks about a dialog that is no more hears so.
    if (tx.request.method === 'OPTIONS' ? this.#isSubscription(tx.request) : !calls.enabled) return false;
    // §12.2.2.
    tx.respond(481);
    return true;
  }

  #isSubscription(request: SipRequest): boolean {
    return this.#env.subscriptions.has(request) || this.#env.notifiers.has(request);
  }

  /** `request`: what the script has made of it, else the one of the transaction. */
  #serve(tx: ServerTransaction, request: SipRequest, from: MappedJid): void {
    const home = this.#homeOf(request);
    if (home instanceof Promise) void home.then((known) => this.#serveAt(known, tx, request, from));
    else this.#serveAt(home, tx, request, from);
  }

  /** Where the target is at home, when no rule says it (rows DNS-01 … DNS-05). */
  #homeOf({ method, requestUri, to }: SipRequest): Home | Promise<Home> {
    const { live, homes } = this.#env;
    // What is published is its sender's own, and in a dialog it was decided before.
    const asks = live.asksDns && method !== 'PUBLISH' && to.tag === undefined;
    const target = asks ? live.book.sipTargetToJid(requestUri) : undefined;
    if (target?.ok !== true || !leavesHomeToDns(target.value.rule)) return 'xmpp';
    return homes.of(target.value.host, 'sip');
  }

  /** Perhaps in a later turn, in which nobody else catches anything. */
  #serveAt(home: Home, tx: ServerTransaction, request: SipRequest, from: MappedJid): void {
    try {
      if (home === 'xmpp') return this.#hand(tx, request, from);
      // DNS-05.
      const status = home === 'unknown' ? 504 : 404;
      this.#rejected(request, from, status, 'DNS-05');
      tx.respond(status);
    } catch (error) {
      this.#fault(tx, error);
    }
  }

  #hand(tx: ServerTransaction, request: SipRequest, from: MappedJid): void {
    const { method } = request;
    if (method === 'SUBSCRIBE') return this.#env.notifiers.subscribe(tx, from);
    if (method === 'INVITE') return this.#env.calls.invite(tx, from);
    // RFC 3903 §4: one "within an existing dialog" has none here either.
    if (method === 'PUBLISH' && request.to.tag === undefined) {
      return this.#env.published.publish(tx, from);
    }
    // RFC 3261 §12.2.2: MESSAGE makes no dialog, so a To tag belongs to none that is known here.
    if (request.to.tag !== undefined || method !== 'MESSAGE') {
      if (method === 'MESSAGE') this.#env.messages.countRejected(request, 481, 'RFC 3261 §12.2.2');
      return tx.respond(481);
    }
    this.#env.messages.accept(tx, from, request);
  }

  #route(tx: ServerTransaction, from: MappedJid, routes: Routes): void {
    const { live, messages } = this.#env;
    const env: SipRoutingEnv = {
      book: live.book,
      ended: (outcome, request, status, text) => {
        if (request.method === 'MESSAGE') messages.countEnded(outcome, request, status, text);
        else this.#rejected(request, from, status, ROUTES_CLAUSE);
      },
      serve: (request: SipRequest, sender: MappedJid): void => this.#serve(tx, request, sender),
    };
    routeSipRequest(env, routes, tx, from);
  }

  /** One outcome for each message and each attempt at a call. */
  #rejected(request: SipRequest, from: MappedJid, status: number, clause: string): void {
    const { messages, calls } = this.#env;
    if (request.method === 'MESSAGE') messages.countRejected(request, status, clause);
    else if (request.method === 'INVITE') calls.inviteRefused(request, from, clause, status);
  }

  /** ERR-G2, ERR-G3: answered, when it may not be done. */
  #isDenied(tx: ServerTransaction, from: MappedJid): boolean {
    const { request, source } = tx;
    if (this.#env.live.admission.open) return false;
    // What ends something is never refused.
    if (ENDING.has(request.method)) {
      const duration = expires(request);
      if (duration.ok && duration.value === 0) return false;
    }
    const { live } = this.#env;
    const to = live.book.sipTargetToJid(request.requestUri);
    // RFC 6665 §4.1.2.2: 480 to a refresh would end the subscription, which has a limit of its own.
    const counted = request.method === 'MESSAGE' || request.to.tag === undefined;
    const denied = live.admission.request(from, to.ok ? to.value : undefined, source.remoteAddress, {
      counted,
    });
    if (denied === undefined) return false;
    const { status } = denied.answer;
    this.#rejected(request, from, status, denied.clause);
    tx.respond(status, denied.answer);
    return true;
  }

  /** RFC 6665 §4.1.3, "To prevent spoofing of events": a source speaks for its own domains only, as for MESSAGE. */
  #notify(tx: ServerTransaction, scope: SpeakerScope): void {
    const from = parseSipUri(tx.request.from.uri);
    if (!from.ok) return tx.respond(400);
    const { host } = from.value;
    const server = this.#hasServer(tx.request.from.uri) || this.#env.live.models.servesLists(host);
    if (!scope.covers(host) && !server) {
      return this.#refuse(tx, this.#unknownSender);
    }
    this.#env.subscriptions.notify(tx);
  }

  /** CSP-10: a presence server tells an XMPP user of his own watchers, from his own address. */
  #hasServer(uri: string): boolean {
    const { book, models } = this.#env.live;
    const user = book.sipTargetToJid(uri);
    return user.ok && models.serverOf(user.value.rule) !== undefined;
  }

  #capabilitiesFor(method: string): Capabilities {
    if (method === 'NOTIFY' || method === 'PUBLISH') return this.#canTellEvents;
    if (this.#env.calls.enabled && CALL_METHODS.includes(method) && !ANYWHERE.has(method))
      return this.#inCalls;
    return method === 'SUBSCRIBE' ? this.#canSubscribe : this.#can;
  }

  /** IM-47: refused for its coding alone, which is read all the same in notifications. */
  #isPacked(request: SipRequest): boolean {
    if (request.method !== 'MESSAGE' || request.header('content-encoding') === undefined) return false;
    const type = contentType(request);
    if (!type.ok || !mayBePacked(`${type.value?.type}/${type.value?.subtype}`)) return false;
    return checkRequest(request, { ...this.#can, encodings: ['deflate'] }) === undefined;
  }

  /** FEAT-08, RFC 3261 §11.2: what the gateway can do; 404 for an address that it does not serve. */
  #options(tx: ServerTransaction): void {
    const uri = parseSipUri(tx.request.requestUri);
    // A literal address is nobody's domain: whoever writes it means the machine that it led to.
    const own = uri.ok && (this.#env.ownHosts.has(uri.value.host) || isLiteral(uri.value.host));
    if (!own && !this.#env.live.book.sipTargetToJid(tx.request.requestUri).ok) return tx.respond(404);
    // RFC 3261 §11.2: the status is that of an INVITE; while draining other gateways should be tried (ERR-G5).
    if (this.#env.draining()) return tx.respond(503);
    tx.respond(200, { headers: this.#capabilities[this.#env.calls.enabled ? 'calls' : 'none'] });
  }

  #refuse(tx: ServerTransaction, counter: Counter, status = FORBIDDEN): void {
    counter.add();
    tx.respond(status);
  }
}

/** ADDR-13: a `gr` that stands outside of the angle brackets, as many examples print it. */
function strayInstance(request: SipRequest): string | undefined {
  const raw = request.header('from') ?? '';
  const end = raw.indexOf('>');
  // Nearly every From ends in ";tag=…" and no more: its parameters need not be read for that.
  if (end < 0 || raw.indexOf(';', raw.indexOf(';', end) + 1) <= end) return undefined;
  return request.from.params.get('gr');
}

/** Compared by letters: a piece of the text would be an object for every message. */
/** RFC 3515 §2.4.4: the subscription of a REFER is in the dialog of its call, and there is no other one to this package. */
function isOfReferral(request: SipRequest): boolean {
  const about = request.to.tag === undefined ? undefined : event(request);
  return about?.ok === true && about.value?.package === 'refer';
}

function isSips(uri: string): boolean {
  for (let i = 0; i < SIPS.length; i++) {
    // RFC 3986 §3.1: schemes are compared without case; ":" has that bit already.
    if ((uri.charCodeAt(i) | LOWER_CASE) !== SIPS.charCodeAt(i)) return false;
  }
  return true;
}

const SIPS = 'sips:';
const LOWER_CASE = 0x20;

/** RFC 3323 §4.1.1.3: "anonymous.invalid" is the host of whoever hides his own. */
function isAnonymous(uri: string): boolean {
  const parsed = parseSipUri(uri);
  return parsed.ok && parsed.value.host === 'anonymous.invalid';
}

function isLiteral(host: string): boolean {
  return parseIpAddress(host.startsWith('[') ? host.slice(1, -1) : host) !== undefined;
}
