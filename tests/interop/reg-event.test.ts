// A SIP user registers late, and the gateway hears it from his registrar: Kamailio with its presence modules as the
// notifier of the event package "reg" (RFC 3680), a phone and an endpoint of ours as users.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Baresip } from '../peers/baresip.ts';
import { Kamailio } from '../peers/kamailio.ts';
import { freePorts } from '../peers/ports.ts';
import { SipEndpoint } from '../peers/sip-endpoint.ts';
import { TempFolder } from '../peers/temp-folder.ts';
import { pause, waitFor } from '../peers/wait.ts';
import { WatchRig } from '../system/watch-rig.ts';

const DOMAIN = 'example.net';
const GATEWAY = 'sip:stoxgate@example.org';
const account = (user: string) => ({ user, password: `${user}-password` });
const USERS = ['bob', 'dave', 'erin'].map(account);
const PATIENCE_MS = 8_000;
/** The gateway asks for less than Kamailio grants: each subscription begins with 423 and Min-Expires. */
const ASKED_SECONDS = 30;
const MIN_EXPIRES = 60;

describe('Kamailio tells of registrations', () => {
  const folder = new TempFolder('reg-event');
  let rig: WatchRig;
  let kamailio: Kamailio;
  let registrarPort = 0;

  const registrar = (): Kamailio =>
    new Kamailio({
      folder: folder.folder('kamailio'),
      domain: DOMAIN,
      port: registrarPort,
      gatewayPort: rig.port,
      gatewayDomains: ['example.org'],
      accounts: USERS,
      registrationEvents: { minExpires: MIN_EXPIRES },
    });

  const user = (name: string): Promise<SipEndpoint> =>
    SipEndpoint.open({ user: name, domain: DOMAIN, proxyPort: registrarPort, account: account(name) });

  const heard = (name: string): number =>
    rig.heard.filter((line) => line === `registered sip:${name}@${DOMAIN}`).length;

  before(async () => {
    [registrarPort = 0] = await freePorts(1);
    rig = await WatchRig.start({
      registrarPorts: [registrarPort],
      realTime: true,
      from: GATEWAY,
      expiresSeconds: ASKED_SECONDS,
    });
    kamailio = registrar();
    await kamailio.start();
  });
  after(async () => {
    await rig.close();
    await kamailio.stop();
    if (process.env['STOXGATE_KEEP'] !== '1') folder.remove();
  });

  test('a phone (baresip) that registers after the SUBSCRIBE', async () => {
    rig.watch.watch(`sip:bob@${DOMAIN}`);
    await subscribed(1);
    // RFC 6665 §4.2.1.1: refused with what would do, asked for again, granted.
    const refusals = rig.log.filter(({ event }) => event === 'subscribe.refused');
    assert.deepEqual(
      refusals.map(({ fields }) => fields['status']),
      [423],
    );
    await pause(300);
    assert.equal(heard('bob'), 0, 'nobody is registered yet');
    const [sipPort = 0, controlPort = 0] = await freePorts(2);
    const phone = await Baresip.registered({
      folder: folder.folder('baresip'),
      ...account('bob'),
      domain: DOMAIN,
      proxyPort: registrarPort,
      sipPort,
      controlPort,
      contacts: [],
    });
    try {
      assert.ok(await waitFor(() => heard('bob') > 0, PATIENCE_MS), told());
    } finally {
      await phone.close();
    }
  });

  test('a user who is registered already: the first NOTIFY says so', async () => {
    const dave = await user('dave');
    try {
      assert.equal((await dave.register()).status, 200);
      // Kamailio publishes to itself; then it has something to say at once.
      await pause(500);
      rig.watch.watch(`sip:dave@${DOMAIN}`);
      assert.ok(await waitFor(() => heard('dave') > 0, PATIENCE_MS), told());
    } finally {
      await dave.close();
    }
  });

  test('he goes and comes again: heard again; after unwatch not', async () => {
    const erin = await user('erin');
    try {
      rig.watch.watch(`sip:erin@${DOMAIN}`);
      await pause(500);
      assert.equal((await erin.register()).status, 200);
      assert.ok(await waitFor(() => heard('erin') > 0, PATIENCE_MS), told());
      assert.equal((await erin.register(0)).status, 200);
      await pause(1_000);
      const before = heard('erin');
      assert.equal((await erin.register()).status, 200);
      assert.ok(await waitFor(() => heard('erin') > before, PATIENCE_MS), told());
      rig.watch.unwatch(`sip:erin@${DOMAIN}`);
      // RFC 6665 §4.1.2.3: the final NOTIFY.
      assert.ok(await waitFor(() => ended('unsubscribed') > 0, PATIENCE_MS), told());
      const last = heard('erin');
      assert.equal((await erin.register(0)).status, 200);
      assert.equal((await erin.register()).status, 200);
      await pause(1_000);
      assert.equal(heard('erin'), last);
    } finally {
      await erin.close();
    }
  });

  test('everything is unsubscribed, and nothing is left', async () => {
    rig.watch.stop();
    assert.ok(await waitFor(() => rig.subscriptions.size === 0, PATIENCE_MS), told());
    await rig.residue();
  });

  async function subscribed(count: number): Promise<void> {
    assert.ok(await waitFor(() => rig.subscriptions.dialogs >= count, PATIENCE_MS), told());
  }

  function ended(cause: string): number {
    return rig.log.filter(({ event, fields }) => event === 'subscription.ended' && fields['cause'] === cause)
      .length;
  }

  function told(): string {
    return JSON.stringify({ heard: rig.heard, log: rig.log.slice(-20) });
  }
});
