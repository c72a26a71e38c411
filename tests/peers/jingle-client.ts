// A person with a chat client that can call: proposals (XEP-0353) and Jingle with plain UDP (XEP-0177), over a real client library.
// It has no media: what it says of them is where they would be.

import type { AgentEvent } from './agent.ts';
import { textField } from './json-object.ts';
import type { XmppClient } from './xmpp-client.ts';

export const NS_JINGLE = 'urn:xmpp:jingle:1';
export const NS_PROPOSALS = 'urn:xmpp:jingle-message:0';
const NS_RTP = 'urn:xmpp:jingle:apps:rtp:1';
const NS_RAW_UDP = 'urn:xmpp:jingle:transports:raw-udp:1';
const NS_ICE_UDP = 'urn:xmpp:jingle:transports:ice-udp:1';
const NS_DTLS = 'urn:xmpp:jingle:apps:dtls:0';

/** A message of a proposal, or an action of a session. */
export interface Said {
  readonly sid: string;
  /** The full JID, or the bare one, of whom it is. */
  readonly sender: string;
  readonly xml: string;
}

export interface AudioPlace {
  readonly creator: 'initiator' | 'responder';
  readonly name: string;
  readonly address: string;
  readonly port: number;
}

export class JingleClient {
  readonly #client: XmppClient;
  #serial = 0;
  /** Events before this place belong to what was before. */
  #from = 0;

  constructor(client: XmppClient) {
    this.#client = client;
  }

  /** What came until now is of no interest any more. */
  forget(): void {
    this.#from = this.#client.agent.events.length;
  }

  async proposal(kind: string, timeoutMs?: number): Promise<Said> {
    return said(await this.#event('proposal', { kind }, timeoutMs), 'id');
  }

  /** `sid`: of this session, where there are several. */
  async action(action: string, timeoutMs?: number, sid?: string): Promise<Said> {
    const fields = { action, ...(sid === undefined ? {} : { sid }) };
    return said(await this.#event('jingle', fields, timeoutMs), 'sid');
  }

  /** A message of a proposal. */
  propose(kind: string, to: string, sid: string, inner = ''): void {
    const id = `p${++this.#serial}-${sid}`;
    this.#client.sendXml(
      `<message to='${to}' type='chat' id='${id}'><${kind} xmlns='${NS_PROPOSALS}' id='${sid}'>${inner}</${kind}></message>`,
    );
  }

  /** An action, and the type of its answer. */
  async act(action: string, to: string, sid: string, inner = ''): Promise<string> {
    const id = `a${++this.#serial}-${sid}`;
    const answer = await this.#client.ask(
      id,
      `<iq xmlns='jabber:client' type='set' to='${to}' id='${id}'>` +
        `<jingle xmlns='${NS_JINGLE}' action='${action}' sid='${sid}'>${inner}</jingle></iq>`,
    );
    return answer.type;
  }

  #event(event: string, fields: Readonly<Record<string, string>>, timeoutMs?: number): Promise<AgentEvent> {
    const wanted = Object.entries(fields);
    const matches = (each: AgentEvent): boolean => wanted.every(([name, value]) => each[name] === value);
    return this.#client.agent.wait(event, matches, timeoutMs, this.#from);
  }
}

/** Audio is wanted. */
export const WANTED = `<description xmlns='${NS_RTP}' media='audio'/>`;

export function reason(condition: string): string {
  return `<reason><${condition}/></reason>`;
}

/** G.711 at this place. */
export function audio({ creator, name, address, port }: AudioPlace): string {
  const payloads = [
    `<payload-type id='0' name='PCMU' clockrate='8000'/>`,
    `<payload-type id='8' name='PCMA' clockrate='8000'/>`,
  ];
  return (
    `<content creator='${creator}' name='${name}' senders='both'>` +
    `<description xmlns='${NS_RTP}' media='audio'>${payloads.join('')}</description>` +
    `<transport xmlns='${NS_RAW_UDP}'><candidate component='1' generation='0' id='c1' ip='${address}' port='${port}'/></transport>` +
    `</content>`
  );
}

function said(event: AgentEvent, id: string): Said {
  return {
    sid: textField(event, id) ?? '',
    sender: textField(event, 'sender') ?? '',
    xml: textField(event, 'xml') ?? '',
  };
}

/** G.711 over ICE and DTLS-SRTP, as clients of today want it; nobody is behind it. */
export function secureAudio(
  { creator, name, address, port }: AudioPlace,
  setup: 'actpass' | 'active' | 'passive',
): string {
  const print = Array.from({ length: 32 }, () => 'AB').join(':');
  return (
    `<content creator='${creator}' name='${name}' senders='both'>` +
    `<description xmlns='${NS_RTP}' media='audio'><payload-type id='0' name='PCMU' clockrate='8000'/><rtcp-mux/></description>` +
    `<transport xmlns='${NS_ICE_UDP}' ufrag='alic' pwd='alicealicealicealicealice'>` +
    `<fingerprint xmlns='${NS_DTLS}' hash='sha-256' setup='${setup}'>${print}</fingerprint>` +
    `<candidate component='1' foundation='1' generation='0' id='c1' ip='${address}' network='0' port='${port}' priority='2130706431' protocol='udp' type='host'/>` +
    `</transport></content>`
  );
}
