// One user of the XMPP side whose presence is published: his resources, a publication for each (CSP-08), and his watchers.

import { TokenBucket, type Bytes, type Timer } from '../../base/index.ts';
import {
  presenceStanza,
  toSipPresence,
  type PublisherRecord,
  type XmppResource,
} from '../../interwork/presence/index.ts';
import type { MappedUri } from '../../mapping/index.ts';
import { formatPidf } from '../../mime/index.ts';
import { NS_CLIENT, XmlElement } from '../../xml/index.ts';
import { NS_DELAY, NS_IDLE } from '../../xmpp/index.ts';
import { domainOf } from '../address-text.ts';
import { Publication, type PublicationOwner } from './publication.ts';
import type { PublisherEnv, PublisherLimits } from './publisher-env.ts';
import { UserWatchers } from './user-watchers.ts';

export interface PublishedUserHost {
  readonly env: PublisherEnv;
  readonly limits: PublisherLimits;
  store(user: PublishedUser): void;
  /** One of his publications is over. */
  ended(): void;
  count(event: 'withdrawn' | 'refused' | 'asked' | 'unasked' | 'unwatched'): void;
}

interface Resource extends XmppResource {
  /** Addresses of the gateway that he showed it to. */
  readonly through: Set<string>;
}

/** How long the user's server may take to say which of his resources are there. */
const CHECK_MS = 20_000;
/** His server is not asked more often than this. */
const MIN_CHECK_MS = 60_000;
/** PUBLISH requests for one user: so many at once, and so many a second for long. The last one says what is true then. */
const PUBLISH_BURST = 20;
const PUBLISHES_PER_SECOND = 2;

export class PublishedUser implements PublicationOwner {
  /** Bare JID. */
  readonly jid: string;
  readonly uri: string;
  /** Addresses of the gateway that he has authorized. */
  readonly addresses: Set<string>;
  asked: boolean;
  stored = false;
  readonly #host: PublishedUserHost;
  readonly #resources = new Map<string, Resource>();
  readonly #publications = new Map<string, Publication>();
  /** RFC 3903 §4: one PUBLISH at a time to a Request-URI. */
  readonly #queue = new Set<Publication>();
  #sending: Publication | undefined;
  #bucket: TokenBucket | undefined;
  #pause: Timer | undefined;
  readonly #watchers: UserWatchers;
  #check: Timer | undefined;
  #checkedMs = -Infinity;
  /** Resources heard of since his server was asked. */
  readonly #heard = new Set<string>();
  #stopped = false;

  constructor(host: PublishedUserHost, user: MappedUri, uri: string, record?: PublisherRecord) {
    this.#host = host;
    this.jid = user.bareText;
    this.uri = uri;
    this.addresses = new Set(record?.addresses);
    this.asked = record?.asked ?? false;
    this.#watchers = new UserWatchers(host, this);
    for (const { resource, tag } of record?.publications ?? []) {
      const publication = new Publication(host.env, this, resource);
      this.#publications.set(resource, publication);
      publication.restore(tag);
    }
  }

  get watchers(): UserWatchers {
    return this.#watchers;
  }

  /** Publications that a compositor has, or is about to have. */
  get publications(): number {
    return this.#publications.size;
  }

  get online(): boolean {
    return this.#resources.size > 0;
  }

  record(node: string): PublisherRecord {
    const { jid: user, addresses, asked } = this;
    const publications = [...this.#publications.values()].flatMap(({ resource, tag }) =>
      tag === undefined ? [] : [{ resource, tag }],
    );
    return { node, user, addresses: [...addresses], asked, publications };
  }

  // His presence.

