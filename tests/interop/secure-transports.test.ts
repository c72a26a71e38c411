// Kamailio between a phone in a web page (WebSocket, RFC 7118) and the gateway (TLS with both certificates verified).

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { SecureKamailio } from '../peers/kamailio-secure.ts';
import { freePorts } from '../peers/ports.ts';
import { header, statusOf } from '../peers/sip-text.ts';
import { TempFolder } from '../peers/temp-folder.ts';
import { TestCa } from '../peers/test-ca.ts';
import { pause, Rig, type RigOptions } from '../system/rig.ts';
import { textOf } from '../system/sip-peer.ts';
import { WebPhone } from '../system/web-phone.ts';
import { bodyOf, messageXml } from '../system/xmpp-peer.ts';

describe('Kamailio over TLS and WebSocket', () => {
  const folder = new TempFolder('secure');
  const ca = new TestCa();
  let kamailio: SecureKamailio | undefined;
  let rig: Rig | undefined;
  let phone: WebPhone | undefined;

  before(async () => {
    const [tlsPort = 0, webSocketPort = 0, secureWebSocketPort = 0, gatewayPort = 0] = await freePorts(4);
    const own = ca.make({ names: ['URI:sip:example.com', 'DNS:example.com'] });
    const options: RigOptions = {
      sip: {
        listen: ['udp://127.0.0.1:0', `tls://127.0.0.1:${gatewayPort}`],
        tls: { certificate: own.certificate, key: own.key, ca: own.ca },
        next_hops: { 'example.net': `sip:127.0.0.1:${tlsPort};transport=tls;lr` },
      },
      readFile: (path) => readFileSync(path, 'utf8'),
    };
    kamailio = new SecureKamailio({
      folder: folder.path,
      ...{
        domain: 'example.net',
        xmppDomain: 'example.com',
        tlsPort,
        webSocketPort,
        gatewayPort,
        secureWebSocketPort,
      },
      certificate: ca.make({ names: ['URI:sip:example.net', 'DNS:example.net'] }),
    });
    // The sockets that tried the ports are closed by then: the rig counts what is open.
    await pause(100);
    rig = await Rig.start(options);
    await kamailio.start();
    phone = await WebPhone.open('WS', webSocketPort);
    const registered = await phone.ask({
      method: 'REGISTER',
      uri: 'sip:example.net',
      to: '<sip:romeo@example.net>',
      body: '',
      headers: [
        ['Contact', `<sip:romeo@${phone.host};transport=ws>`],
        ['Expires', '600'],
      ],
    });
    assert.equal(statusOf(registered), 200);
  });
  after(async () => {
    phone?.close();
    await kamailio?.stop();
    await rig?.stop();
    ca.remove();
    folder.remove();
  });

  test('web page → WebSocket → Kamailio → TLS → gateway → XMPP', async () => {
    assert.ok(rig !== undefined && phone !== undefined);
    assert.equal(statusOf(await phone.ask({ body: 'out of a web page' })), 202);
    assert.equal(bodyOf(await rig.xmpp.stanzas.next('the message')), 'out of a web page');
  });

  test('XMPP → gateway → TLS → Kamailio → WebSocket → web page', async () => {
    assert.ok(rig !== undefined && phone !== undefined);
    rig.xmpp.write(messageXml({ id: 'in', body: 'into a web page' }));
    const request = await phone.requests.next('the message');
    assert.equal(textOf(request), 'into a web page');
    const vias = request.headers.get('via') ?? [];
    assert.match(vias[0] ?? '', /^SIP\/2\.0\/WS /);
    assert.match(vias.at(-1) ?? '', /^SIP\/2\.0\/TLS .*alias/);
    assert.match(header(request, 'from'), /juliet@example\.com/);
    await rig.until(
      'it is delivered',
      () => rig?.gateway.counters.text().includes('outcome="delivered"') === true,
    );
  });

  test('several each way, over as few connections', async () => {
    assert.ok(rig !== undefined && phone !== undefined);
    for (let i = 0; i < 5; i++) {
      assert.equal(statusOf(await phone.ask({ body: `out ${i}` })), 202);
      rig.xmpp.write(messageXml({ id: `in${i}`, body: `in ${i}` }));
      assert.equal(textOf(await phone.requests.next('the message')), `in ${i}`);
    }
    assert.ok(rig.held('connections') <= 3, `${rig.held('connections')} connections`);
  });
});
