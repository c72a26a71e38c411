// The SIP users who watch one published user: he is asked about those who wait for his decision (rows CSP-10 … CSP-15).

import type { End } from '../../sip/index.ts';
import type { PublishedUser, PublishedUserHost } from './published-user.ts';
import { WatcherList, winfoParts, type WatcherListOwner } from './watcher-list.ts';

export class UserWatchers implements WatcherListOwner {
  readonly #host: PublishedUserHost;
  readonly #user: PublishedUser;
  #list: WatcherList | undefined;
  /** The presence server does not tell; it is asked again when he comes the next time. */
  #silent = false;
  /** Watchers (URIs) who wait for his answer; true: he was asked. */
  readonly #waiting = new Map<string, boolean>();

  constructor(host: PublishedUserHost, user: PublishedUser) {
    this.#host = host;
    this.#user = user;
  }

  /** CSP-10: he is there. */
  start(): void {
    const { server, uri } = this.#user;
    if (this.#list !== undefined || this.#silent || server === undefined) return;
    const list = new WatcherList(uri, this);
    this.#list = list;
    const handle = this.#host.env.subscriptions.subscribe(winfoParts(uri, server), list);
    if (handle === undefined) this.#list = undefined;
    // It may be over already.
    else if (this.#list === list) list.handle = handle;
  }

  /** He is not there any more, and cannot be asked. */
  end(): void {
    const list = this.#list;
    this.stop();
    list?.handle?.unsubscribe();
  }

  /** Hears nothing more. */
  stop(): void {
    this.#list = undefined;
    this.#silent = false;
    this.#waiting.clear();
  }

  /** A link is up: those whom he could not be asked about. */
  askAgain(): void {
    for (const [watcher, asked] of [...this.#waiting]) if (!asked) this.#ask(watcher);
  }

  waits(watcher: string): void {
    // Once for each who waits, until he has answered (CSP-11).
    if (this.#list === undefined || this.#waiting.get(watcher) === true) return;
    if (!this.#waiting.has(watcher) && this.#waiting.size >= this.#host.limits.asking) {
      return this.#host.count('unasked');
    }
    this.#waiting.set(watcher, false);
    this.#ask(watcher);
  }

  settled(watcher: string): void {
    this.#waiting.delete(watcher);
  }

  refused(watcher: string): void {
    const jid = this.#host.env.live.book.sipSenderToJid(watcher);
    if (this.#list !== undefined && jid.ok) this.#user.say('unsubscribe', jid.value.bareText);
  }

  over(end: End): void {
    if (this.#list === undefined) return;
    this.stop();
    this.#silent = true;
    this.#host.count('unwatched');
    this.#host.env.log.warn('publications.unwatched', { user: this.#user.jid, ...end });
  }

  #ask(watcher: string): void {
    const { live, log } = this.#host.env;
    const jid = live.book.sipSenderToJid(watcher);
    if (!jid.ok) {
      // Nobody whom XMPP could name: the presence server decides alone.
      this.#waiting.delete(watcher);
      log.debug('publications.watcher.unmapped', { watcher });
      return this.#host.count('unasked');
    }
    if (!this.#user.say('subscribe', jid.value.bareText)) return;
    this.#waiting.set(watcher, true);
    this.#host.count('asked');
  }
}
