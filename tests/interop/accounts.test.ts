// Real SIP user agents that are in no trusted network: they prove by a digest who they are (SIPT-06, RFC 3261 §22).
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Baresip } from '../peers/baresip.ts';
import { freePort } from '../peers/ports.ts';
import { runSipp } from '../peers/sipp.ts';
import { TempFolder } from '../peers/temp-folder.ts';
import { Rig } from '../system/rig.ts';

describe('sip.users with real user agents', () => {
  const folder = new TempFolder('accounts');
  let rig: Rig;

  before(async () => {
    rig = await Rig.start({
      sip: ({ sipPort }) => ({
        next_hops: { 'example.net': `sip:127.0.0.1:${sipPort};transport=udp;lr` },
        trusted: [],
        // Neither sipp 3.6 nor baresip 1.0 knows SHA-256, and both give up when it is offered first.
        digest_algorithms: ['MD5'],
        users: [
          { user: 'bob', realm: 'example.net', password: 'opensesame' },
          { user: 'carol', realm: 'example.net', password: 'other' },
        ],
      }),
    });
  });
  after(async () => {
    await rig.stop();
    folder.remove();
  });

  const sipp = (scenario: string, from: string, password: string, transport: 'u1' | 't1', count = 1) =>
    runSipp({
      ...{ folder: folder.folder(`sipp-${from}-${transport}`), scenario, transport, count },
      targetPort: transport === 'u1' ? rig.port : rig.tcpPort,
      keys: { from: `${from}@example.net`, to: 'juliet@example.com', text: 'from sipp' },
      account: { user: 'bob', password, uri: 'juliet@example.com' },
    });

  for (const transport of ['u1', 't1'] as const) {
    test(`sipp (${transport}): challenged, answered, 202, delivered`, async () => {
      const before = rig.xmpp.stanzas.all.length;
      const { exitCode, output } = await sipp('message-digest.xml', 'bob', 'opensesame', transport, 20);
      assert.equal(exitCode, 0, output.slice(-1500));
      assert.equal(rig.xmpp.stanzas.all.length - before, 20);
      assert.ok(rig.xmpp.stanzas.all.every((stanza) => stanza.attr('from') === 'bob@example.net'));
    });
  }

  test('sipp with a wrong password: challenged again, nothing crosses', async () => {
    const before = rig.xmpp.stanzas.all.length;
    const { exitCode, output } = await sipp('message-digest-refused.xml', 'bob', 'guess', 'u1');
    assert.equal(exitCode, 0, output.slice(-1500));
    assert.equal(rig.xmpp.stanzas.all.length, before);
  });

  test('baresip: its own challenge handling takes ours, and writes as itself', async () => {
    const [sipPort, controlPort] = [await freePort(), await freePort()];
    const phone = await Baresip.registered({
      ...{ folder: folder.folder('baresip'), user: 'bob', domain: 'example.net', password: 'opensesame' },
      ...{ proxyPort: rig.port, sipPort, controlPort, registers: false as const },
      contacts: ['sip:juliet@example.com'],
    });
    try {
      await phone.message('sip:juliet@example.com', 'hello from a phone');
      const stanza = await rig.xmpp.stanzas.next(
        'the message',
        (each) => each.child('body')?.text() === 'hello from a phone',
        10_000,
      );
      assert.equal(stanza.attr('from'), 'bob@example.net');
    } catch (error) {
      throw new Error(phone.output.slice(-3000), { cause: error });
    } finally {
      await phone.close();
    }
  });
});
