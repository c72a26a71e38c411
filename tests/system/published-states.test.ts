// Phones publish to the gateway, which is their compositor (RFC 3903 §6; row CSP-19, PRES-57): real datagrams, time moved by
// hand, and XMPP users who watch.

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { header, statusOf, type SipText } from '../peers/sip-text.ts';
import { pidf } from './presence-rig.ts';
import {
  HOUR,
  JULIET,
  play as playWith,
  ROMEO,
  SECOND,
  type PublishRig,
  type PublishRigOptions,
} from './publish-rig.ts';
import { settle } from './watch-rig.ts';

const play = (
  name: string,
  act: (rig: PublishRig) => Promise<void>,
  bounds: PublishRigOptions['bounds'] = {},
): void =>
  playWith(name, act, {
    bounds,
    sip: () => ({ model: 'published' }),
    xmpp: () => ({ model: 'end-to-end' }),
  });

interface Parts {
  readonly tag?: string;
  readonly expires?: string | null;
  readonly event?: string | null;
  readonly body?: string;
  readonly contentType?: string;
  readonly uri?: string;
  readonly from?: string;
  readonly headers?: readonly (readonly [string, string])[];
}

async function publish(rig: PublishRig, parts: Parts = {}): Promise<SipText> {
  const { tag, expires = '600', event = 'presence', body, uri = `sip:${ROMEO}` } = parts;
  const response = await rig.phone.ask(
    {
      method: 'PUBLISH',
      uri,
      from: parts.from ?? `<sip:${ROMEO}>`,
      to: `<${uri}>`,
      contentType: parts.contentType ?? 'application/pidf+xml',
      ...(body === undefined ? {} : { body }),
      headers: [
        ...(event === null ? [] : ([['Event', event]] as const)),
        ...(expires === null ? [] : ([['Expires', expires]] as const)),
        ...(tag === undefined ? [] : ([['SIP-If-Match', tag]] as const)),
        ...(parts.headers ?? []),
      ],
    },
    rig.port,
  );
  await settle();
  return response;
}

const tagOf = (response: SipText): string => {
  assert.equal(statusOf(response), 200);
  return header(response, 'sip-etag');
};
const status = async (rig: PublishRig, parts: Parts): Promise<number | undefined> =>
  statusOf(await publish(rig, parts));
/** From Romeo to Juliet. */
const line = (type: string, resource = ''): string =>
  `${type} ${ROMEO}${resource === '' ? '' : `/${resource}`} → ${JULIET}`;

