// sipp on one side of a whole gateway, and on the other a chat client (slixmpp) behind Prosody: the calls of exact phones.
import assert from 'node:assert/strict';
import { audio, JingleClient, reason, WANTED } from '../peers/jingle-client.ts';
import { freePorts } from '../peers/ports.ts';
import { Prosody } from '../peers/prosody.ts';
import type { Step } from '../peers/sipp-scenario.ts';
import type { Sipp } from '../peers/sipp.ts';
import { XmppClient } from '../peers/xmpp-client.ts';
import { component } from '../system/rig.ts';
import { SECRET } from '../system/xmpp-peer.ts';
import { SIP_HOME, SippRig, TRANSPORTS, XMPP_HOME, type Transport } from './sipp-rig.ts';

const PASSWORD = 'alice-password';
/** Where Alice would hear; nobody sends anything there. */
const ALICE_PORT = 40_404;
export const ALICE = `alice@${XMPP_HOME}`;

/** A session of Alice's, and whom she has it with. */
export interface AliceCall {
  readonly sid: string;
  readonly self: string;
}

export class SippStage {
  readonly sipp: SippRig;
  readonly alice: JingleClient;
  readonly #client: XmppClient;
  readonly #prosody: Prosody;
  #serial = 0;

  private constructor(sipp: SippRig, prosody: Prosody, client: XmppClient) {
    this.sipp = sipp;
    this.#prosody = prosody;
    this.#client = client;
    this.alice = new JingleClient(client);
  }

  static async open(): Promise<SippStage> {
    const [clientPort = 0, port = 0] = await freePorts(2);
    const domains = TRANSPORTS.map((transport) => SIP_HOME[transport]);
    let prosody: Prosody | undefined;
    const sipp = await SippRig.open(
      { components: () => domains.map((domain) => component(domain, port)) },
      async (folder) => {
        prosody = new Prosody({
          folder: folder.folder('prosody'),
          domain: XMPP_HOME,
          clientPort,
          accounts: [{ user: 'alice', password: PASSWORD }],
          components: domains.map((domain) => ({ domain, port, secret: SECRET })),
        });
        await prosody.start();
      },
    );
    assert.ok(prosody);
    const logFile = sipp.folder.file('slixmpp.log');
    const client = await XmppClient.online({
      ...{ jid: `${ALICE}/client`, password: PASSWORD, port: clientPort, logFile },
    });
    return new SippStage(sipp, prosody, client);
  }

  /** A scenario of the phone that is called, which Alice does. */
  async called(transport: Transport, steps: readonly Step[]): Promise<AliceCall & { readonly phone: Sipp }> {
    this.alice.forget();
    const phone = await this.sipp.phone(transport, steps);
    const sid = `alice-${++this.#serial}`;
    this.alice.propose('propose', `bob@${SIP_HOME[transport]}`, sid, WANTED);
    const { sender: self } = await this.alice.proposal('proceed');
    const content = audio({ creator: 'initiator', name: 'voice', address: '127.0.0.1', port: ALICE_PORT });
    assert.equal(await this.alice.act('session-initiate', self, sid, content), 'result');
    return { phone, sid, self };
  }

  /** A scenario of the phone that calls Alice. It rings. */
  async calls(transport: Transport, steps: readonly Step[]): Promise<AliceCall & { readonly phone: Sipp }> {
    this.alice.forget();
    const phone = await this.sipp.caller(transport, ALICE, steps);
    const { sid, sender: self } = await this.alice.proposal('propose');
    this.alice.propose('ringing', self, sid);
    return { phone, sid, self };
  }

  /** Alice takes a call that rings. */
  async takes({ sid, self }: AliceCall): Promise<void> {
    this.alice.propose('proceed', self, sid);
    const offer = await this.alice.action('session-initiate');
    const name = /<[^<]*content [^>]*name="([^"]*)"/.exec(offer.xml)?.[1] ?? '';
    const content = audio({ creator: 'initiator', name, address: '127.0.0.1', port: ALICE_PORT });
    assert.equal(await this.alice.act('session-accept', offer.sender, offer.sid, content), 'result');
  }

  /** Alice's client says in disco that it has this feature. */
  announce(feature: string): void {
    this.#client.announce(feature);
  }

  /** Alice ends it. */
  async ends({ sid, self }: AliceCall, condition = 'success'): Promise<void> {
    assert.equal(await this.alice.act('session-terminate', self, sid, reason(condition)), 'result');
  }

  /** The scenario was met, and the call had one outcome. */
  async met({ phone, sid }: AliceCall & { readonly phone: Sipp }, outcome: string): Promise<string> {
    const output = await phone.met();
    await this.told({ sid }, outcome);
    return output;
  }

  /** The call had this outcome, and no other one. */
  async told({ sid }: Pick<AliceCall, 'sid'>, outcome: string): Promise<void> {
    await this.sipp.rig.until('the outcome', () => this.#isTold(sid));
    assert.deepEqual(await this.sipp.outcomes(sid), [outcome]);
  }

  /** How many actions, or informations of that name, of a session Alice got. */
  heard(sid: string, name: string): number {
    return this.#client.agent.events.filter(
      (event) =>
        event.event === 'jingle' &&
        event['sid'] === sid &&
        (event['action'] === name || new RegExp(`<(\\w+:)?${name}[ />]`).test(String(event['xml']))),
    ).length;
  }

  #isTold(sid: string): boolean {
    return this.sipp.rig.log.some(({ event, fields }) => event === 'call.ended' && fields['sid'] === sid);
  }

  async close(): Promise<void> {
    await this.#client.close();
    try {
      await this.sipp.close();
    } finally {
      await this.#prosody.stop();
    }
  }
}
