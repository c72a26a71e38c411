// The stage of the restart matrix of calls: five calls at the same time, each in another state, between baresip at Kamailio and a
// chat client behind an XMPP server.
//
//   proposed   Bob calls Alice, whose client has not said a word
//   rings      Dave calls Carol, whose client rings
//   dialled    Dora calls Erin, whose phone rings
//   up         Frank calls Alice, and they talk
//   held       Dora calls Grace, they talk, and Dora has put her on hold
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { askAdmin } from '../../src/edge/admin/index.ts';
import type { Baresip } from '../peers/baresip.ts';
import { audio, JingleClient, reason, WANTED } from '../peers/jingle-client.ts';
import { waitFor } from '../peers/wait.ts';
import type { XmppClient } from '../peers/xmpp-client.ts';
import type { XmppServerKind } from '../peers/xmpp-server.ts';
import { Lab, SIP_DOMAIN, XMPP_DOMAIN } from './lab.ts';

export const CALLS = ['proposed', 'rings', 'dialled', 'up', 'held'] as const;
export type CallName = (typeof CALLS)[number];

/** One call, by both of its ends. */
export interface StagedCall {
  readonly phone: Baresip;
  readonly client: JingleClient;
  readonly sid: string;
  /** The address of the SIP user in this call. */
  readonly self: string;
}

const CLIENTS = ['alice', 'carol', 'dora'] as const;
const PHONES = ['bob', 'dave', 'erin', 'frank', 'grace'] as const;
type ClientName = (typeof CLIENTS)[number];
type PhoneName = (typeof PHONES)[number];

/** Where the clients would hear; nobody sends anything there. */
const PORT = 40_404;
const NS_RTP_INFO = 'urn:xmpp:jingle:apps:rtp:info:1';

export class CallsStage {
  readonly lab: Lab;
  readonly #clients: Readonly<Record<ClientName, XmppClient>>;
  readonly #phones: Readonly<Record<PhoneName, Baresip>>;
  readonly #calls: Partial<Record<CallName, StagedCall>> = {};

  private constructor(
    lab: Lab,
    clients: Readonly<Record<ClientName, XmppClient>>,
    phones: Readonly<Record<PhoneName, Baresip>>,
  ) {
    this.lab = lab;
    this.#clients = clients;
    this.#phones = phones;
  }

  /** Everybody is there, and all calls are as they should be. `calls`: of the configuration. */
  static async open(server: XmppServerKind, calls: Readonly<Record<string, unknown>>): Promise<CallsStage> {
    const config = (): Readonly<Record<string, unknown>> => ({ admin: 'unix:stoxgate.sock', calls });
    const lab = await Lab.open({ server, calls: true, config });
    try {
      const contacts = ['alice', 'carol', 'dora'].map((user) => `sip:${user}@${XMPP_DOMAIN}`);
      const [alice, carol, dora, bob, dave, erin, frank, grace] = await Promise.all([
        lab.xmpp('alice', { reconnect: true }),
        lab.xmpp('carol', { reconnect: true }),
        lab.xmpp('dora', { reconnect: true }),
        lab.baresip('bob', contacts),
        lab.baresip('dave', contacts),
        lab.baresip('erin', contacts),
        lab.baresip('frank', contacts),
        lab.baresip('grace', contacts),
      ]);
      const stage = new CallsStage(lab, { alice, carol, dora }, { bob, dave, erin, frank, grace });
      await stage.#begin();
      return stage;
    } catch (error) {
      await lab.close();
      throw error;
    }
  }

  call(name: CallName): StagedCall {
    return this.#calls[name] ?? assert.fail(`no call ${name}`);
  }