describe('PUBLISH (RFC 3903 §6)', () => {
  play('initial, refresh, modify, remove (Table 1): each with a new tag', async (rig) => {
    const first = await publish(rig, { body: pidf('phone') });
    const tags = [tagOf(first)];
    assert.equal(header(first, 'expires'), '600');
    assert.ok(!first.headers.has('record-route') && !first.headers.has('contact'), 'Table 2');
    tags.push(tagOf(await publish(rig, { tag: tags[0] ?? '' })));
    tags.push(tagOf(await publish(rig, { tag: tags[1] ?? '', body: pidf('phone=away') })));
    const last = await publish(rig, { tag: tags[2] ?? '', expires: '0' });
    tags.push(tagOf(last));
    assert.equal(header(last, 'expires'), '0');
    assert.equal(new Set(tags).size, 4);
    assert.equal(rig.feature.sizes()['published_states'], 0);
    assert.equal(await status(rig, { tag: tags[2] ?? '' }), 412);
  });

  play('no Expires: an hour; at most an hour', async (rig) => {
    assert.equal(header(await publish(rig, { body: pidf('phone'), expires: null }), 'expires'), '3600');
    assert.equal(header(await publish(rig, { body: pidf('desk'), expires: '86400' }), 'expires'), '3600');
  });

  play('steps 1 to 5: what is refused, and in which order', async (rig) => {
    const good = { body: pidf('phone') };
    for (const [parts, expected] of [
      // Step 1: nobody of ours.
      [{ ...good, uri: 'sip:romeo@other.example' }, 404],
      [{ ...good, uri: 'sip:juliet@example.com' }, 404],
      [{ ...good, uri: 'sip:example.net' }, 404],
      // Everybody speaks for himself.
      [{ ...good, from: '<sip:tybalt@example.net>' }, 403],
      // Step 2, before the tag is looked at.
      [{ ...good, event: null, tag: 'none' }, 489],
      [{ ...good, event: 'dialog' }, 489],
      // Step 3, before the time and the body.
      [{ tag: 'none', expires: '1', body: 'x', contentType: 'text/plain' }, 412],
      [{ ...good, tag: 'two tags' }, 400],
      [{ ...good, tag: 'a', headers: [['SIP-If-Match', 'b']] }, 400],
      // Step 4, before the body.
      [{ body: 'x', contentType: 'text/plain', expires: '59' }, 423],
      // Step 5.
      [{ body: 'x', contentType: 'text/plain' }, 415],
      [{ body: '<presence' }, 400],
      [{ body: pidf('phone').replace(ROMEO, 'tybalt@example.net') }, 400],
      [{}, 400],
    ] satisfies [Parts, number][]) {
      assert.equal(await status(rig, parts), expected, JSON.stringify(parts));
    }
    assert.equal(rig.feature.sizes()['published_states'], 0);
    const badEvent = await publish(rig, { ...good, event: 'dialog' });
    assert.equal(header(badEvent, 'allow-events'), 'presence');
    assert.equal(header(await publish(rig, { ...good, expires: '5' }), 'min-expires'), '60');
    const badType = await publish(rig, { body: 'x', contentType: 'text/plain' });
    assert.match(header(badType, 'accept'), /^application\/pidf\+xml, /);
  });

  play('an unbelieved sender, an unknown coding, a dialog that is none', async (rig) => {
    const good = { body: pidf('phone') };
    assert.equal(await status(rig, { ...good, from: '<sip:romeo@other.example>' }), 403);
    assert.equal(await status(rig, { ...good, headers: [['Content-Encoding', 'gzip']] }), 415);
    assert.equal(await status(rig, { ...good, headers: [['Require', 'x']] }), 420);
    const stray = { method: 'PUBLISH', uri: `sip:${ROMEO}`, to: `<sip:${ROMEO}>;tag=x` };
    assert.equal(statusOf(await rig.phone.ask(stray, rig.port)), 481);
  });

  play('a user has 16 publications at most', async (rig) => {
    for (let i = 0; i < 16; i++) tagOf(await publish(rig, { body: pidf(`phone${i}`) }));
    const more = await publish(rig, { body: pidf('one-too-many') });
    assert.equal(statusOf(more), 480);
    assert.equal(header(more, 'retry-after'), '600');
  });

  play(
    'so many users at once: 503, for whom there is no room',
    async (rig) => {
      const tag = tagOf(await publish(rig, { body: pidf('phone') }));
      const tybalt = { uri: 'sip:tybalt@example.net', from: '<sip:tybalt@example.net>' };
      const body = pidf('phone').replace(ROMEO, 'tybalt@example.net');
      const full = await publish(rig, { ...tybalt, body });
      assert.equal(statusOf(full), 503);
      assert.equal(header(full, 'retry-after'), '60');
      tagOf(await publish(rig, { tag, expires: '0' }));
      tagOf(await publish(rig, { ...tybalt, body }));
    },
    { maxUsers: 1 },
  );

  play(
    'so many octets: 503, until something is removed or has expired',
    async (rig) => {
      const tag = tagOf(await publish(rig, { body: pidf('phone'), expires: '60' }));
      assert.equal(await status(rig, { body: pidf('desk') }), 503);
      // What is there can be refreshed and removed.
      const next = tagOf(await publish(rig, { tag, expires: '60' }));
      assert.equal(await status(rig, { body: pidf('desk') }), 503);
      await rig.advance(61 * SECOND);
      assert.equal(await status(rig, { tag: next }), 412);
      tagOf(await publish(rig, { body: pidf('desk') }));
    },
    { maxOctets: pidf('phone').length + 50 },
  );

  play('the model is another one: 404, and nothing is held', async (rig) => {
    tagOf(await publish(rig, { body: pidf('phone') }));
    rig.reconfigure({
      domains: [{ home: 'sip', sip: 'example.net', xmpp: 'example.net' }],
      presence: { model: 'end-to-end' },
    });
    assert.equal(rig.feature.sizes()['published_states'], 0);
    assert.equal(await status(rig, { body: pidf('phone') }), 404);
  });
});

