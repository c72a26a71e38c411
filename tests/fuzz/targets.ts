// All fuzz targets by name.

import { target as body } from './body.ts';
import { target as config } from './config.ts';
import { target as cpim } from './cpim.ts';
import { target as dns } from './dns.ts';
import { target as jid } from './jid.ts';
import { target as message } from './message.ts';
import { target as presence } from './presence.ts';
import { target as reginfo } from './reginfo.ts';
import { target as sip } from './sip.ts';
import { target as uri } from './uri.ts';
import { target as xml } from './xml.ts';
import { PLANTED } from './planted.ts';
import { recordedPresence, recordedSip, recordedStanzas } from './recorded.ts';
import type { FuzzTarget } from './target.ts';

/** With what real peers were seen to send. */
function withRecorded(target: FuzzTarget, recorded: () => readonly Uint8Array[]): FuzzTarget {
  return { ...target, seeds: () => [...target.seeds(), ...recorded()] };
}

const OPEN_STREAM = `<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams'>`;

export const TARGETS: readonly FuzzTarget[] = [
  withRecorded(sip, recordedSip),
  uri,
  withRecorded(xml, () => recordedStanzas().map((stanza) => Buffer.from(OPEN_STREAM + stanza))),
  jid,
  cpim,
  dns,
  body,
  reginfo,
  withRecorded(presence, recordedPresence),
  message,
  config,
];

/** Throws RangeError for a name that no target has, not even a planted one. */
export function targetNamed(name: string): FuzzTarget {
  const found = [...TARGETS, ...PLANTED].find((target) => target.name === name);
  if (found === undefined) throw new RangeError(`no fuzz target is named ${name}`);
  return found;
}
