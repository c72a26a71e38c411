// The media path of a call against an rtpengine that is a table here: which tags and names go to it, what is refused and with which
// Warning, and what is left. With a real one: tests/interop/media-relay.test.ts.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  Counters,
  latin1Bytes,
  latin1Text,
  SeededRandom,
  silentLog,
  VirtualTime,
} from '../../../src/base/index.ts';
import { formatBencode, parseBencode, type OpenNgSocket } from '../../../src/edge/rtpengine/index.ts';
import { MediaRelays } from '../../../src/gateway/calls/media-relays.ts';
import type { ConfiguredRelayRule } from '../../../src/gateway/config/schema-relay.ts';
import { formatSdp, parseSdp, type SessionDescription } from '../../../src/sdp/index.ts';
import { recordedDescriptions } from '../../sdp/bodies.ts';

function description(name: string): SessionDescription {
  const parsed = parseSdp(recordedDescriptions().get(name) ?? '');
  assert.ok(parsed.ok);
  return parsed.value;
}

const PLAIN = description('baresip-call-plain-rtp-1.txt');
const WEBRTC = description('chromium-offer.txt');
const RULE: ConfiguredRelayRule = { sip: '*', xmpp: '*', profile: 'webrtc-to-rtp', when: 'needed' };
/** What the relay makes of everything. */
const RELAYED = description('rtpengine-plain-to-webrtc-2.txt');

type Request = Readonly<Record<string, string>>;

class Stage {
  readonly requests: Request[] = [];
  readonly counters = new Counters();
  readonly time = new VirtualTime();
  answer: () => Readonly<Record<string, string>> = () => ({ result: 'ok', sdp: formatSdp(RELAYED) });
  readonly relays: MediaRelays;

  constructor(...rules: ConfiguredRelayRule[]) {
    const open: OpenNgSocket = (_host, _port, handlers) => ({
      send: (datagram) => {
        const space = datagram.indexOf(0x20);
        const parsed = parseBencode(datagram.subarray(space + 1));
        assert.ok(parsed.ok && parsed.value instanceof Map);
        const texts = [...parsed.value].flatMap(([key, value]) =>
          value instanceof Uint8Array ? [[key, latin1Text(value)]] : [],
        );
        const request: Request = Object.fromEntries(texts);
        if (request['command'] === 'ping') return;
        this.requests.push(request);
        const body = formatBencode(this.answer());
        const head = latin1Bytes(latin1Text(datagram, 0, space + 1));
        queueMicrotask(() => handlers.message(new Uint8Array([...head, ...body])));
      },
      close: () => {},
    });
    this.relays = new MediaRelays(
      {
        timers: this.time.timers,
        random: new SeededRandom(3),
        log: silentLog,
        counters: this.counters,
        open,
      },
      rules.length === 0 ? undefined : { instances: [{ host: '10.0.0.7', port: 2223 }], rules },
    );
  }

  begin(sipDomain = 'example.net', xmppDomain = 'example.org') {
    return this.relays.begin({ sipDomain, xmppDomain, callId: 'abc@10.0.0.5' });
  }

  /** Commands with "from-tag" and "to-tag"; ours is the word "xmpp". */
  tags(): (string | undefined)[][] {
    const name = (tag: string | undefined): string | undefined =>
      tag?.startsWith('xmpp-') === true ? 'xmpp' : tag;
    return this.requests.map((each) => [each['command'], name(each['from-tag']), name(each['to-tag'])]);
  }
}

test('rtpengine README, "from-tag": who made the offer, in its answer as well', async () => {
  const stage = new Stage(RULE);
  const path = stage.begin();
  await path.fromSip('offer', PLAIN, { tag: 'phone' });
  await path.toSip('answer', WEBRTC, { tag: 'phone' });
  await path.toSip('offer', WEBRTC, { tag: 'phone' });
  await path.fromSip('answer', PLAIN, { tag: 'phone' });
  path.end();
  path.end();
  await Promise.resolve();
  assert.deepEqual(stage.tags(), [
    ['offer', 'phone', undefined],
    ['answer', 'phone', 'xmpp'],
    ['offer', 'xmpp', 'phone'],
    ['answer', 'xmpp', 'phone'],
    ['delete', undefined, undefined],
  ]);
  assert.equal(new Set(stage.requests.map((each) => each['call-id'])).size, 1);
});

