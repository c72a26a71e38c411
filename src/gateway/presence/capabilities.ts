// Which personal events the clients of users want (XEP-0163 §4.1). Asked once for each verification string, of whoever
// announces it, and believed of everybody who does only if its hash is right (XEP-0115 §5.4; row FEAT-05).

import {
  BoundedMap,
  detachText,
  type Clock,
  type Counters,
  type Random,
  type Timer,
  type Timers,
} from '../../base/index.ts';
import { PERSONAL_NODES, type PersonalNode } from '../../interwork/presence/index.ts';
import { element, NS_CLIENT, XmlElement } from '../../xml/index.ts';
import {
  capsVersion,
  isCapsHash,
  NS_DISCO_INFO,
  readCaps,
  readDiscoInfo,
  type Caps,
} from '../../xmpp/index.ts';

export interface CapabilitiesEnv {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly counters: Counters;
  /** False: no link takes it now. */
  send(stanza: XmlElement): boolean;
}

/** Someone who announces a verification string, and a contact whom he told it. */
export interface Announcer {
  /** Full JID. */
  readonly user: string;
  /** Bare JID: who asks. */
  readonly contact: string;
  /** Called once, perhaps at once; never when it cannot be learnt. */
  found(wanted: readonly PersonalNode[]): void;
}

interface Question {
  readonly key: string;
  readonly caps: Caps;
  readonly waiting: Announcer[];
  id: string;
  asked: Announcer;
  timer: Timer | undefined;
}

const MAX_KNOWN = 5000;
const KNOWN_MS = 24 * 3_600_000;
/** Who gave no right answer is not asked the same for so long. */
const MAX_FAILED = 5000;
const FAILED_MS = 3_600_000;
const MAX_QUESTIONS = 1000;
const MAX_WAITING = 1000;
const ANSWER_MS = 30_000;
/** A verification string of a hash has at most 88 characters, and a node is a URI. */
const MAX_CHARACTERS = 300;

export class Capabilities {
  readonly #env: CapabilitiesEnv;
  readonly #known = new BoundedMap<string, readonly PersonalNode[]>({ maxEntries: MAX_KNOWN });
  readonly #failed = new BoundedMap<string, true>({ maxEntries: MAX_FAILED });
  readonly #questions = new Map<string, Question>();
  readonly #byId = new Map<string, Question>();

  constructor(env: CapabilitiesEnv) {
    this.#env = env;
  }

  /** Verification strings that are understood. */
  get size(): number {
    return this.#known.size;
  }

  /** Those that are being asked about. */
  get asking(): number {
    return this.#questions.size;
  }

  /** False: this presence announces nothing that could be checked. */
  learn(presence: XmlElement, announcer: Announcer): boolean {
    const caps = readCaps(presence);
    if (caps === undefined || !isCapsHash(caps.hash)) return false;
    if (caps.node.length + caps.ver.length > MAX_CHARACTERS) return false;
    const key = detachText(`${caps.hash} ${caps.ver}`);
    const known = this.#known.get(key, this.#env.clock.now());
    if (known !== undefined) announcer.found(known);
    else this.#wait(key, caps, announcer);
    return true;
  }

  /** The answer to a question of ours; false: it is none. */
  answer(iq: XmlElement): boolean {
    const question = this.#byId.get(iq.attr('id') ?? '');
    if (question === undefined) return false;
    const { user, contact } = question.asked;
    if (iq.attr('from') !== user || iq.attr('to') !== contact) return false;
    const wanted = iq.attr('type') === 'result' ? wantedBy(iq, question.caps) : undefined;
    if (wanted === undefined) this.#askNext(question);
    else this.#learnt(question, wanted);
    return true;
  }

  stop(): void {
    for (const { timer } of this.#questions.values()) this.#env.timers.clear(timer);
    this.#questions.clear();
    this.#byId.clear();
  }

  #wait(key: string, caps: Caps, announcer: Announcer): void {
    const open = this.#questions.get(key);
    if (open !== undefined) {
      if (open.waiting.length < MAX_WAITING) open.waiting.push(announcer);
      return;
    }
    const failed = this.#failed.get(`${key} ${announcer.user}`, this.#env.clock.now()) === true;
    if (failed || this.#questions.size >= MAX_QUESTIONS) return;
    const own = { node: detachText(caps.node), ver: detachText(caps.ver), hash: caps.hash };
    const question = { key, caps: own, waiting: [announcer], id: '', asked: announcer, timer: undefined };
    this.#questions.set(key, question);
    this.#ask(question);
  }

  #ask(question: Question): void {
    const { node, ver } = question.caps;
    const { user, contact } = question.asked;
    question.id = `c${this.#env.random.base32(16)}`;
    const attributes = ['from', contact, 'to', user, 'type', 'get', 'id', question.id];
    const query = element('query', NS_DISCO_INFO, { node: `${node}#${ver}` });
    // Without a link, the next presence asks again.
    if (!this.#env.send(new XmlElement('iq', NS_CLIENT, attributes, [query]))) return this.#end(question);
    this.#count('asked');
    this.#byId.set(question.id, question);
    question.timer = this.#env.timers.set(ANSWER_MS, () => this.#askNext(question));
  }

  /** "it SHOULD check … another generating entity who advertises that value" (§5.4). */
  #askNext(question: Question): void {
    const { key, asked } = question;
    this.#count('failed');
    this.#failed.set(`${key} ${asked.user}`, true, this.#env.clock.now(), FAILED_MS);
    this.#env.timers.clear(question.timer);
    this.#byId.delete(question.id);
    const others = question.waiting.filter(({ user }) => user !== asked.user);
    question.waiting.splice(0, question.waiting.length, ...others);
    const [next] = others;
    if (next === undefined) return this.#end(question);
    question.asked = next;
    this.#ask(question);
  }

  #learnt(question: Question, wanted: readonly PersonalNode[]): void {
    this.#count('learnt');
    this.#known.set(question.key, wanted, this.#env.clock.now(), KNOWN_MS);
    this.#end(question);
    for (const each of question.waiting) each.found(wanted);
  }

  #end(question: Question): void {
    this.#env.timers.clear(question.timer);
    this.#byId.delete(question.id);
    this.#questions.delete(question.key);
  }

  #count(event: 'asked' | 'learnt' | 'failed'): void {
    this.#env.counters
      .counter('stoxgate_capabilities_total', 'Questions to clients of XMPP users what they can do.', {
        event,
      })
      .add();
  }
}

/** Undefined: not what was announced. */
function wantedBy(iq: XmlElement, { ver, hash }: Caps): readonly PersonalNode[] | undefined {
  const query = iq.child('query', NS_DISCO_INFO);
  if (query === undefined || !isCapsHash(hash) || capsVersion(query, hash) !== ver) return undefined;
  const { features } = readDiscoInfo(query);
  return PERSONAL_NODES.filter(({ ns }) => features.has(`${ns}+notify`)).map(({ name }) => name);
}
