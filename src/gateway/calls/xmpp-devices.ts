// Which client of an XMPP user a call is for (CALL-27, CALL-101): it is proposed to all of them, unless it is known of each that
// it knows no proposals; then it is the one of the highest priority that takes audio.

import {
  BoundedMap,
  detachText,
  type Clock,
  type Counters,
  type Random,
  type Timer,
  type Timers,
} from '../../base/index.ts';
import { element, NS_CLIENT, type XmlElement } from '../../xml/index.ts';
import {
  capsVersion,
  isCapsHash,
  NS_DISCO_INFO,
  NS_JINGLE,
  NS_JINGLE_MESSAGE,
  NS_RTP,
  NS_RTP_AUDIO,
  NS_TRANSFER,
  readCaps,
  readDiscoInfo,
  readPresence,
} from '../../xmpp/index.ts';
import { bareOf } from '../address-text.ts';

export interface CallDevicesEnv {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly counters: Counters;
  /** False: no link takes it now. */
  send(stanza: XmlElement): boolean;
  /** The last presence of each client of the second one, as the first one is shown it. Bare JIDs. */
  resources(own: string, other: string): readonly ShownResource[];
}

export interface ShownResource {
  readonly resource: string;
  readonly stanza: XmlElement;
}

interface Abilities {
  readonly proposals: boolean;
  readonly audio: boolean;
  /** XEP-0251 §4. */
  readonly transfers: boolean;
}

interface Device {
  readonly jid: string;
  readonly priority: number;
  /** What it announces, where that can be checked (XEP-0115 §5.4). */
  readonly caps: { readonly node: string; readonly ver: string; readonly hash: string } | undefined;
  /** Undefined: not known, or not yet. */
  can: Abilities | undefined;
}

interface Choice {
  readonly own: string;
  readonly devices: readonly Device[];
  readonly questions: Map<string, Device>;
  timer: Timer | undefined;
  chosen(device: string | undefined): void;
}

/** The caller waits: who has not answered by then is proposed to as well. */
const ANSWER_MS = 2000;
/** Nobody has so many clients; who has more is asked by a proposal. */
const MAX_DEVICES = 16;
const MAX_CHOICES = 1000;
const MAX_KNOWN = 5000;
const KNOWN_MS = 24 * 3_600_000;
/** A verification string of a hash has at most 88 characters, and a node is a URI. */
const MAX_CHARACTERS = 300;

export class CallDevices {
  readonly #env: CallDevicesEnv;
  /** By verification string, whose hash was right. */
  readonly #known = new BoundedMap<string, Abilities>({ maxEntries: MAX_KNOWN });
  readonly #choices = new Set<Choice>();
  readonly #byId = new Map<string, Choice>();

  constructor(env: CallDevicesEnv) {
    this.#env = env;
  }

  /** Choices that wait for answers. */
  get asking(): number {
    return this.#choices.size;
  }

  /**
   * `own`: the SIP user; `peer`: the called one, full where only that client is meant. `chosen` is called once, perhaps at
   * once, with a full JID for a session-initiate, or undefined for a proposal to all; never after `stop`.
   */
  choose(own: string, peer: string, chosen: (device: string | undefined) => void): void {
    const devices = this.#devicesOf(bareOf(own), peer);
    const choice: Choice = { own: bareOf(own), devices, questions: new Map(), timer: undefined, chosen };
    const isNeedless = devices.length === 0 || devices.length > MAX_DEVICES;
    if (isNeedless || this.#choices.size >= MAX_CHOICES || devices.some(({ can }) => can?.proposals)) {
      return chosen(undefined);
    }
    this.#choices.add(choice);
    for (const device of devices) if (device.can === undefined) this.#ask(choice, device);
    if (choice.questions.size === 0) return this.#end(choice);
    choice.timer = this.#env.timers.set(ANSWER_MS, () => this.#end(choice));
  }