test('two calls with one Call-ID are two at the relay', async () => {
  const stage = new Stage(RULE);
  for (const path of [stage.begin(), stage.begin()]) await path.fromSip('offer', PLAIN, { tag: 'same' });
  const names = stage.requests.map((each) => each['call-id'] ?? '');
  assert.equal(new Set(names).size, 2);
  for (const name of names) assert.ok(name.startsWith('abc@10.0.0.5/'));
});

test('the first rule that fits decides; who has none is left alone', async () => {
  const never = { ...RULE, sip: 'b.example' };
  const stage = new Stage({ ...RULE, sip: '*.example.net', when: 'always' }, never);
  const goes = async (sip: string, offer: SessionDescription): Promise<boolean> => {
    const before = stage.requests.length;
    await stage.begin(sip).fromSip('offer', offer, { tag: 'x' });
    return stage.requests.length > before;
  };
  assert.ok(await goes('a.example.net', WEBRTC));
  assert.ok(await goes('b.example', PLAIN));
  assert.ok(!(await goes('b.example', WEBRTC)));
  assert.ok(!(await goes('example.net', PLAIN)));
});

describe('refusals', () => {
  test('rtpengine refuses: 488, and the call there is deleted', async () => {
    const stage = new Stage(RULE);
    stage.answer = () => ({ result: 'error', 'error-reason': 'Error rewriting SDP' });
    const path = stage.begin();
    const warning = 'The media relay does not take this session description';
    assert.deepEqual(await path.fromSip('offer', PLAIN, { tag: 'x' }), {
      ok: false,
      error: { status: 488, warning },
    });
    assert.equal(path.kept(), undefined);
    await Promise.resolve();
    assert.deepEqual(stage.tags().at(-1), ['delete', undefined, undefined]);
    assert.match(stage.counters.text(), /stoxgate_media_relay_calls_total\{outcome="refused"\} 1/);
  });

  test('an answer that is no session description is a refusal', async () => {
    const stage = new Stage(RULE);
    stage.answer = () => ({ result: 'ok', sdp: 'nothing' });
    const result = await stage.begin().fromSip('offer', PLAIN, { tag: 'x' });
    assert.equal(!result.ok && result.error.status, 488);
  });

  const warnings: [string, ConfiguredRelayRule[], SessionDescription, number, string | undefined][] = [
    [
      'no rule, a plain offer, 488',
      [],
      PLAIN,
      488,
      'The XMPP client needs ICE and DTLS-SRTP, and there is no media relay',
    ],
    ['no rule, a plain offer, 486', [], PLAIN, 486, undefined],
    ['no rule, an offer with all, 488', [], WEBRTC, 488, undefined],
    ['a relay, a plain offer, 488', [RULE], PLAIN, 488, undefined],
  ];
  for (const [what, rules, offer, status, warning] of warnings) {
    test(`Warning (RFC 3261 §20.43): ${what}`, async () => {
      const path = new Stage(...rules).begin();
      assert.ok((await path.fromSip('offer', offer, { tag: 'x' })).ok);
      assert.equal(path.warning(status), warning);
    });
  }

  test('without a rule nothing is tried again', () => {
    const path = new Stage().begin();
    void path.toSip('offer', WEBRTC, {});
    assert.ok(!path.again(488));
  });
});

test('a call that ends while the relay is asked leaves nothing there', async () => {
  const stage = new Stage(RULE);
  const path = stage.begin();
  const pending = path.fromSip('offer', PLAIN, { tag: 'x' });
  path.end();
  await pending;
  for (let n = 0; n < 10; n++) await Promise.resolve();
  assert.deepEqual(
    stage.tags().map(([command]) => command),
    ['offer', 'delete'],
  );
  assert.equal(stage.relays.size, 0);
});

test('after a restart without its instance every change is refused, and the end is quiet', async () => {
  const stage = new Stage(RULE);
  const path = stage.relays.restore({
    ...{
      instance: '10.0.0.99:2223',
      callId: 'c/x',
      xmppTag: 'xmpp-1',
      sipTag: 'phone',
      profile: 'webrtc-to-rtp',
    },
  });
  const warning = 'The media relay of this call is not available';
  assert.deepEqual(await path.fromSip('offer', PLAIN, { tag: 'phone' }), {
    ok: false,
    error: { status: 488, warning },
  });
  path.end();
  assert.equal(stage.requests.length, 0);
});