  /** Everything that both ends have heard until now is known. */
  forget(): void {
    for (const { phone, client } of Object.values(this.#calls)) {
      phone.forget();
      client.forget();
    }
  }

  /** The called client takes a call that it was proposed. */
  async take(name: CallName): Promise<void> {
    const { client, self, sid } = this.call(name);
    client.propose('proceed', self, sid);
    const offer = await client.action('session-initiate');
    await this.#accept(client, offer);
  }

  reject(name: CallName, condition: string): void {
    const { client, self, sid } = this.call(name);
    const inner = `<reason xmlns='urn:xmpp:jingle:1'><${condition}/></reason>`;
    client.propose('reject', self, sid, inner);
  }

  /** The client ends its session; the type of the answer. */
  terminate(name: CallName, condition = 'success'): Promise<string> {
    const { client, self, sid } = this.call(name);
    return client.act('session-terminate', self, sid, reason(condition));
  }

  /** The client holds, or goes on; resolves when the phone has been told. */
  async hold(name: CallName, what: 'hold' | 'active'): Promise<void> {
    const { client, phone, self, sid } = this.call(name);
    const from = phone.output.length;
    const answer = await client.act('session-info', self, sid, `<${what} xmlns='${NS_RTP_INFO}'/>`);
    assert.equal(answer, 'result');
    const direction = what === 'hold' ? 'a=sendonly' : 'a=sendrecv';
    const told = await waitFor(() => phone.output.slice(from).includes(direction), 10_000);
    assert.ok(told, `${name}: the phone was not told ${direction}`);
  }

  /** The outcomes that the gateway tells of a call, once it has one; as `stoxgate call` asks. */
  async outcomes(name: CallName, withinMs = 10_000): Promise<readonly string[]> {
    const socket = join(this.lab.gateway.options.folder, 'stoxgate.sock');
    let told: readonly string[] = [];
    await waitFor(async () => {
      const answer = await askAdmin(socket, ['call', this.call(name).sid]);
      told = answer.ok ? outcomesIn(answer.value.body) : [];
      return told.length > 0;
    }, withinMs);
    return told;
  }

  /** What `stoxgate call` prints of a call. */
  printed(name: CallName): Promise<string> {
    return this.lab.gateway.asks('call', this.call(name).sid);
  }

  /** What the gateway holds of these kinds, as its page of metrics says. */
  async held(...kinds: readonly string[]): Promise<number> {
    const metrics = await this.lab.gateway.metrics();
    const sizes = kinds.map(
      (kind) => new RegExp(`stoxgate_held\\{kind="${kind}"\\} (\\d+)`).exec(metrics)?.[1],
    );
    return sizes.reduce((sum, size) => sum + Number(size ?? 0), 0);
  }

  async killPhones(): Promise<void> {
    await Promise.all(Object.values(this.#phones).map((phone) => phone.kill()));
  }

  async killClients(): Promise<void> {
    await Promise.all(Object.values(this.#clients).map((client) => client.kill()));
  }

  /** Every client is logged in once more than it was. */
  async clientsAreBack(): Promise<void> {
    const online = ({ agent }: XmppClient): boolean =>
      agent.events.filter(({ event }) => event === 'online').length >= 2;
    const back = (): boolean => Object.values(this.#clients).every(online);
    assert.ok(await waitFor(back, 20_000), 'a client did not come back');
  }

  /** The gateway has its links again. */
  async linksAreUp(): Promise<void> {
    const up = async (): Promise<boolean> => /^stoxgate_links_up 2$/m.test(await this.lab.gateway.metrics());
    assert.ok(await waitFor(up, 20_000), 'a link is down');
  }

  close(): Promise<void> {
    return this.lab.close();
  }

  async #begin(): Promise<void> {
    const { bob, dave, erin, frank, grace } = this.#phones;
    const { alice, carol, dora } = this.#clients;
    // One after the other where a client has two.
    await Promise.all([
      (async () => {
        this.#calls.up = await this.#dialled(frank, 'alice', alice);
        await this.take('up');
        await frank.event('CALL_ESTABLISHED');
        this.#calls.proposed = await this.#dialled(bob, 'alice', alice);
      })(),
      (async () => {
        const call = await this.#dialled(dave, 'carol', carol);
        call.client.propose('ringing', call.self, call.sid);
        await dave.event('CALL_RINGING');
        this.#calls.rings = call;
      })(),
      (async () => {
        this.#calls.held = await this.#dials(dora, 'grace', grace);
        await grace.command('accept');
        await this.#calls.held.client.action('session-accept');
        await grace.event('CALL_ESTABLISHED');
        await this.hold('held', 'hold');
        this.#calls.dialled = await this.#dials(dora, 'erin', erin);
      })(),
    ]);
  }

  /** A phone calls. */
  async #dialled(phone: Baresip, user: string, xmpp: XmppClient): Promise<StagedCall> {
    const client = new JingleClient(xmpp);
    client.forget();
    await phone.dial(`sip:${user}@${XMPP_DOMAIN}`);
    const { sid, sender } = await client.proposal('propose');
    return { phone, client, sid, self: sender };
  }

  /** A client calls. */
  async #dials(xmpp: XmppClient, user: string, phone: Baresip): Promise<StagedCall> {
    const client = new JingleClient(xmpp);
    client.forget();
    const sid = `call-${user}`;
    client.propose('propose', `${user}@${SIP_DOMAIN}`, sid, WANTED);
    const { sender } = await client.proposal('proceed');
    const content = audio({ creator: 'initiator', name: 'voice', address: '127.0.0.1', port: PORT });
    assert.equal(await client.act('session-initiate', sender, sid, content), 'result');
    await phone.event('CALL_INCOMING');
    return { phone, client, sid, self: sender };
  }

  async #accept(client: JingleClient, offer: { sid: string; sender: string; xml: string }): Promise<void> {
    const name = /<[^<]*content [^>]*name="([^"]*)"/.exec(offer.xml)?.[1] ?? '';
    const content = audio({ creator: 'initiator', name, address: '127.0.0.1', port: PORT });
    assert.equal(await client.act('session-accept', offer.sender, offer.sid, content), 'result');
  }
}

/** `{ calls: [{ outcome: { kind, … } }] }`. */
function outcomesIn(body: unknown): readonly string[] {
  const calls: unknown = asObject(body)?.['calls'];
  if (!Array.isArray(calls)) return [];
  return calls.flatMap((call) => {
    const outcome = asObject(asObject(call)?.['outcome']);
    return outcome === undefined ? [] : [Object.values(outcome).join(' ')];
  });
}

function asObject(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : undefined;
}
