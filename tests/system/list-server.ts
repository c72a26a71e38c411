// A server of resource lists (RFC 4662) of our own, as the tests see it: what it is asked, and what it says of whom.

import { header, type SipText } from '../peers/sip-text.ts';
import type { NotifyParts } from './notifier.ts';
import type { PublishRig } from './publish-rig.ts';

export const LISTS = 'sip:rls@lists.example';
export const KEPT = 'sip:*-contacts@lists.example';

/** A document of this user (of example.net): open tuples, or "!name" for a closed one. */
export function tells(user: string, ...tuples: readonly string[]): string {
  const inside = tuples.map((text) => {
    const basic = text.startsWith('!') ? 'closed' : 'open';
    return `<tuple id="ID-${text.replace('!', '')}"><status><basic>${basic}</basic></status></tuple>`;
  });
  return `<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="sip:${user}@example.net">${inside.join('')}</presence>`;
}

/**
 * One resource: "romeo", "romeo +1" (active), "romeo ?1" (pending), "romeo -1=rejected" (terminated), and what each active one
 * says, in order; undefined: a cid without a part.
 */
export type Row = readonly [string, ...(string | undefined)[]];

const PART = (id: string, type: string, body: string): string =>
  `--b\r\nContent-ID: <${id}>\r\nContent-Type: ${type}\r\n\r\n${body}\r\n`;

/** multipart/related of a list (RFC 4662 §5). */
export function listBody(version: number, full: boolean, ...rows: readonly Row[]): string {
  const parts: string[] = [];
  const resources = rows.map(([text, ...documents]) => {
    const [user = '', ...instances] = text.split(' ');
    const inside = instances.map((each) => {
      const [id = '', reason] = each.slice(1).split('=');
      const state = { '+': 'active', '?': 'pending', '-': 'terminated' }[each.slice(0, 1)] ?? '';
      const cid = `${user}.${id}@lists.example`;
      const document = each.startsWith('+') ? documents.shift() : undefined;
      if (document !== undefined) parts.push(PART(cid, 'application/pidf+xml', document));
      const more = reason === undefined ? '' : ` reason="${reason}"`;
      return `<instance id="${id}" state="${state}"${each.startsWith('+') ? ` cid="${cid}"` : ''}${more}/>`;
    });
    return `<resource uri="sip:${user}@example.net">${inside.join('')}</resource>`;
  });
  const rlmi = `<list xmlns="urn:ietf:params:xml:ns:rlmi" uri="${LISTS}" version="${version}" fullState="${full}">${resources.join('')}</list>`;
  return `${PART('root@lists.example', 'application/rlmi+xml', rlmi)}${parts.join('')}--b--\r\n`;
}

export const LIST_TYPE =
  'multipart/related;type="application/rlmi+xml";start="<root@lists.example>";boundary=b';

/** NOTIFY about a list; the status of its answer. */
export function notifyList(
  rig: PublishRig,
  subscribe: SipText,
  body: string,
  parts: NotifyParts = {},
): Promise<number> {
  return rig.server.notify(subscribe, {
    contentType: LIST_TYPE,
    headers: [['Require', 'eventlist']],
    body,
    ...parts,
  });
}

/** The users whom a SUBSCRIBE names (RFC 5367 §4). */
export function named(subscribe: SipText): string[] {
  const entries = subscribe.body.toString('utf8').matchAll(/<entry uri='sip:([^@']+)@example.net'\/>/g);
  return [...entries].map(([, user = '']) => user);
}

/** "SUBSCRIBE sip:rls@lists.example 3600". */
export function inWords(subscribe: SipText): string {
  return `${subscribe.startLine.replace(' SIP/2.0', '')} ${header(subscribe, 'expires')}`;
}
