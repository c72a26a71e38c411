// What never reaches the XMPP side: senders who are not believed, addresses without a rule, requests that RFC 3261 §8.2
// refuses. Rows ERR-G6, ERR-G7, SIPT-06, SIPT-07, ADDR-63, FEAT-08.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { header, statusOf, type SipText } from '../peers/sip-text.ts';
import { stage, type Rig } from './rig.ts';
import { requestBytes, SipPeer, type RequestParts } from './sip-peer.ts';
import { bodyOf } from './xmpp-peer.ts';

/** Nothing has come to the XMPP side, and an ordinary message still does. */
async function untouched(rig: Rig): Promise<void> {
  assert.equal(await rig.status({ body: 'ordinary' }), 202);
  assert.equal(bodyOf(await rig.xmpp.stanzas.next('the ordinary message')), 'ordinary');
  assert.deepEqual(rig.xmpp.stanzas.untaken, []);
}

const list = (response: SipText, name: string): string[] =>
  header(response, name)
    .split(',')
    .map((value) => value.trim())
    .filter((value) => value !== '');

describe('believed senders (SIPT-06, ERR-G7)', () => {
  const rig = stage({
    domains: [
      { home: 'sip', sip: 'example.net', xmpp: 'example.net' },
      { home: 'sip', sip: 'corp.example', xmpp: 'corp.example' },
      { home: 'xmpp', xmpp: 'example.com', sip: 'example.com' },
    ],
    sip: { trusted: ['127.0.0.1/32', { network: '127.0.0.3/32', domains: ['corp.example'] }] },
    components: (port) =>
      ['example.net', 'corp.example'].map((domain) => ({
        domain,
        host: '127.0.0.1',
        port,
        secret: 'secret',
      })),
  });

  const fromOutside = async (host: string, parts: RequestParts): Promise<number | undefined> => {
    const stranger = rig().own(await SipPeer.open(host));
    return statusOf(await stranger.ask(parts, rig().port));
  };

  test('ERR-G7: a source that is not trusted: 403', async () => {
    assert.equal(await fromOutside('127.0.0.2', { body: 'believe me' }), 403);
    await untouched(rig());
  });

  test('ERR-G7: a From that no home: sip rule covers: 403, even from a trusted network', async () => {
    assert.equal(await rig().status({ from: '<sip:romeo@elsewhere.example>', body: 'x' }), 403);
    await untouched(rig());
  });

  test('ERR-G7: a From at an XMPP domain: 403 (nobody speaks for Juliet from outside)', async () => {
    assert.equal(await rig().status({ from: '<sip:juliet@example.com>', body: 'x' }), 403);
    await untouched(rig());
  });

  test('sip.trusted with domains: believed for these, 403 for the others', async () => {
    assert.equal(await fromOutside('127.0.0.3', { from: '<sip:boss@corp.example>', body: 'ours' }), 202);
    assert.equal((await rig().xmpp.stanzas.next('ours')).attr('from'), 'boss@corp.example');
    assert.equal(await fromOutside('127.0.0.3', { from: '<sip:romeo@example.net>', body: 'not ours' }), 403);
    await untouched(rig());
  });

  test('the Via, Contact and P-Asserted-Identity of an untrusted source do not make it trusted', async () => {
    const stranger = rig().own(await SipPeer.open('127.0.0.2'));
    const { bytes, branch } = requestBytes(
      {
        body: 'I am Romeo',
        headers: [
          ['P-Asserted-Identity', '<sip:romeo@example.net>'],
          ['Contact', `<sip:romeo@127.0.0.1:${rig().sip.port}>`],
        ],
      },
      'UDP',
      `127.0.0.1:${rig().sip.port}`,
    );
    stranger.send(bytes, rig().port);
    assert.equal(statusOf(await stranger.final(branch)), 403);
    await untouched(rig());
  });
});

