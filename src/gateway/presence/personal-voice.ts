// Mood, activity and place of SIP contacts, told to those clients of their watchers that asked for them (XEP-0163 §4): what
// presence has no room for. Each client hears of a change once; what a document does not say any more is taken back.

import { detachText, type Counters } from '../../base/index.ts';
import {
  authorizationOf,
  PERSONAL_NODES,
  type PersonalEvents,
  type PersonalNode,
} from '../../interwork/presence/index.ts';
import { serialize, type XmlElement } from '../../xml/index.ts';
import { eventMessage } from '../../xmpp/index.ts';
import { domainOf } from '../address-text.ts';
import type { LinkGroup } from '../link-group.ts';
import type { Capabilities } from './capabilities.ts';
import type { Watch } from './watch.ts';

export interface PersonalVoiceEnv {
  readonly counters: Counters;
  readonly live: { readonly presence: { readonly location: 'hide' | 'share' } };
  readonly capabilities: Pick<Capabilities, 'learn'>;
  groupFor(domain: string): LinkGroup | undefined;
}

/** One client that wants personal events. */
export interface Ear {
  wanted: readonly PersonalNode[];
  /** What it was told last, as text; '': that there is nothing. */
  readonly told: Map<PersonalNode, string>;
}

export class PersonalVoice {
  readonly #env: PersonalVoiceEnv;
  /** By the domain of the contact: those who have something to hear that no link could carry. */
  readonly #unsent = new Map<string, Set<Watch>>();

  constructor(env: PersonalVoiceEnv) {
    this.#env = env;
  }

  /** A resource of the user sent this presence. */
  heard(watch: Watch, resource: string, presence: XmlElement): void {
    // An account without a resource has nobody to be told.
    if (resource === '') return;
    const name = detachText(resource);
    const { user, contact } = watch.addresses;
    const announces = this.#env.capabilities.learn(presence, {
      user: `${user}/${name}`,
      contact,
      found: (wanted) => this.#listens(watch, name, wanted),
    });
    if (!announces) watch.ears?.delete(resource);
  }

  /** Tells what has changed. */
  tell(watch: Watch): void {
    if (watch.ears === undefined || watch.view.restored) return;
    const authorized = authorizationOf(watch.state).authorization === 'authorized';
    const events = authorized ? watch.view.person().events : {};
    for (const [resource, { wanted, told }] of watch.ears) {
      for (const { name, ns, nothing } of PERSONAL_NODES) {
        if (!wanted.includes(name)) continue;
        const payload = this.#shown(name, events);
        const text = payload === undefined ? '' : serialize(payload);
        // After a restart nobody knows what it was told.
        const before = told.get(name) ?? (watch.outlived ? undefined : '');
        if (before === text) continue;
        if (!this.#send(watch, resource, ns, payload ?? nothing)) return;
        told.set(name, text);
      }
    }
  }

  linkUp(domain: string): void {
    const watches = this.#unsent.get(domain);
    this.#unsent.delete(domain);
    for (const watch of watches ?? []) this.tell(watch);
  }

  #listens(watch: Watch, resource: string, wanted: readonly PersonalNode[]): void {
    // He may have gone while his client was asked.
    if (!watch.isOnline(resource)) return;
    if (wanted.length === 0) return void watch.ears?.delete(resource);
    watch.ears ??= new Map();
    const ear = watch.ears.get(resource);
    if (ear === undefined) watch.ears.set(resource, { wanted, told: new Map() });
    else ear.wanted = wanted;
    this.tell(watch);
  }

  /** RPID-17. */
  #shown(name: PersonalNode, events: PersonalEvents): XmlElement | undefined {
    return name === 'geoloc' && this.#env.live.presence.location === 'hide' ? undefined : events[name];
  }

  /** False: no link takes it now. */
  #send(watch: Watch, resource: string, node: string, payload: XmlElement): boolean {
    const { user, contact } = watch.addresses;
    const domain = domainOf(contact);
    const group = this.#env.groupFor(domain);
    const message = eventMessage(contact, `${user}/${resource}`, node, payload);
    if (group?.up === true && group.send(message) >= 0) {
      this.#env.counters
        .counter('stoxgate_personal_events_total', 'Moods, activities and places told, by side.', {
          to: 'xmpp',
        })
        .add();
      return true;
    }
    const watches = this.#unsent.get(domain) ?? new Set();
    this.#unsent.set(domain, watches.add(watch));
    return false;
  }
}