  /** Whether the client with the full JID `device` announces transfers; `told` is called once, perhaps at once, never after `stop`. */
  transfers(own: string, device: string, told: (can: boolean) => void): void {
    const devices = this.#devicesOf(bareOf(own), device);
    const answer = (): void => told(devices[0]?.can?.transfers === true);
    if (devices[0]?.can !== undefined || this.#choices.size >= MAX_CHOICES) return answer();
    const choice: Choice = {
      own: bareOf(own),
      devices,
      questions: new Map(),
      timer: undefined,
      chosen: answer,
    };
    this.#choices.add(choice);
    for (const each of devices) this.#ask(choice, each);
    if (choice.questions.size === 0) return this.#end(choice);
    choice.timer = this.#env.timers.set(ANSWER_MS, () => this.#end(choice));
  }

  /** The answer to a question of ours; false: it is none. */
  answer(iq: XmlElement): boolean {
    const id = iq.attr('id') ?? '';
    const choice = this.#byId.get(id);
    const device = choice?.questions.get(id);
    if (choice === undefined || device === undefined) return false;
    if (iq.attr('from') !== device.jid || iq.attr('to') !== choice.own) return false;
    this.#byId.delete(id);
    choice.questions.delete(id);
    const query = iq.attr('type') === 'result' ? iq.child('query', NS_DISCO_INFO) : undefined;
    if (query !== undefined) {
      device.can = abilitiesOf(query);
      this.#learn(device, query);
    }
    this.#count(query === undefined ? 'failed' : 'learnt');
    if (choice.questions.size === 0 || device.can?.proposals === true) this.#end(choice);
    return true;
  }

  stop(): void {
    for (const { timer } of this.#choices) this.#env.timers.clear(timer);
    this.#choices.clear();
    this.#byId.clear();
  }

  #devicesOf(own: string, peer: string): readonly Device[] {
    const bare = bareOf(peer);
    const shown = this.#env.resources(own, bare).filter(({ resource }) => resource !== '');
    const devices = shown.map((each) => this.#deviceOf(`${bare}/${each.resource}`, each.stanza));
    if (bare === peer) return devices;
    const named = devices.find(({ jid }) => jid === peer);
    return [named ?? { jid: peer, priority: 0, caps: undefined, can: undefined }];
  }

  #deviceOf(jid: string, stanza: XmlElement): Device {
    const { node = '', ver = '', hash } = readCaps(stanza) ?? {};
    const isChecked = isCapsHash(hash) && node.length + ver.length <= MAX_CHARACTERS;
    const caps = isChecked ? { node, ver, hash } : undefined;
    const can = caps === undefined ? undefined : this.#known.get(keyOf(caps), this.#env.clock.now());
    return { jid, priority: readPresence(stanza).priority ?? 0, caps, can };
  }

  #ask(choice: Choice, device: Device): void {
    const id = `d${this.#env.random.base32(16)}`;
    const { caps, jid } = device;
    const node = caps === undefined ? undefined : `${caps.node}#${caps.ver}`;
    const query = element('query', NS_DISCO_INFO, { node });
    const attributes = { from: choice.own, id, to: jid, type: 'get' };
    if (!this.#env.send(element('iq', NS_CLIENT, attributes, query))) return;
    this.#count('asked');
    choice.questions.set(id, device);
    this.#byId.set(id, choice);
  }

  /** Of everybody who announces it, if its hash is right. */
  #learn({ caps, can }: Device, query: XmlElement): void {
    if (caps === undefined || can === undefined || !isCapsHash(caps.hash)) return;
    if (capsVersion(query, caps.hash) !== caps.ver) return;
    this.#known.set(detachText(keyOf(caps)), can, this.#env.clock.now(), KNOWN_MS);
  }

  #end(choice: Choice): void {
    this.#env.timers.clear(choice.timer);
    this.#choices.delete(choice);
    for (const id of choice.questions.keys()) this.#byId.delete(id);
    choice.chosen(chosenOf(choice.devices));
  }

  #count(event: 'asked' | 'learnt' | 'failed'): void {
    this.#env.counters
      .counter(
        'stoxgate_call_capabilities_total',
        'Questions to clients of called XMPP users whether they know proposals.',
        { event },
      )
      .add();
  }
}

function keyOf({ hash, ver }: { readonly hash: string; readonly ver: string }): string {
  return `${hash} ${ver}`;
}

function abilitiesOf(query: XmlElement): Abilities {
  const { features } = readDiscoInfo(query);
  const audio = [NS_JINGLE, NS_RTP, NS_RTP_AUDIO].every((each) => features.has(each));
  const transfers = features.has(NS_TRANSFER);
  return { proposals: features.has(NS_JINGLE_MESSAGE), audio, transfers };
}

/** Of whom nothing is known may know proposals, and so may clients that are not there now. */
function chosenOf(devices: readonly Device[]): string | undefined {
  if (devices.some(({ can }) => can === undefined || can.proposals)) return undefined;
  const able = devices.filter(({ can }) => can?.audio === true);
  const [best] = able.toSorted((left, right) => right.priority - left.priority);
  return best?.jid;
}