  /** CSP-01, CSP-02. False: he has too many resources. */
  available(resource: string, stanza: XmlElement, address: string): boolean {
    const known = this.#resources.get(resource);
    if (known === undefined && this.#resources.size >= this.#host.limits.resources) return false;
    const through = known?.through ?? new Set<string>();
    through.add(address);
    this.#heard.add(resource);
    const receivedMs = this.#host.env.clock.wall();
    this.#resources.set(resource, { resource, stanza: whatIsPublished(stanza), receivedMs, through });
    const publication = this.#publications.get(resource);
    if (publication === undefined) {
      const fresh = new Publication(this.#host.env, this, resource);
      this.#publications.set(resource, fresh);
      fresh.start();
    } else publication.changed();
    this.#watchers.start();
    return true;
  }

  /** CSP-04. `resource` '': all of them. */
  unavailable(resource: string, address: string): void {
    const named = resource === '' ? [...this.#resources.keys()] : [resource];
    for (const each of named) {
      const through = this.#resources.get(each)?.through;
      through?.delete(address);
      // One that is not known may be of before a restart: what was published of it then is not true any more.
      if (through === undefined || through.size === 0) this.#gone(each);
    }
  }

  /** He shows nothing to this address any more. */
  revoked(address: string): void {
    this.addresses.delete(address);
    this.unavailable('', address);
    if (this.addresses.size === 0) this.withdraw();
    this.#host.store(this);
  }

  withdraw(): void {
    this.#resources.clear();
    for (const publication of [...this.#publications.values()]) publication.withdraw();
    this.#watchers.end();
  }

  /** Asks his server which of his resources are there; what it does not name within 20 s is withdrawn. */
  check(): void {
    const { clock, timers } = this.#host.env;
    if (this.#check !== undefined || clock.now() - this.#checkedMs < MIN_CHECK_MS) return;
    let asked = false;
    this.#heard.clear();
    for (const address of this.addresses) asked = this.say('probe', address) || asked;
    if (!asked) return;
    this.#checkedMs = clock.now();
    this.#check = timers.set(CHECK_MS, () => {
      this.#check = undefined;
      const known = new Set([...this.#publications.keys(), ...this.#resources.keys()]);
      for (const resource of known) if (!this.#heard.has(resource)) this.#gone(resource);
    });
  }

  /** Says nothing more to anybody. */
  stop(): void {
    this.#stopped = true;
    this.#host.env.timers.clear(this.#check);
    this.#host.env.timers.clear(this.#pause);
    for (const publication of this.#publications.values()) publication.stop();
    this.#watchers.stop();
  }

  #gone(resource: string): void {
    this.#resources.delete(resource);
    const publication = this.#publications.get(resource);
    if (publication !== undefined) {
      this.#host.count('withdrawn');
      publication.withdraw();
    }
    if (!this.online) this.#watchers.end();
  }

  // What a publication needs.

  get server(): string | undefined {
    const { book, models } = this.#host.env.live;
    const user = book.jidSenderToSip(this.jid);
    return user.ok ? models.serverOf(user.value.rule)?.server : undefined;
  }

  document(resource: string): Bytes {
    const known = this.#resources.get(resource);
    const entity = this.uri.replace(/^sips?:/, 'pres:');
    return formatPidf(
      toSipPresence(entity, known === undefined ? [] : [known], {
        lastResource: resource,
        contact: () => this.uri,
      }),
    );
  }

  wantsToSend(publication: Publication): void {
    this.#queue.add(publication);
    this.#pump();
  }

  sent(publication: Publication): void {
    if (this.#sending !== publication) return;
    this.#sending = undefined;
    this.#pump();
  }

  tagChanged(): void {
    if (!this.#stopped) this.#host.store(this);
  }

  /** CSP-09: "stop publishing for that user; log". He is tried again when he comes the next time. */
  refused(status: number): void {
    this.#host.count('refused');
    this.#host.env.log.warn('publications.refused', { user: this.jid, status });
  }

  over(publication: Publication): void {
    if (this.#publications.get(publication.resource) === publication) {
      this.#publications.delete(publication.resource);
    }
    this.#queue.delete(publication);
    if (!this.#stopped) this.#host.store(this);
    this.#host.ended();
  }

  #pump(): void {
    if (this.#sending !== undefined || this.#pause !== undefined) return;
    const [next] = this.#queue;
    if (next === undefined) return;
    const { clock, timers } = this.#host.env;
    this.#bucket ??= new TokenBucket(PUBLISHES_PER_SECOND, PUBLISH_BURST, clock.now());
    if (!this.#bucket.take(clock.now())) {
      this.#pause = timers.set(1000 / PUBLISHES_PER_SECOND, () => {
        this.#pause = undefined;
        this.#pump();
      });
      return;
    }
    this.#queue.delete(next);
    this.#sending = next;
    next.send();
  }

  /** False: no link takes it now. */
  say(type: 'probe' | 'subscribe' | 'unsubscribe', from: string): boolean {
    const group = this.#host.env.groupFor(domainOf(from));
    return group?.up === true && group.send(presenceStanza(type, from, this.jid)) >= 0;
  }
}

/** Without addresses, and without what no document says: capabilities, avatars, signatures. */
function whatIsPublished(stanza: XmlElement): XmlElement {
  const attributes = ['type', 'xml:lang'].flatMap((name) => {
    const value = stanza.attr(name);
    return value === undefined ? [] : [name, value];
  });
  const told = [NS_CLIENT, NS_IDLE, NS_DELAY];
  const children = [...stanza.elements()].filter(({ ns }) => told.includes(ns));
  return new XmlElement('presence', NS_CLIENT, attributes, children);
}
