// One stanza on its way to another server.

import type { XmlElement } from '../../xml/index.ts';
import type { ServerStanza } from './server-options.ts';

/** Where a stanza waits that its stream could not carry to the end. */
export interface OutgoingOwner {
  /** In order; they may or may not be with the peer. */
  returned(stanzas: readonly Outgoing[]): void;
}

export interface Outgoing {
  readonly stanza: XmlElement;
  /** As it goes on the wire. */
  readonly text: string;
  /** Who wants to know what becomes of it. */
  readonly entry: ServerStanza | undefined;
  readonly owner: OutgoingOwner;
  /** How often it was written: a stanza that breaks streams must not do so for ever. */
  writes: number;
  /** Its number on the stream that it was written to last. */
  seq: number;
}

/** Gives stanzas back to those from whom they came. */
export function giveBack(stanzas: readonly Outgoing[]): void {
  const byOwner = Map.groupBy(stanzas, ({ owner }) => owner);
  for (const [owner, own] of byOwner) owner.returned(own);
}
