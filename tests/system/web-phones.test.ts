// Web pages that are connected to the gateway itself (`sip.users[].web_phone`): what is for their users goes on the
// connection on which they proved by a digest who they are (RFC 7118 §5; RFC 3261 §22).
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { digestAnswer } from '../peers/sip-digest.ts';
import { header, statusOf, type SipText } from '../peers/sip-text.ts';
import { pause, play, type Rig, type RigOptions } from './rig.ts';
import { textOf, type RequestParts } from './sip-peer.ts';
import { WebPhone } from './web-phone.ts';
import { bodyOf, errorOf, messageXml } from './xmpp-peer.ts';

const ROMEO = { user: 'romeo', realm: 'example.net', password: 'opensesame' };
const OTHERS = [
  { user: 'mercutio', realm: 'example.net', password: 'opensesame' },
  { user: 'tybalt', realm: 'example.net', password: 'opensesame', from: ['*@example.net'] },
];

function pages(romeo: Record<string, unknown> = { web_phone: true }): RigOptions {
  return {
    sip: ({ sipPort }) => ({
      listen: ['udp://127.0.0.1:0', 'ws://127.0.0.1:0'],
      next_hops: { 'example.net': `sip:127.0.0.1:${sipPort};transport=udp;lr` },
      trusted: [],
      digest_algorithms: ['MD5'],
      users: [{ ...ROMEO, ...romeo }, ...OTHERS],
      credentials: [{ ...ROMEO, user: 'gateway', password: 'of a server' }],
    }),
  };
}

const page = async (rig: Rig): Promise<WebPhone> => rig.own(await WebPhone.open('WS', rig.ports['ws'] ?? 0));

/** A request, with the answer to its challenge; of romeo's unless another account answers. */
async function proved(phone: WebPhone, parts: RequestParts, { user, password } = ROMEO): Promise<SipText> {
  const challenged = await phone.ask(parts);
  assert.equal(statusOf(challenged), 401);
  const challenge = header(challenged, 'www-authenticate');
  const answer = digestAnswer(
    challenge,
    { user, password },
    parts.method ?? 'MESSAGE',
    parts.uri ?? 'sip:juliet@example.com',
  );
  return phone.ask({ ...parts, cseq: 2, headers: [...(parts.headers ?? []), ['Authorization', answer]] });
}

const toPage = (phone: WebPhone): Promise<string> => phone.requests.next('at the page').then(textOf);
const toNextHop = (rig: Rig): Promise<string> => rig.sip.requests.next('at the next hop').then(textOf);

describe('web pages that are connected to the gateway', { concurrency: true }, () => {
  play(
    'a message, and its reply on the same connection; nothing goes to the next hop',
    pages(),
    async (rig) => {
      const phone = await page(rig);
      assert.equal(statusOf(await proved(phone, { body: 'from a page' })), 202);
      assert.equal(bodyOf(await rig.xmpp.stanzas.next('the message')), 'from a page');
      rig.xmpp.write(messageXml({ id: 'reply', body: 'to the page' }));
      const request = await phone.requests.next('the reply');
      assert.equal(request.startLine, 'MESSAGE sip:romeo@example.net SIP/2.0');
      assert.equal(textOf(request), 'to the page');
      // RFC 3261 §16.12.1.1 is of proxies: there is none on this way.
      assert.equal(request.headers.get('route'), undefined);
      await rig.until('it is delivered', () =>
        rig.gateway.counters.text().includes('direction="xmpp_to_sip",outcome="delivered"'),
      );
      assert.deepEqual(rig.sip.requests.all, []);
    },
  );

  play('who is merely connected, or has not proved it, gets nothing', pages(), async (rig) => {
    const phone = await page(rig);
    assert.equal(statusOf(await phone.ask({ body: 'challenged' })), 401);
    assert.equal(statusOf(await proved(phone, { body: 'guessed' }, { ...ROMEO, password: 'no' })), 401);
    rig.xmpp.write(messageXml({ id: 'a', body: 'not for everybody' }));
    assert.equal(await toNextHop(rig), 'not for everybody');
    assert.deepEqual(phone.requests.all, []);
  });

  play('without web_phone a digest over WebSocket proves who he is, not where', pages({}), async (rig) => {
    const phone = await page(rig);
    assert.equal(statusOf(await proved(phone, { body: 'from a page' })), 202);
    rig.xmpp.write(messageXml({ id: 'a', body: 'where his domain leads' }));
    assert.equal(await toNextHop(rig), 'where his domain leads');
  });

  play(
    'another user’s page does not get it, nor one whose account may use that From but is no page',
    pages(),
    async (rig) => {
      const mine = await page(rig);
      const [mercutio, tybalt] = OTHERS;
      assert.ok(mercutio !== undefined && tybalt !== undefined);
      assert.equal(statusOf(await proved(mine, { body: 'a' })), 202);
      const his = await page(rig);
      assert.equal(
        statusOf(
          await proved(his, { body: 'b', from: '<sip:mercutio@example.net>' }, { ...ROMEO, ...mercutio }),
        ),
        202,
      );
      const third = await page(rig);
      assert.equal(statusOf(await proved(third, { body: 'c' }, { ...ROMEO, ...tybalt })), 202);
      rig.xmpp.write(messageXml({ id: 'a', body: 'for romeo' }));
      assert.equal(await toPage(mine), 'for romeo');
      assert.deepEqual([his.requests.all, third.requests.all], [[], []]);
    },
  );

  play(
    'two pages: the last that proved it; when it is closed, where his domain leads',
    pages(),
    async (rig) => {
      const first = await page(rig);
      const second = await page(rig);
      assert.equal(statusOf(await proved(first, { body: 'one' })), 202);
      assert.equal(statusOf(await proved(second, { body: 'two' })), 202);
      rig.xmpp.write(messageXml({ id: 'a', body: 'to the second' }));
      assert.equal(await toPage(second), 'to the second');
      assert.deepEqual(first.requests.all, []);
      second.close();
      await rig.until('it is closed', () => rig.held('connections') === 1);
      rig.xmpp.write(messageXml({ id: 'b', body: 'after it' }));
      assert.equal(await toNextHop(rig), 'after it');
    },
  );

  play(
    'SIGHUP: an open page stays known; one whose account says so no more is a page no more',
    pages(),
    async (rig) => {
      const phone = await page(rig);
      assert.equal(statusOf(await proved(phone, { body: 'one' })), 202);
      await rig.gateway.reload(rig.config());
      rig.xmpp.write(messageXml({ id: 'a', body: 'after a reload' }));
      assert.equal(await toPage(phone), 'after a reload');
      await rig.gateway.reload(rig.config({ sip: { ...keys(rig.sip.port), users: [ROMEO] } }));
      rig.xmpp.write(messageXml({ id: 'b', body: 'after another' }));
      assert.equal(await toNextHop(rig), 'after another');
    },
  );
});

