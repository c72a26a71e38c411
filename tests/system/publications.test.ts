// XMPP users at a SIP presence server: what is published of them, and their watchers (RFC 3903, RFC 3857; rows CSP-01 …
// CSP-18). The server is a socket of our own that answers as each case says; time is moved by hand.

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { NS_CLIENT, XmlElement } from '../../src/xml/index.ts';
import { header, statusOf, type SipText } from '../peers/sip-text.ts';
import { parsePidf } from './pidf-text.ts';
import { pidf } from './presence-rig.ts';
import { HOUR, JULIET, play, ROMEO, SECOND, type PublishRig } from './publish-rig.ts';
import { settle } from './watch-rig.ts';

const text = ({ body }: SipText): string => body.toString('utf8');
const has = (request: SipText, name: string): boolean => request.headers.has(name);

const ROMEO_TELLS = { state: 'active;expires=3600', contentType: 'application/pidf+xml' };

/** She is there, and her presence server knows. */
async function published(rig: PublishRig, tag = 't1'): Promise<{ winfo: SipText }> {
  rig.user('available');
  const winfo = await rig.next('SUBSCRIBE');
  await rig.published(200, tag);
  rig.told();
  return { winfo };
}

function winfo(version: number, state: 'full' | 'partial', ...watchers: readonly string[]): string {
  const inside = watchers.map((each) => {
    const [id = '', status = '', event = '', uri = `sip:${ROMEO}`] = each.split(' ');
    return `<watcher id="${id}" status="${status}" event="${event}">${uri}</watcher>`;
  });
  return `<?xml version="1.0"?><watcherinfo xmlns="urn:ietf:params:xml:ns:watcherinfo" version="${version}" state="${state}"><watcher-list resource="sip:${JULIET}" package="presence">${inside.join('')}</watcher-list></watcherinfo>`;
}

