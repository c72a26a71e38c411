// What speaks for one XMPP domain that the gateway serves itself (server-to-server), in the shape of a group of links. The
// server confirms each stanza by itself, and answers for domains that it cannot reach with error stanzas, as a component's
// server does.

import { SendRefusal, type XmppServer } from '../edge/xmpp/index.ts';
import type { XmlElement } from '../xml/index.ts';
import { LinkGroup, type ConfirmedStanza } from './link-group.ts';

export class ServerGroup extends LinkGroup {
  readonly #server: Pick<XmppServer, 'up' | 'send'>;
  readonly #sinceMs: number;
  #parked: ConfirmedStanza[] = [];

  /** `sinceMs`: since when the server is there, in milliseconds since 1970-01-01T00:00:00Z. */
  constructor(domain: string, server: Pick<XmppServer, 'up' | 'send'>, sinceMs: number) {
    super(domain);
    this.#server = server;
    this.#sinceMs = sinceMs;
  }

  override get empty(): boolean {
    return false;
  }

  override get up(): boolean {
    return this.#server.up;
  }

  override get states(): readonly { readonly state: string; readonly sinceMs: number | undefined }[] {
    return [{ state: this.#server.up ? 'up' : 'closed', sinceMs: this.#sinceMs }];
  }

  /** Beyond those that the server counts itself. */
  override get waiting(): number {
    return this.#parked.length;
  }

  override send(stanza: XmlElement): number {
    return this.#server.up ? this.#server.send(this.domain, stanza) : SendRefusal.NotUp;
  }

  override sendConfirmed(entry: ConfirmedStanza): number {
    return this.#server.up ? this.#server.send(this.domain, entry.stanza, entry) : SendRefusal.NotUp;
  }

  override park(entry: ConfirmedStanza): void {
    this.#parked.push(entry);
  }

  /** The server takes stanzas, or takes them again. */
  override linkUp(): void {
    const parked = this.#parked;
    this.#parked = [];
    for (const entry of parked) {
      if (!entry.open) continue;
      const sent = this.sendConfirmed(entry);
      // One domain that is full does not hold up the others.
      if (sent === SendRefusal.NotUp || sent === SendRefusal.Full) this.#parked.push(entry);
      else if (sent >= 0) entry.writtenAgain();
    }
  }

  override sweep(): void {
    if (this.#parked.length > 0) this.#parked = this.#parked.filter((entry) => entry.open);
    this.linkUp();
  }
}