describe('targets and RFC 3261 §8.2', () => {
  const rig = stage();
  const CASES: readonly (readonly [string, RequestParts, number])[] = [
    ['ERR-G6: a target domain without a rule', { uri: 'sip:juliet@nowhere.example', body: 'x' }, 404],
    ['ERR-G6: a target at a SIP domain', { uri: 'sip:mercutio@example.net', body: 'x' }, 404],
    [
      'ADDR-63: a sips target (what follows is not secured end to end)',
      { uri: 'sips:juliet@example.com', body: 'x' },
      403,
    ],
    ['§8.2.2.1: a scheme that is not known', { uri: 'http://example.com/juliet', body: 'x' }, 416],
    ['§8.2.2.1: a tel URI', { uri: 'tel:+15551234', body: 'x' }, 416],
    ['§8.2.1: a method that is known and not served', { method: 'REFER' }, 405],
    ['RFC 3903 §6 step 1: nobody who publishes here', { method: 'PUBLISH' }, 404],
    [
      'RFC 6665 §4.2.1.1: an event package that is not there',
      { method: 'SUBSCRIBE', headers: [['Event', 'dialog']] },
      489,
    ],
    ['§12.2.2: INFO outside of a dialog', { method: 'INFO' }, 481],
    ['§21.5.2: a method that nobody knows', { method: 'SING' }, 501],
    ['§8.1.1.6, §16.3: Max-Forwards 0', { maxForwards: 0, body: 'x' }, 483],
    ['§12.2.2: a To tag of no dialog', { to: '<sip:juliet@example.com>;tag=nobody', body: 'x' }, 481],
    ['IM-46: a type that is not served', { contentType: 'image/png', body: '\u0089PNG' }, 415],
    ['IM-47: a content-coding', { headers: [['Content-Encoding', 'gzip']], body: 'x' }, 415],
    ['§20.15: a body without Content-Type', { contentType: null, body: 'x' }, 400],
    ['§7.3.1: a broken From', { from: '"Romeo <sip:romeo@example.net>', body: 'x' }, 400],
  ];
  for (const [name, parts, status] of CASES) {
    test(`${name}: ${status}, and nothing reaches the XMPP side`, async () => {
      const response = await rig().ask(parts);
      assert.equal(statusOf(response), status);
      // RFC 3261 §8.2.6.2: the To of every final response has a tag.
      assert.match(header(response, 'to'), /;tag=/);
      await untouched(rig());
    });
  }

  test('§8.2.1: the 405 and the 501 list what is allowed', async () => {
    assert.deepEqual(list(await rig().ask({ method: 'REFER' }), 'allow').sort(), [
      'MESSAGE',
      'NOTIFY',
      'OPTIONS',
      'PUBLISH',
      'SUBSCRIBE',
    ]);
  });

  test('§8.2.2.3: Require of something unknown: 420, Unsupported names it, and only it', async () => {
    const response = await rig().ask({ headers: [['Require', 'nothingSupportsThis, norThis']], body: 'x' });
    assert.equal(statusOf(response), 420);
    assert.deepEqual(list(response, 'unsupported'), ['nothingSupportsThis', 'norThis']);
    await untouched(rig());
  });

  test('§8.2.3: the 415 lists the types that are served', async () => {
    const types = list(await rig().ask({ contentType: 'application/sdp', body: 'v=0' }), 'accept');
    for (const type of ['text/plain', 'message/cpim', 'application/im-iscomposing+xml'])
      assert.ok(types.includes(type), type);
  });

  test('§9.2: a CANCEL that matches nothing: 481', async () => {
    assert.equal(await rig().status({ method: 'CANCEL' }), 481);
  });

  // §9.1: a CANCEL "SHOULD NOT be sent to cancel a request other than INVITE"; §9.2: it "has no impact" on another.
  test('§9.2: a CANCEL of a MESSAGE is answered, and the MESSAGE has its own outcome all the same', async () => {
    rig().xmpp.barrier = 'hold';
    const parts: RequestParts = {
      body: 'go on',
      fromTag: 'c1',
      callId: 'cancel-1',
      branch: 'z9hG4bKcancel1',
    };
    rig().sip.sendRequest(parts, rig().port);
    await rig().xmpp.stanzas.next('the message');
    rig().sip.sendRequest({ ...parts, method: 'CANCEL', body: '' }, rig().port);
    const cancelled = await rig().sip.responses.next('the answer to CANCEL', (response) =>
      header(response, 'cseq').endsWith('CANCEL'),
    );
    assert.equal(statusOf(cancelled), 200);
    rig().xmpp.release();
    rig().xmpp.barrier = 'return';
    const response = await rig().sip.responses.next('the answer to MESSAGE', (each) =>
      header(each, 'cseq').endsWith('MESSAGE'),
    );
    assert.equal(statusOf(response), 202);
  });

  test('§17: an ACK is never answered', async () => {
    rig().sip.sendRequest({ method: 'ACK' }, rig().port);
    await untouched(rig());
    assert.deepEqual(rig().sip.responses.untaken, []);
  });

  describe('OPTIONS (§11, FEAT-08)', () => {
    const options = (uri: string, more: RequestParts = {}): Promise<SipText> =>
      rig().ask({ method: 'OPTIONS', uri, ...more });

    test('to the gateway itself: 200 with Allow and Accept', async () => {
      const response = await options(`sip:127.0.0.1:${rig().port}`);
      assert.equal(statusOf(response), 200);
      assert.deepEqual(list(response, 'allow').sort(), [
        ...['ACK', 'BYE', 'CANCEL', 'INFO', 'INVITE', 'MESSAGE', 'NOTIFY', 'OPTIONS', 'PRACK', 'PUBLISH'],
        ...['SUBSCRIBE', 'UPDATE'],
      ]);
      assert.ok(list(response, 'accept').includes('text/plain'));
    });
    test('to a mapped user: 200', async () =>
      assert.equal(statusOf(await options('sip:juliet@example.com')), 200));
    test('to a user of nobody: 404', async () =>
      assert.equal(statusOf(await options('sip:juliet@nowhere.example')), 404));
    test('with Max-Forwards 0 it is for us: 200', async () =>
      assert.equal(statusOf(await options('sip:juliet@example.com', { maxForwards: 0 })), 200));
  });
});
