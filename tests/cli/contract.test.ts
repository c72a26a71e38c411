// The example of the contract, whose domains do not all have a link: what each command makes of it.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { silentLog } from '../../src/base/index.ts';
import { explainAddress } from '../../src/cli/address.ts';
import { check } from '../../src/cli/check.ts';
import { loadOrTell } from '../../src/cli/terminal.ts';
import { startGateway } from '../../src/gateway/index.ts';
import { FakeServer } from '../edge/xmpp/fake-server.ts';
import { CONTRACT_EXAMPLE, CONTRACT_REMARKS } from '../gateway/config/contract-example.ts';
import { statusOf } from '../peers/sip-text.ts';
import { SipPeer } from '../system/sip-peer.ts';
import { fakeTerminal, type FakeTerminal } from './support.ts';

const FILE = '/etc/s.yaml';

describe('the example of the contract', () => {
  let server: FakeServer;
  let terminal: FakeTerminal;

  beforeEach(async () => {
    server = await new FakeServer().listen();
    // Only what belongs to other machines is another here: addresses, ports, and the DNS server.
    const text = CONTRACT_EXAMPLE.replace(/^ {2}listen: .*$/m, '  listen: ["udp://127.0.0.1:0"]')
      .replace('10.0.0.5/32', '127.0.0.1/32')
      .replaceAll(/sip:10\.0\.0\.[56]:/g, 'sip:127.0.0.1:')
      .replace('sip:127.0.0.1:5060', 'sip:127.0.0.1:5061')
      .replace('proxy.example.net', '127.0.0.1')
      .replace('port: 5347', `port: ${server.port}`)
      .replace('"127.0.0.1:53"', '')
      .replace('./routes.js', fileURLToPath(new URL('../../examples/routes-default.ts', import.meta.url)))
      .replace('127.0.0.1:8080', '127.0.0.1:0');
    const files = { [FILE]: text, '/etc/secret': 'secret\n', '/etc/console-token': 'a token\n' };
    terminal = { ...fakeTerminal(files), env: { SIP_PASSWORD: 'a' } };
  });
  afterEach(() => server.close());

  test('check: the two domains without a link are findings, exit 1', async () => {
    assert.equal(await check(FILE, terminal), 1);
    assert.deepEqual(terminal.errors, []);
    assert.deepEqual(
      terminal.output,
      CONTRACT_REMARKS.map((remark) => `${FILE}:${remark}`),
    );
  });

  test('address: explains, exit 0', () => {
    assert.equal(explainAddress('sip:bob@far.example', FILE, terminal), 0);
    assert.deepEqual(terminal.errors, []);
    assert.match(terminal.output.join('\n'), /bob\\40far\.example@sip\.example\.org/);
  });

  test('run: senders without a link get 403, the others 202', async () => {
    const loaded = loadOrTell(FILE, terminal);
    assert.ok(loaded);
    const gateway = await startGateway(loaded.config, { log: silentLog, version: '1' });
    const peer = await SipPeer.open();
    try {
      while (gateway.status().links.some(({ state }) => state !== 'up')) {
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      const port = Number(gateway.status().listeners[0]?.split(':').at(-1));
      const status = async (from: string): Promise<number | undefined> =>
        statusOf(await peer.ask({ from: `<${from}>`, uri: 'sip:alice@example.org', body: 'x' }, port));
      assert.equal(await status('sip:bob@example.net'), 403);
      assert.equal(await status('sip:boss@corp.example'), 403);
      assert.equal(await status('sip:bob@far.example'), 202);
      assert.deepEqual(
        server.stanzas.map((stanza) => stanza.attr('from')?.split('/')[0]),
        ['bob\\40far.example@sip.example.org'],
      );
    } finally {
      await gateway.stop();
      await peer.close();
    }
  });
});
