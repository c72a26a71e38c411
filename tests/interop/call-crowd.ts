// Many people with chat clients at the XMPP server of the system tests, who call and are called at the same time: each call goes by a
// plan, and what came of it is kept.
import { mustBecome } from '../peers/wait.ts';
import { audio, WANTED, NS_JINGLE, NS_PROPOSALS, reason } from '../peers/jingle-client.ts';
import type { Rig } from '../system/rig.ts';
import type { XmlElement } from '../../src/xml/index.ts';
import { XMPP_HOME } from './sipp-rig.ts';

/** What the client does, once the call is up or as soon as it rings. */
export type Plan = 'stays' | 'hangsUp' | 'givesUp' | 'rejects';

export interface CrowdCall {
  readonly sid: string;
  /** The client's full JID. */
  readonly user: string;
  readonly plan: Plan;
  /** Actions and messages that came, in order. */
  readonly heard: string[];
  /** Of the session-terminate that came. */
  condition?: string;
  text?: string;
  /** The session is over, or the proposal that had none. */
  ended: boolean;
}

const CANCEL = reason('cancel');

export class CallCrowd {
  readonly calls = new Map<string, CrowdCall>();
  /** What people do who are called, by their name. */
  planOf: (user: string) => Plan = () => 'stays';
  readonly #rig: Rig;
  #serial = 0;

  constructor(rig: Rig) {
    this.#rig = rig;
    rig.xmpp.react = (stanza) => this.#react(stanza);
  }

  /** `name` calls. */
  call(name: string, to: string, plan: Plan = 'stays'): CrowdCall {
    const user = `${name}@${XMPP_HOME}/phone`;
    const sid = `crowd-${++this.#serial}`;
    const call = this.#begin(sid, user, plan);
    const [, domain = ''] = to.split('@');
    this.#rig.xmpp.write(this.#proposal(call, to, 'propose', WANTED), domain);
    return call;
  }

  /** Every call that there was has ended. */
  async ended(timeoutMs = 30_000): Promise<void> {
    const open = (): readonly CrowdCall[] => [...this.calls.values()].filter(({ ended }) => !ended);
    await mustBecome('the end of each call', () => open().length === 0, timeoutMs).catch((error: unknown) => {
      throw new Error(JSON.stringify(open().slice(0, 5)), { cause: error });
    });
  }

  #begin(sid: string, user: string, plan: Plan): CrowdCall {
    const call: CrowdCall = { sid, user, plan, heard: [], ended: false };
    this.calls.set(sid, call);
    return call;
  }

  #react(stanza: XmlElement): string | undefined {
    const from = stanza.attr('from') ?? '';
    const jingle = stanza.child('jingle', NS_JINGLE);
    if (jingle !== undefined && stanza.attr('type') === 'set') {
      const result = `<iq type='result' id='${stanza.attr('id')}' from='${stanza.attr('to')}' to='${from}'/>`;
      return `${result}${this.#action(jingle, stanza.attr('to') ?? '', from)}`;
    }
    for (const each of stanza.elements()) if (each.ns === NS_PROPOSALS) return this.#message(each, stanza);
    return undefined;
  }

  #message(proposal: XmlElement, stanza: XmlElement): string | undefined {
    const from = stanza.attr('from') ?? '';
    const sid = proposal.attr('id') ?? '';
    if (proposal.name === 'propose') return this.#isCalled(sid, stanza.attr('to') ?? '', from);
    const call = this.calls.get(sid);
    call?.heard.push(proposal.name);
    if (call === undefined) return undefined;
    if (proposal.name === 'proceed') {
      const content = audio({ creator: 'initiator', name: 'voice', address: '127.0.0.1', port: 40_404 });
      return this.#iq(call, from, 'session-initiate', content);
    }
    if (proposal.name === 'retract' || proposal.name === 'reject') call.ended = true;
    return undefined;
  }

  #isCalled(sid: string, to: string, from: string): string {
    const [name = ''] = to.split('@');
    const call = this.#begin(sid, `${to.split('/')[0]}/phone`, this.planOf(name));
    call.heard.push('propose');
    if (call.plan === 'rejects') {
      call.ended = true;
      return this.#proposal(call, from, 'reject', `<reason xmlns='${NS_JINGLE}'><busy/></reason>`);
    }
    const ringing = this.#proposal(call, from, 'ringing');
    return call.plan === 'givesUp' ? ringing : `${ringing}${this.#proposal(call, from, 'proceed')}`;
  }

  #action(jingle: XmlElement, user: string, from: string): string {
    const action = jingle.attr('action') ?? '';
    const call = this.calls.get(jingle.attr('sid') ?? '');
    if (call === undefined || call.user !== user) return '';
    call.heard.push(action === 'session-info' ? ([...jingle.elements()][0]?.name ?? action) : action);
    switch (action) {
      case 'session-initiate': {
        const name = jingle.child('content')?.attr('name') ?? '';
        const content = audio({ creator: 'initiator', name, address: '127.0.0.1', port: 40_404 });
        const accept = this.#iq(call, from, 'session-accept', content);
        return call.plan === 'hangsUp' ? `${accept}${this.#hangsUp(call, from)}` : accept;
      }
      case 'session-accept':
        return call.plan === 'hangsUp' ? this.#hangsUp(call, from) : '';
      case 'session-info':
        if (call.plan !== 'givesUp' || call.heard.at(-1) !== 'ringing') return '';
        call.ended = true;
        return this.#iq(call, from, 'session-terminate', CANCEL);
      case 'session-terminate': {
        call.ended = true;
        const why = [...(jingle.child('reason')?.elements() ?? [])];
        Object.assign(call, { condition: why.find(({ name }) => name !== 'text')?.name });
        Object.assign(call, { text: why.find(({ name }) => name === 'text')?.text() });
        return '';
      }
      default:
        return '';
    }
  }

  #hangsUp(call: CrowdCall, to: string): string {
    call.ended = true;
    return this.#iq(call, to, 'session-terminate', reason('success'));
  }

  #iq({ user, sid }: CrowdCall, to: string, action: string, inner: string): string {
    const jingle = `<jingle xmlns='${NS_JINGLE}' action='${action}' sid='${sid}'>${inner}</jingle>`;
    return `<iq type='set' id='c${++this.#serial}' from='${user}' to='${to}'>${jingle}</iq>`;
  }

  #proposal({ user, sid }: CrowdCall, to: string, kind: string, inner = ''): string {
    const id = `p${++this.#serial}`;
    return `<message type='chat' id='${id}' from='${user}' to='${to}'><${kind} xmlns='${NS_PROPOSALS}' id='${sid}'>${inner}</${kind}></message>`;
  }
}
