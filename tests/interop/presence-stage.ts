// The stage of the restart matrix of presence: three pairs of an XMPP user and a phone who watch each other through Kamailio.
// Alice and Bob have agreed; Carol and Dave have not decided; Dora sees Erin, and has not decided whether Erin may see her.
// It knows what each side does (the truth) and what the other sees.
import assert from 'node:assert/strict';
import type { PresencePhone } from '../peers/presence-phone.ts';
import { waitFor } from '../peers/wait.ts';
import type { XmppClient } from '../peers/xmpp-client.ts';
import type { XmppServerKind } from '../peers/xmpp-server.ts';
import { Lab, SIP_DOMAIN, XMPP_DOMAIN } from './lab.ts';

export const ALICE = `alice@${XMPP_DOMAIN}`;
export const BOB = `bob@${SIP_DOMAIN}`;
export const CAROL = `carol@${XMPP_DOMAIN}`;
export const DAVE = `dave@${SIP_DOMAIN}`;
export const DORA = `dora@${XMPP_DOMAIN}`;
export const ERIN = `erin@${SIP_DOMAIN}`;
/** How often a phone refreshes what it watches. */
export const REFRESH_MS = 8000;
const SET_UP_MS = 15_000;

/** What each watcher sees; and what it should see. */
export interface Picture {
  /** Alice sees Bob's phone: open, or closed. */
  readonly aliceSeesBob: string;
  /** Carol, whom Dave has not answered: her roster, and what she was shown. */
  readonly carolSeesDave: string;
  /** Bob's phone sees Alice: the last notification. */
  readonly bobSeesAlice: string;
  readonly daveSeesCarol: string;
  readonly doraSeesErin: string;
  readonly erinSeesDora: string;
}

/** What was asked, in numbers. */
export interface Asked {
  /** SUBSCRIBE requests that reached the phones, and how many began a dialog. */
  readonly phones: number;
  readonly dialogs: number;
  /** SUBSCRIBE requests of these phones that began a dialog. */
  readonly tries: number;
  /** `subscribe` stanzas that the XMPP users got. */
  readonly subscribes: number;
}

type People = Pick<PresenceStage, 'alice' | 'carol' | 'dora' | 'bob' | 'dave' | 'erin'>;

export class PresenceStage {
  readonly lab: Lab;
  alice: XmppClient;
  carol: XmppClient;
  dora: XmppClient;
  bob: PresencePhone;
  dave: PresencePhone;
  erin: PresencePhone;
  /** Of lives that have ended. */
  readonly #before = { phones: 0, dialogs: 0, tries: 0, subscribes: 0 };
  /** What Alice shows; undefined: she is not there. */
  #show: string | undefined = '';
  #decided = false;

  private constructor(lab: Lab, people: People) {
    this.lab = lab;
    this.alice = people.alice;
    this.carol = people.carol;
    this.dora = people.dora;
    this.bob = people.bob;
    this.dave = people.dave;
    this.erin = people.erin;
  }

  /** Everybody is there, and sees what there is to see. `granted`: seconds that a phone grants its watchers. */
  static async open(server: XmppServerKind, granted: number): Promise<PresenceStage> {
    const lab = await Lab.open({ server, presence: true });
    try {
      const options = { granted, refreshMs: REFRESH_MS };
      const [alice, carol, dora, bob, dave, erin] = await Promise.all([
        lab.xmpp('alice', { reconnect: true }),
        lab.xmpp('carol', { reconnect: true }),
        lab.xmpp('dora', { reconnect: true }),
        lab.presencePhone('bob', { ...options, decided: true }),
        lab.presencePhone('dave', { ...options, decided: false }),
        lab.presencePhone('erin', { ...options, decided: true }),
      ]);
      const stage = new PresenceStage(lab, { alice, carol, dora, bob, dave, erin });
      await stage.#meet();
      return stage;
    } catch (error) {
      await lab.close();
      throw error;
    }
  }

