// What a phone (baresip) was told of those whom it watches, read from its SIP trace.
import type { Baresip } from '../peers/baresip.ts';

/** Of somebody (a JID), in order: the state, and the first tuple of the document. */
export function notifications(phone: Baresip, of: string): string[] {
  const told: string[] = [];
  for (const [, head = '', body = ''] of phone.output.matchAll(
    /^(NOTIFY sip:[^]*?\r?\n)\r?\n([^]*?)(?=^SIP\/2\.0|^[A-Z]+ sip:|^\S* ?(?:TX|RX)|$(?![^]))/gm,
  )) {
    // It notifies its own watchers too.
    if (!new RegExp(`^From: .*sip:${of}`, 'im').test(head)) continue;
    const state = /^Subscription-State: (.*?)\r?$/im.exec(head)?.[1]?.replace(/;expires=\d+/, '') ?? '';
    const basic = /<basic>(\w+)<\/basic>/.exec(body)?.[1];
    const show = /<show[^>]*>(\w+)<\/show>/.exec(body)?.[1];
    const note = /<note[^>]*>([^<]*)<\/note>/.exec(body)?.[1]?.replace('&amp;', '&');
    const words = [state, basic, show, note].filter((word) => word !== undefined).join(' ');
    // Retransmissions are no news.
    if (told.at(-1) !== words) told.push(words);
  }
  return told;
}