describe('publishing', () => {
  play('CSP-01, CSP-02, CSP-04: she comes, changes, goes', async (rig) => {
    rig.user(undefined);
    const first = await rig.published(200, 'dx200xyz');
    assert.equal(first.startLine, `PUBLISH sip:${JULIET} SIP/2.0`);
    assert.match(header(first, 'from'), new RegExp(`^<sip:${JULIET}>;tag=`));
    assert.equal(header(first, 'to'), `<sip:${JULIET}>`);
    assert.equal(header(first, 'event'), 'presence');
    assert.equal(header(first, 'expires'), '3600');
    assert.equal(header(first, 'content-type'), 'application/pidf+xml');
    assert.equal(header(first, 'route'), `<${rig.serverUri}>`);
    assert.ok(!has(first, 'sip-if-match'), 'CSP-01');
    assert.deepEqual(parsePidf(text(first)), {
      entity: `pres:${JULIET}`,
      tuples: { 'ID-balcony': 'open' },
    });
    rig.user(undefined, `${JULIET}/balcony`, 'example.net', 'away');
    const second = await rig.published(200, 'kwj449x');
    assert.equal(header(second, 'sip-if-match'), 'dx200xyz');
    assert.deepEqual(parsePidf(text(second)).tuples, { 'ID-balcony': 'open away' });
    assert.notEqual(header(second, 'call-id'), header(first, 'call-id'));
    rig.user('unavailable');
    const last = await rig.published(200, 'qwi982ks');
    // CSP-07: the tag of the last 200.
    assert.equal(header(last, 'sip-if-match'), 'kwj449x');
    assert.equal(header(last, 'expires'), '0');
    assert.equal(text(last), '');
    assert.ok(!has(last, 'content-type'));
    assert.equal(rig.feature.sizes()['publications'], 0);
  });

  play('CSP-03: refreshed without a body, in time, each time with the new tag', async (rig) => {
    await published(rig);
    for (const [tag, next] of [
      ['t1', 't2'],
      ['t2', 't3'],
    ] as const) {
      // The subscription to her watchers is refreshed as well.
      let waited = 0;
      for (;;) {
        waited += await rig.advanceToRequest(HOUR);
        if (rig.server.requests.untaken.some(({ startLine }) => startLine.startsWith('PUBLISH'))) break;
        const other = await rig.next('SUBSCRIBE');
        await rig.winfo(other, winfo(0, 'full'));
      }
      const refresh = await rig.published(200, next);
      assert.ok(waited >= 0.74 * HOUR && waited < 0.91 * HOUR, `${waited} ms`);
      assert.equal(header(refresh, 'sip-if-match'), tag);
      assert.equal(header(refresh, 'expires'), '3600');
      assert.equal(text(refresh), '');
    }
  });

  play('CSP-08, RFC 3903 §4: one at a time to her address, whatever comes meanwhile', async (rig) => {
    rig.user('available');
    const first = await rig.next('PUBLISH');
    await rig.next('SUBSCRIBE');
    rig.user(undefined, `${JULIET}/garden`);
    for (const show of ['away', 'dnd', 'xa']) rig.user(undefined, `${JULIET}/balcony`, 'example.net', show);
    await rig.silence();
    rig.server.respond(first, 200, [['SIP-ETag', 'a1']]);
    const second = await rig.published(200, 'b1');
    assert.ok(!has(second, 'sip-if-match'), 'of the other resource');
    assert.deepEqual(parsePidf(text(second)).tuples, { 'ID-garden': 'open' });
    const third = await rig.published(200, 'a2');
    assert.equal(header(third, 'sip-if-match'), 'a1');
    assert.deepEqual(parsePidf(text(third)).tuples, { 'ID-balcony': 'open xa' });
    await rig.silence();
    rig.user('unavailable', `${JULIET}/garden`);
    assert.equal(header(await rig.published(200, 'b2'), 'sip-if-match'), 'b1');
    assert.equal(rig.feature.sizes()['publications'], 1);
  });

  play('a flood of changes: twenty at once, then two a second, the last one always', async (rig) => {
    const { winfo: subscribe } = await published(rig, 't0');
    await rig.winfo(subscribe, winfo(0, 'full'));
    let serial = 0;
    rig.server.answer = () => 200;
    rig.server.fields = (request) => [
      ['Expires', header(request, 'expires')],
      ['SIP-ETag', `t${++serial}`],
    ];
    for (let i = 0; i < 60; i++) {
      rig.user(undefined, `${JULIET}/balcony`, 'example.net', i % 2 === 0 ? 'away' : 'dnd');
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    await settle();
    assert.ok(serial <= 20, `${serial} requests`);
    rig.user(undefined, `${JULIET}/balcony`, 'example.net', 'xa');
    const before = serial;
    await rig.advance(1.1 * SECOND);
    assert.ok(serial - before <= 2);
    const last = rig.server.requests.all.at(-1);
    assert.deepEqual(parsePidf(text(last ?? assert.fail())).tuples, { 'ID-balcony': 'open xa' });
  });

  play('what no document says is not held: capabilities, avatars', async (rig) => {
    rig.user('available');
    await rig.published(200, 't1');
    const caps = new XmlElement('c', 'http://jabber.org/protocol/caps', ['ver', 'x']);
    const status = new XmlElement('status', NS_CLIENT, ['xml:lang', 'de'], ['am Balkon']);
    const idle = new XmlElement('idle', 'urn:xmpp:idle:1', ['since', '2025-12-31T23:00:00Z']);
    rig.stanza(
      new XmlElement(
        'presence',
        NS_CLIENT,
        ['from', `${JULIET}/balcony`, 'to', 'example.net'],
        [caps, status, idle],
      ),
    );
    const body = text(await rig.published(200, 't2'));
    assert.match(body, /<note xml:lang="de">am Balkon<\/note>/);
    assert.match(body, /last-input="2025-12-31T23:00:00/);
    assert.doesNotMatch(body, /caps/);
  });

  play('CSP-05: 412: at once an initial one with everything', async (rig) => {
    await published(rig);
    rig.user(undefined, `${JULIET}/balcony`, 'example.net', 'dnd');
    assert.equal(header(await rig.published(412), 'sip-if-match'), 't1');
    const again = await rig.published(200, 't9');
    assert.ok(!has(again, 'sip-if-match'));
    assert.deepEqual(parsePidf(text(again)).tuples, { 'ID-balcony': 'open dnd' });
    assert.deepEqual(rig.record()?.['publications'], [{ resource: 'balcony', tag: 't9' }]);
  });

  play('CSP-06: 423', async (rig) => {
    rig.user('available');
    const brief = await rig.published(423, undefined, [['Min-Expires', '7200']]);
    assert.equal(header(brief, 'expires'), '3600');
    assert.equal(header(await rig.published(200, 't1'), 'expires'), '7200');
  });

  play('CSP-07: a 200 without SIP-ETag is an error: an initial one when that has expired', async (rig) => {
    rig.user('available');
    await rig.winfo(await rig.next('SUBSCRIBE'), winfo(0, 'full'));
    await rig.published(200, undefined, [['Expires', '600']]);
    assert.equal(rig.log.filter(({ event }) => event === 'publication.untagged').length, 1);
    rig.user(undefined, `${JULIET}/balcony`, 'example.net', 'away');
    await rig.silence();
    const waited = await rig.advanceToRequest(HOUR);
    assert.ok(waited >= 600 * SECOND && waited <= 751 * SECOND, `${waited} ms`);
    const again = await rig.published(200, 't1');
    assert.ok(!has(again, 'sip-if-match'));
    assert.deepEqual(parsePidf(text(again)).tuples, { 'ID-balcony': 'open away' });
  });

  for (const status of [403, 404, 489]) {
    play(`CSP-09: ${status} stops it until she comes the next time`, async (rig) => {
      rig.user('available');
      await rig.next('SUBSCRIBE');
      await rig.published(status);
      assert.equal(rig.count('refused'), 1);
      rig.user(undefined, `${JULIET}/balcony`, 'example.net', 'away');
      await rig.advance(60 * SECOND);
      assert.ok(!rig.server.requests.untaken.some(({ startLine }) => startLine.startsWith('PUBLISH')));
      rig.user('unavailable');
      rig.user('available');
      await rig.published(200, 't1');
    });
  }

  for (const [what, fields, atLeast, atMost] of [
    ['503 with Retry-After', [['Retry-After', '90']], 90, 113],
    ['500', [], 22, 38],
  ] as const) {
    play(`CSP-09: ${what}: later, with what is true then`, async (rig) => {
      const { winfo: subscribe } = await published(rig);
      await rig.winfo(subscribe, winfo(0, 'full'));
      rig.user(undefined, `${JULIET}/balcony`, 'example.net', 'away');
      await rig.published(what === '500' ? 500 : 503, undefined, fields);
      rig.user(undefined, `${JULIET}/balcony`, 'example.net', 'dnd');
      await rig.silence();
      const waited = await rig.advanceToRequest(HOUR / 10);
      assert.ok(waited >= atLeast * SECOND && waited <= atMost * SECOND, `${waited} ms`);
      const request = await rig.published(200, 't2');
      assert.equal(header(request, 'sip-if-match'), 't1');
      assert.deepEqual(parsePidf(text(request)).tuples, { 'ID-balcony': 'open dnd' });
    });
  }

  play('CSP-09: nobody answers (timer F): later', async (rig) => {
    rig.user('available');
    await rig.next('PUBLISH');
    await rig.winfo(await rig.next('SUBSCRIBE'), winfo(0, 'full'));
    await rig.advance(32.1 * SECOND);
    await rig.silence();
    const waited = await rig.advanceToRequest(HOUR / 60);
    assert.ok(waited >= 22 * SECOND && waited <= 38 * SECOND, `${waited} ms`);
    assert.ok(!has(await rig.published(200, 't1'), 'sip-if-match'));
  });

  play(
    'a challenge is answered',
    async (rig) => {
      rig.user('available');
      const challenge = 'Digest realm="example.com", nonce="n1", qop="auth", algorithm=SHA-256';
      await rig.published(401, undefined, [['WWW-Authenticate', challenge]]);
      const request = await rig.published(200, 't1');
      assert.match(header(request, 'authorization'), /^Digest username="gw"/);
      assert.match(header(request, 'cseq'), /^2 PUBLISH$/);
    },
    { credentials: [{ realm: 'example.com', user: 'gw', password: 'secret' }] },
  );

  play('shown to two addresses of the gateway: published until neither is shown it', async (rig) => {
    const balcony = `${JULIET}/balcony`;
    rig.user('available', balcony, 'example.net');
    await rig.published(200, 't1');
    rig.user('available', balcony, 'second.example');
    await rig.published(200, 't2');
    rig.user('unavailable', balcony, 'example.net');
    await rig.advance(SECOND);
    assert.ok(!rig.server.requests.untaken.some(({ startLine }) => startLine.startsWith('PUBLISH')));
    rig.user('unavailable', balcony, 'second.example');
    assert.equal(header(await rig.published(200, 't3'), 'expires'), '0');
  });

  play('PRES-55: what she shows to one contact alone is published to nobody', async (rig) => {
    rig.user('available', `${JULIET}/balcony`, ROMEO);
    await rig.silence();
  });
});

describe('how her presence gets here', () => {
  play('she subscribes to the address of the gateway, which asks back', async (rig) => {
    rig.user('subscribe', JULIET);
    assert.deepEqual(rig.told(), [
      `subscribed example.net → ${JULIET}`,
      `available example.net → ${JULIET}`,
      `subscribe example.net → ${JULIET}`,
    ]);
    rig.user('subscribed', JULIET);
    assert.deepEqual(rig.record()?.['addresses'], ['example.net']);
    rig.user('probe', JULIET);
    assert.deepEqual(rig.told(), [`available example.net → ${JULIET}`]);
    rig.user('unsubscribe', JULIET);
    assert.deepEqual(rig.told(), [`unsubscribed example.net → ${JULIET}`]);
    await rig.silence();
  });

  play('she asks for a contact: once she is asked whether she wants to be seen', async (rig) => {
    rig.user('subscribe', JULIET, ROMEO);
    assert.deepEqual(rig.told(), [`subscribe example.net → ${JULIET}`]);
    rig.user('probe', JULIET, 'paris@example.net');
    assert.deepEqual(rig.told(), []);
  });

  play('she takes it back: everything of hers is removed', async (rig) => {
    await published(rig);
    rig.user('unsubscribed', JULIET);
    const last = await rig.published(200, 't2');
    assert.equal(header(last, 'expires'), '0');
    assert.deepEqual(rig.record()?.['addresses'], []);
  });

  play(
    'a user without a presence server: the domain is nobody’s contact (COMP-05)',
    async (rig) => {
      rig.user('subscribe', JULIET);
      assert.deepEqual(rig.told(), [`error example.net → ${JULIET}`]);
      rig.user('available');
      await rig.silence();
    },
    { xmpp: () => ({ model: 'end-to-end' }) },
  );
});

describe('restarts', () => {
  play(
    'of the gateway: what is there is changed by its tag; what is not there any more is removed',
    async (rig) => {
      rig.user('available');
      rig.user(undefined, `${JULIET}/garden`);
      await rig.published(200, 'a1');
      await rig.published(200, 'b1');
      rig.told();
      await rig.restart();
      assert.deepEqual(rig.told(), [`probe example.net → ${JULIET}`]);
      assert.ok(!rig.server.requests.untaken.some(({ startLine }) => startLine.startsWith('PUBLISH')));
      rig.server.requests.forget();
      rig.user(undefined, `${JULIET}/balcony`, 'example.net', 'away');
      const changed = await rig.published(200, 'a2');
      assert.equal(header(changed, 'sip-if-match'), 'a1');
      await rig.next('SUBSCRIBE');
      await rig.advance(21 * SECOND);
      const removed = await rig.published(200, 'b2');
      assert.equal(header(removed, 'sip-if-match'), 'b1');
      assert.equal(header(removed, 'expires'), '0');
      assert.deepEqual(rig.record()?.['publications'], [{ resource: 'balcony', tag: 'a2' }]);
    },
  );

  play(
    'of a gateway that keeps nothing: removed before',
    async (rig) => {
      await published(rig);
      const drained = rig.drain();
      const removed = await rig.next('PUBLISH');
      assert.equal(header(removed, 'expires'), '0');
      rig.server.respond(removed, 200, [['SIP-ETag', 't2']]);
      await drained;
    },
    { forgetful: true },
  );

  play('of the XMPP server: who does not come again is removed', async (rig) => {
    await published(rig);
    rig.linkDown();
    await rig.advance(HOUR / 10);
    rig.linkUp();
    assert.deepEqual(rig.told(), [`probe example.net → ${JULIET}`]);
    rig.server.requests.forget();
    await rig.advance(21 * SECOND);
    assert.equal(header(await rig.published(200, 't2'), 'expires'), '0');
  });

  play('the model is another one: she is published no more', async (rig) => {
    await published(rig);
    rig.reconfigure({
      domains: [
        { home: 'sip', sip: 'example.net', xmpp: 'example.net' },
        { home: 'xmpp', sip: 'example.com', xmpp: 'example.com' },
      ],
      presence: { model: 'end-to-end' },
    });
    assert.equal(rig.feature.sizes()['published_users'], 0);
    assert.equal(rig.record(), undefined);
  });
});

describe('her watchers', () => {
  play('CSP-10, CSP-11: she is asked once about each who waits, until she has answered', async (rig) => {
    const { winfo: subscribe } = await published(rig);
    assert.equal(subscribe.startLine, `SUBSCRIBE sip:${JULIET} SIP/2.0`);
    assert.equal(header(subscribe, 'event'), 'presence.winfo');
    assert.equal(header(subscribe, 'accept'), 'application/watcherinfo+xml');
    assert.equal(header(subscribe, 'route'), `<${rig.serverUri}>`);
    assert.equal(await rig.winfo(subscribe, winfo(0, 'full', 'w1 pending subscribe')), 200);
    assert.deepEqual(rig.told(), [`subscribe ${ROMEO} → ${JULIET}`]);
    await rig.winfo(subscribe, winfo(1, 'full', 'w1 pending subscribe'));
    await rig.winfo(subscribe, winfo(2, 'partial', 'w1 waiting timeout'));
    assert.deepEqual(rig.told(), []);
    rig.user('subscribed', JULIET, ROMEO);
    await rig.winfo(subscribe, winfo(3, 'partial', 'w1 active approved'));
    assert.deepEqual(rig.told(), []);
  });

  play('CSP-14: one who gave up waits as well', async (rig) => {
    const { winfo: subscribe } = await published(rig);
    await rig.winfo(subscribe, winfo(0, 'full', 'w1 waiting timeout'));
    assert.deepEqual(rig.told(), [`subscribe ${ROMEO} → ${JULIET}`]);
  });

  play('CSP-15: terminated: told only when he was refused or there is nobody', async (rig) => {
    const { winfo: subscribe } = await published(rig);
    await rig.winfo(
      subscribe,
      winfo(
        ...([0, 'full'] as const),
        'w1 active subscribe',
        'w2 active subscribe sip:paris@example.net',
        'w3 active subscribe sip:tybalt@example.net',
      ),
    );
    assert.deepEqual(rig.told(), []);
    await rig.winfo(
      subscribe,
      winfo(
        ...([1, 'partial'] as const),
        'w1 terminated timeout',
        'w2 terminated rejected sip:paris@example.net',
        'w3 terminated noresource sip:tybalt@example.net',
      ),
    );
    assert.deepEqual(rig.told(), [
      `unsubscribe paris@example.net → ${JULIET}`,
      `unsubscribe tybalt@example.net → ${JULIET}`,
    ]);
  });

  play('CSP-16: a state that is missing is asked for', async (rig) => {
    const { winfo: subscribe } = await published(rig);
    await rig.winfo(subscribe, winfo(0, 'full'));
    await rig.advance(40 * SECOND);
    await rig.winfo(subscribe, winfo(2, 'partial', 'w1 pending subscribe'));
    const refresh = await rig.next('SUBSCRIBE');
    assert.equal(header(refresh, 'call-id'), header(subscribe, 'call-id'));
    assert.equal(await rig.winfo(subscribe, '<watcherinfo'), 400);
  });

  play(
    'a watcher whom XMPP has no name for is nobody to ask about; another’s list is refused',
    async (rig) => {
      const { winfo: subscribe } = await published(rig);
      await rig.winfo(subscribe, winfo(0, 'full', 'w1 pending subscribe sip:eve@evil.example'));
      const other = winfo(1, 'full', 'w2 pending subscribe').replace(JULIET, 'nurse@example.com');
      assert.equal(await rig.winfo(subscribe, other), 400);
      assert.deepEqual(rig.told(), []);
      assert.equal(rig.count('unasked'), 1);
    },
  );

  play('a link was down: she is asked when it is up', async (rig) => {
    const { winfo: subscribe } = await published(rig);
    rig.linkDown();
    await rig.winfo(subscribe, winfo(0, 'full', 'w1 pending subscribe'));
    rig.linkUp();
    assert.deepEqual(rig.told(), [`probe example.net → ${JULIET}`, `subscribe ${ROMEO} → ${JULIET}`]);
  });

  play(
    'CSP-10: she goes: unsubscribed; a server that does not tell is asked again when she comes',
    async (rig) => {
      const { winfo: subscribe } = await published(rig);
      await rig.winfo(subscribe, winfo(0, 'full'));
      rig.user('unavailable');
      const last = await rig.next('SUBSCRIBE');
      assert.equal(header(last, 'expires'), '0');
      await rig.published(200, 't2');
      await rig.winfo(last, winfo(1, 'full'), { state: 'terminated;reason=timeout' });
      rig.server.answer = (request) => (request.startLine.startsWith('PUBLISH') ? undefined : 489);
      rig.user('available');
      await rig.published(200, 't3');
      await rig.next('SUBSCRIBE');
      await settle();
      assert.equal(rig.count('unwatched'), 1);
      rig.user(undefined, `${JULIET}/balcony`, 'example.net', 'away');
      await rig.published(200, 't4');
      await rig.silence();
    },
  );

  play(
    'NOTIFY in her name, in no dialog of ours: 481; of an XMPP domain without a server: 403',
    async (rig) => {
      const { winfo: subscribe } = await published(rig);
      assert.equal(await rig.winfo(subscribe, winfo(0, 'full'), { callId: 'another' }), 481);
      const forged = await rig.phone.ask(
        { method: 'NOTIFY', from: '<sip:x@other.example>', headers: [['Event', 'presence.winfo']] },
        rig.port,
      );
      assert.equal(statusOf(forged), 403);
    },
  );
});

describe('her contacts', () => {
  play('CSP-17, CSP-18: her subscriptions go by her presence server', async (rig) => {
    rig.user('subscribe', JULIET, ROMEO);
    const subscribe = await rig.next('SUBSCRIBE');
    assert.equal(subscribe.startLine, `SUBSCRIBE sip:${ROMEO} SIP/2.0`);
    assert.equal(header(subscribe, 'event'), 'presence');
    assert.equal(header(subscribe, 'route'), `<${rig.serverUri}>`);
    assert.equal(await rig.server.notify(subscribe, { ...ROMEO_TELLS, body: pidf('phone') }), 200);
    assert.deepEqual(rig.told().slice(1), [
      `subscribed ${ROMEO} → ${JULIET}`,
      `available ${ROMEO}/phone → ${JULIET}`,
    ]);
    rig.user('unsubscribe', JULIET, ROMEO);
    const last = await rig.next('SUBSCRIBE');
    assert.equal(header(last, 'expires'), '0');
    assert.equal(header(last, 'call-id'), header(subscribe, 'call-id'));
    assert.equal(rig.phone.requests.all.length, 0);
  });

  play(
    'a contact with a presence server: asked there, whoever asks',
    async (rig) => {
      rig.user('subscribe', JULIET, ROMEO);
      const subscribe = await rig.next('SUBSCRIBE');
      assert.equal(header(subscribe, 'route'), `<${rig.serverUri}>`);
      assert.equal(rig.phone.requests.all.length, 0);
    },
    {
      xmpp: () => ({ model: 'end-to-end' }),
      sip: (server) => ({ model: 'presence-server', server }),
    },
  );

  play(
    'neither has one: end to end',
    async (rig) => {
      rig.user('subscribe', JULIET, ROMEO);
      const subscribe = await rig.phone.requests.next('SUBSCRIBE');
      assert.equal(subscribe.startLine, `SUBSCRIBE sip:${ROMEO} SIP/2.0`);
      assert.ok(!has(subscribe, 'route'));
    },
    { xmpp: () => ({ model: 'end-to-end' }) },
  );
});