  async #meet(): Promise<void> {
    const pairs = [
      [this.alice, BOB],
      [this.carol, DAVE],
      [this.dora, ERIN],
    ] as const;
    for (const [client, phone] of pairs) client.presence(phone, 'subscribe');
    const sees = (): boolean =>
      [shownTo(this.alice, BOB), shownTo(this.dora, ERIN)].every((how) => how === 'open');
    assert.ok(await waitFor(sees, SET_UP_MS), 'nobody was shown');
    this.#watch();
    const asked = (): boolean =>
      pairs.every(([client, phone]) =>
        client.presences.some(({ sender, type }) => sender === phone && type === 'subscribe'),
      );
    assert.ok(await waitFor(asked, SET_UP_MS), 'nobody was asked');
    this.alice.presence(BOB, 'subscribed');
    await this.agrees(SET_UP_MS);
  }

  /** Waits until everybody sees the truth; fails with both pictures. */
  async agrees(withinMs: number): Promise<void> {
    let seen = await this.view();
    const is = async (): Promise<boolean> => {
      seen = await this.view();
      return JSON.stringify(seen) === JSON.stringify(this.truth());
    };
    await waitFor(is, withinMs, 100);
    assert.deepEqual(seen, this.truth());
  }

  truth(): Picture {
    const alice = this.#show === undefined ? 'active closed' : `active open ${this.#show}`.trim();
    return {
      aliceSeesBob: this.bob.alive ? this.bob.basic : 'closed',
      carolSeesDave: this.#decided ? `to ${this.dave.basic}` : 'asks',
      bobSeesAlice: this.bob.alive ? alice : '',
      daveSeesCarol: this.dave.alive ? (this.#decided ? 'active open' : 'pending') : '',
      doraSeesErin: this.erin.alive ? this.erin.basic : 'closed',
      erinSeesDora: this.erin.alive ? (this.#decided ? 'active open' : 'pending') : '',
    };
  }

  async view(): Promise<Picture> {
    return {
      aliceSeesBob: shownTo(this.alice, BOB),
      carolSeesDave: await this.#rosterOfCarol(),
      bobSeesAlice: this.bob.alive ? this.bob.view(ALICE) : '',
      daveSeesCarol: this.dave.alive ? this.dave.view(CAROL) : '',
      doraSeesErin: shownTo(this.dora, ERIN),
      erinSeesDora: this.erin.alive ? this.erin.view(DORA) : '',
    };
  }

  asked(): Asked {
    const sum = { ...this.#before };
    for (const phone of this.#phones) add(sum, phone);
    for (const client of this.#clients) sum.subscribes += asks(client);
    return sum;
  }

  get #phones(): readonly PresencePhone[] {
    return [this.bob, this.dave, this.erin];
  }

  get #clients(): readonly XmppClient[] {
    return [this.alice, this.carol, this.dora];
  }

  #watch(): void {
    this.bob.watch(ALICE);
    this.dave.watch(CAROL);
    this.erin.watch(DORA);
  }

  /** Of every phone whose user says so, the others agreeing or not. */
  phonesAre(basic: 'open' | 'closed'): void {
    this.bob.set(basic);
    this.erin.set(basic);
  }

  show(show: string): void {
    this.#show = show;
    this.alice.sendXml(`<presence><show>${show}</show></presence>`);
  }

  /** Whoever has not decided lets the other see. */
  decide(): void {
    this.#decided = true;
    this.dave.decide();
    this.carol.presence(DAVE, 'subscribed');
    this.dora.presence(ERIN, 'subscribed');
  }

  /** All phones, without a word. */
  async killPhones(): Promise<void> {
    await Promise.all(this.#phones.map((phone) => phone.kill()));
  }

  /** Again where they were, with the same contact lists; or at other ports. */
  async startPhones(elsewhere = false): Promise<void> {
    for (const phone of this.#phones) add(this.#before, phone);
    const again = ({ options, port }: PresencePhone): Promise<PresencePhone> => {
      const { user, granted, refreshMs, decided } = options;
      const parts = { granted, refreshMs, decided };
      return this.lab.presencePhone(user, elsewhere ? parts : { ...parts, localPort: port });
    };
    [this.bob, this.dave, this.erin] = await Promise.all([
      again(this.bob),
      again(this.dave),
      again(this.erin),
    ]);
    this.#watch();
  }

  async killClients(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.kill()));
    this.#show = undefined;
  }

  async startClients(): Promise<void> {
    for (const client of this.#clients) this.#before.subscribes += asks(client);
    const again = (user: string): Promise<XmppClient> => this.lab.xmpp(user, { reconnect: true });
    [this.alice, this.carol, this.dora] = await Promise.all([again('alice'), again('carol'), again('dora')]);
    this.#show = '';
  }

  /** Their server was started anew: they are there again by themselves, and say nothing of before. */
  async clientsAreBack(): Promise<void> {
    this.#show = '';
    const back = (client: XmppClient): boolean =>
      client.agent.events.findLastIndex(({ event }) => event === 'online') >
      client.agent.events.findLastIndex(({ event }) => event === 'offline');
    assert.ok(await waitFor(() => this.#clients.every(back), 20_000), 'the clients did not come back');
  }

  close(): Promise<void> {
    return this.lab.close();
  }

  /** `asks`; or "to", and how she sees him; or whatever else there is. */
  async #rosterOfCarol(): Promise<string> {
    const shown = shownTo(this.carol, DAVE);
    try {
      const id = `roster-${this.carol.agent.events.length}`;
      const { xml } = await this.carol.ask(
        id,
        `<iq type='get' id='${id}'><query xmlns='jabber:iq:roster'/></iq>`,
      );
      const item = new RegExp(`<item [^>]*jid="${DAVE}"[^>]*>`).exec(xml)?.[0] ?? '';
      const subscription = /subscription="(\w+)"/.exec(item)?.[1] ?? 'nothing';
      if (subscription === 'none' || subscription === 'from') {
        const asks = item.includes('ask="subscribe"');
        return shown === 'closed' && asks ? 'asks' : `${subscription} ${String(asks)} ${shown}`;
      }
      return `to ${shown}`;
    } catch {
      return 'no answer';
    }
  }
}

/** What a client knows of somebody since its login: `open` while one resource is available. */
function shownTo(client: XmppClient, contact: string): string {
  const resources = new Set<string>();
  for (const { event, sender, type } of client.agent.events) {
    if (event === 'offline') resources.clear();
    if (event !== 'presence' || typeof sender !== 'string' || !sender.startsWith(contact)) continue;
    if (type === 'available') resources.add(sender);
    else if (type === 'unavailable' && sender === contact) resources.clear();
    else if (type === 'unavailable') resources.delete(sender);
  }
  return resources.size > 0 ? 'open' : 'closed';
}

function asks(client: XmppClient): number {
  return client.presences.filter(({ type }) => type === 'subscribe').length;
}

function add(sum: { phones: number; dialogs: number; tries: number }, phone: PresencePhone): void {
  sum.phones += phone.asked;
  sum.dialogs += phone.begun;
  sum.tries += phone.tries;
}