describe('what watchers see (PRES-57)', () => {
  play(
    'a subscriber sees at once what is there, and each change; nobody is sent a SUBSCRIBE',
    async (rig) => {
      const tag = tagOf(await publish(rig, { body: pidf('phone') }));
      rig.user('subscribe', JULIET, ROMEO);
      assert.deepEqual(rig.told(), [line('subscribed'), line('available', 'phone')]);
      const next = tagOf(await publish(rig, { tag, body: pidf('phone=away', 'desk') }));
      assert.deepEqual(rig.told(), [line('away', 'phone'), line('available', 'desk')]);
      // §4.3: a refresh changes nothing.
      const last = tagOf(await publish(rig, { tag: next }));
      assert.deepEqual(rig.told(), []);
      tagOf(await publish(rig, { tag: last, expires: '0' }));
      assert.deepEqual(rig.told(), [line('unavailable', 'phone'), line('unavailable', 'desk')]);
      rig.user('unsubscribe', JULIET, ROMEO);
      assert.deepEqual(rig.told(), [line('unsubscribed')]);
      assert.equal(rig.feature.sizes()['published_watched'], 0);
      tagOf(await publish(rig, { body: pidf('phone') }));
      await rig.silence();
      assert.equal(rig.phone.requests.all.length, 0);
    },
  );

  play('two phones: both, and equal names are told apart (RFC 3903 §10.4)', async (rig) => {
    rig.user('subscribe', JULIET, ROMEO);
    assert.deepEqual(rig.told(), [line('subscribed'), line('unavailable')]);
    const one = tagOf(await publish(rig, { body: pidf('a1') }));
    tagOf(await publish(rig, { body: pidf('a1=dnd') }));
    assert.deepEqual(rig.told(), [line('available', 'a1'), line('available', 'a1'), line('dnd', 'a1-2')]);
    tagOf(await publish(rig, { tag: one, body: pidf('!a1') }));
    assert.deepEqual(rig.told(), [line('unavailable', 'a1'), line('dnd', 'a1-2')]);
  });

  play('what is not refreshed expires', async (rig) => {
    rig.user('subscribe', JULIET, ROMEO);
    rig.told();
    tagOf(await publish(rig, { body: pidf('phone'), expires: '60' }));
    tagOf(await publish(rig, { body: pidf('desk'), expires: '120' }));
    rig.told();
    await rig.advance(59.9 * SECOND);
    assert.deepEqual(rig.told(), []);
    await rig.advance(0.2 * SECOND);
    assert.deepEqual(rig.told(), [line('available', 'desk'), line('unavailable', 'phone')]);
    await rig.advance(60 * SECOND);
    assert.deepEqual(rig.told(), [line('unavailable', 'desk')]);
    assert.equal(rig.feature.sizes()['published_states'], 0);
  });

  play('PRES-17: a probe of somebody who watches not: what is there now', async (rig) => {
    tagOf(await publish(rig, { body: pidf('phone') }));
    rig.user('probe', JULIET, ROMEO);
    assert.deepEqual(rig.told(), [line('available', 'phone')]);
    rig.user('probe', JULIET, 'tybalt@example.net');
    assert.deepEqual(rig.told(), [`unavailable tybalt@example.net → ${JULIET}`]);
  });

  play('PRES-08: within the hour she is asked whether she is still there', async (rig) => {
    tagOf(await publish(rig, { body: pidf('phone'), expires: '3600' }));
    rig.user('subscribe', JULIET, ROMEO);
    rig.told();
    const asked: string[] = [];
    for (let waited = 0; asked.length === 0 && waited < HOUR; waited += 10 * SECOND) {
      rig.time.advance(10 * SECOND);
      asked.push(...rig.told());
    }
    assert.deepEqual(asked, [`probe ${ROMEO} → ${JULIET}`]);
    rig.user('unavailable', JULIET, ROMEO);
    assert.deepEqual(rig.told(), [line('unavailable', 'phone')]);
    // PRES-09: the authorization stays.
    rig.user('available', JULIET, ROMEO);
    assert.deepEqual(rig.told(), [line('available', 'phone')]);
  });

  play('a restart: gone until the phone publishes again, which its 412 makes it do', async (rig) => {
    const tag = tagOf(await publish(rig, { body: pidf('phone') }));
    rig.user('subscribe', JULIET, ROMEO);
    rig.told();
    rig.confirm();
    await rig.restart();
    await rig.advance(SECOND);
    assert.deepEqual(rig.told(), [line('unavailable', 'phone')]);
    assert.equal(await status(rig, { tag }), 412);
    tagOf(await publish(rig, { body: pidf('phone') }));
    assert.deepEqual(rig.told(), [line('available', 'phone')]);
  });
});