describe('what pages may ask', { concurrency: true }, () => {
  play(
    'OPTIONS to the gateway proves it as well; REGISTER is not served, whoever asks',
    pages(),
    async (rig) => {
      const phone = await page(rig);
      const uri = 'sip:127.0.0.1';
      const registered = await proved(phone, {
        method: 'REGISTER',
        uri,
        body: '',
        to: '<sip:romeo@example.net>',
      });
      assert.equal(statusOf(registered), 405);
      const second = await page(rig);
      assert.equal(statusOf(await proved(second, { method: 'OPTIONS', uri, body: '' })), 200);
      rig.xmpp.write(messageXml({ id: 'a', body: 'the first' }));
      assert.equal(await toPage(second), 'the first');
    },
  );

  play(
    'RFC 3261 §22: a page that challenges gets no credentials, though its domain has next hops',
    pages(),
    async (rig) => {
      const phone = await page(rig);
      assert.equal(statusOf(await proved(phone, { body: 'one' })), 202);
      const challenge = 'Digest realm="example.net", nonce="n", algorithm=MD5, qop="auth"';
      phone.answer = { status: 401, headers: [['WWW-Authenticate', challenge]] };
      rig.xmpp.write(messageXml({ id: 'a', body: 'guess' }));
      const stanza = await rig.xmpp.stanzas.next('the error', (each) => each.attr('type') === 'error');
      assert.equal(stanza.attr('id'), 'a');
      assert.deepEqual(
        phone.requests.all.map((request) => request.headers.get('authorization')),
        [undefined],
      );
    },
  );
});

const EVERYBODY: RigOptions = {
  sip: { ...keys(), next_hops: { '*': 'sip:127.0.0.1:1;transport=udp;lr' } },
  mayHold: ['served_subscriptions', 'presence_contacts', 'connections'],
};

describe('a page that watches somebody', () => {
  play(
    'RFC 3261 §22: one that challenges a NOTIFY gets no credentials, though a next hop is for "*"',
    EVERYBODY,
    async (rig) => {
      const phone = await page(rig);
      const challenge = 'Digest realm="example.net", nonce="n", algorithm=MD5, qop="auth"';
      phone.answer = { status: 401, headers: [['WWW-Authenticate', challenge]] };
      const fields: readonly (readonly [string, string])[] = [
        ['Event', 'presence'],
        ['Contact', `<sip:romeo@${phone.host};transport=ws>`],
      ];
      const subscribed = await proved(phone, { method: 'SUBSCRIBE', body: '', headers: fields });
      assert.equal(statusOf(subscribed), 200);
      const notify = await phone.requests.next('the NOTIFY');
      assert.match(notify.startLine, /^NOTIFY sip:romeo@/);
      // The answer would follow at once.
      await pause(100);
      assert.equal(
        phone.requests.all.some((request) => request.headers.has('authorization')),
        false,
      );
    },
  );
});

describe('a page that is closed, and his domain has no next hop', () => {
  const alone: RigOptions = { sip: { ...keys(), next_hops: {} } };

  async function gone(rig: Rig): Promise<void> {
    const phone = await page(rig);
    assert.equal(statusOf(await proved(phone, { body: 'one' })), 202);
    await rig.xmpp.stanzas.next('the message');
    phone.close();
    await rig.until('it is closed', () => rig.held('connections') === 0);
    rig.xmpp.write(messageXml({ id: 'late', body: 'while he is away' }));
  }

  play('RFC 3261 §21.4.18: who writes to him hears that he is not there', alone, async (rig) => {
    await gone(rig);
    const stanza = await rig.xmpp.stanzas.next('the error');
    assert.deepEqual([stanza.attr('id'), errorOf(stanza).condition], ['late', 'recipient-unavailable']);
  });

  play(
    'where messages are kept, he has it when he has proved himself again',
    { ...alone, offline: { keep: true } },
    async (rig) => {
      await gone(rig);
      await rig.until('it is kept', () => rig.held('kept_messages') === 1);
      const again = await page(rig);
      assert.equal(statusOf(await proved(again, { body: 'I am back' })), 202);
      assert.equal(await toPage(again), 'while he is away');
      await rig.until('it is delivered', () => rig.held('kept_messages') === 0);
    },
  );
});

/** The keys of `sip` that this rig runs with. */
function keys(sipPort = 1): Record<string, unknown> {
  const { sip } = pages();
  return typeof sip === 'function' ? sip({ sipPort }) : {};
}
