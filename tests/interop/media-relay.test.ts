// Session descriptions of calls through a real rtpengine (10.5): a desk phone with plain RTP or SDES and a chat client with ICE and
// DTLS-SRTP, both ways; instances that die. The descriptions are recorded ones of baresip, linphone and Chromium; what comes out
// is read by our parser and by what each side needs (SDP-06, SDP-12, SDP-22 to SDP-25, RFC 3264 §6).
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import {
  concatBytes,
  Counters,
  latin1Bytes,
  latin1Text,
  SecureRandom,
  silentLog,
  TimerWheel,
} from '../../src/base/index.ts';
import { formatBencode, openNgSocket } from '../../src/edge/rtpengine/index.ts';
import type { MediaPath, PathResult } from '../../src/gateway/calls/media-path.ts';
import { MediaRelays } from '../../src/gateway/calls/media-relays.ts';
import type { ConfiguredRelay, ConfiguredRelayRule } from '../../src/gateway/config/schema-relay.ts';
import { lacksWebrtc } from '../../src/interwork/call/index.ts';
import {
  candidatesOf,
  cryptosOf,
  hasAttribute,
  parseSdp,
  setupOf,
  type SessionDescription,
} from '../../src/sdp/index.ts';
import { freeAddress } from '../peers/ports.ts';
import { Rtpengine } from '../peers/rtpengine.ts';
import { TempFolder } from '../peers/temp-folder.ts';
import { mustBecome } from '../peers/wait.ts';
import { recordedDescriptions } from '../sdp/bodies.ts';

const PORT = 2223;
const recorded = recordedDescriptions();

function description(name: string): SessionDescription {
  const parsed = parseSdp(recorded.get(name) ?? '');
  assert.ok(parsed.ok);
  return parsed.value;
}

const PLAIN_OFFER = description('baresip-call-plain-rtp-1.txt');
const SDES_OFFER = description('baresip-call-srtp-mand-1.txt');
const WEBRTC_OFFER = description('chromium-stanza-offer.txt');
/** Of Chromium to what rtpengine made of a plain offer, and of a phone to what it made of Chromium's. */
const WEBRTC_ANSWER = description('rtpengine-plain-to-webrtc-3.txt');
const PLAIN_ANSWER = description('rtpengine-webrtc-to-plain-3.txt');

const ANYBODY: ConfiguredRelayRule = { sip: '*', xmpp: '*', profile: 'webrtc-to-rtp', when: 'needed' };
const PARTIES = { sipDomain: 'example.net', xmppDomain: 'example.org' };

class World {
  readonly #timers = new TimerWheel(() => performance.now(), { tickMs: 10 });
  readonly #interval = setInterval(() => this.#timers.advance(), 10);
  readonly counters = new Counters();
  readonly #env = {
    timers: this.#timers,
    random: new SecureRandom(),
    log: silentLog,
    counters: this.counters,
  };
  readonly relays: MediaRelays;

  constructor(config: ConfiguredRelay | undefined) {
    this.relays = new MediaRelays(this.#env, config);
  }

  path(callId = 'call-1@10.0.0.5'): MediaPath {
    return this.relays.begin({ ...PARTIES, callId });
  }

  /** What rtpengine knows of its calls, by a question of our own; with one cookie it would repeat its answer. */
  async knows(host: string, callId: string): Promise<boolean> {
    const answer = await new Promise<string>((resolve) => {
      const socket = openNgSocket(host, PORT, {
        message: (octets) => {
          socket.close();
          resolve(latin1Text(octets));
        },
        error: (error) => resolve(error.message),
      });
      socket.send(
        concatBytes([
          latin1Bytes(`${this.#env.random.base32(16)} `),
          formatBencode({ command: 'query', 'call-id': callId }),
        ]),
      );
    });
    return answer.includes('6:result2:ok');
  }

  close(): void {
    this.relays.stop();
    clearInterval(this.#interval);
  }
}

async function taken(result: PathResult | Promise<PathResult>): Promise<SessionDescription> {
  const value = await result;
  assert.ok(value.ok, value.ok ? '' : value.error.warning);
  return value.value;
}

function only(found: SessionDescription) {
  assert.equal(found.media.length, 1);
  const [medium] = found.media;
  assert.ok(medium !== undefined);
  return medium;
}

/** An offer or answer that a browser takes: RFC 8835, XEP-0320. */
function isWebrtc(found: SessionDescription, address: string): void {
  const medium = only(found);
  assert.ok(!lacksWebrtc(found));
  assert.equal(medium.protocol, 'UDP/TLS/RTP/SAVPF');
  assert.ok(hasAttribute(medium, 'rtcp-mux'));
  assert.deepEqual(cryptosOf(medium), []);
  assert.deepEqual(
    candidatesOf(medium).map((each) => [each.address, each.port]),
    [[address, medium.port]],
  );
}

/** What a phone without ICE takes, at the relay's address. */
function isPlain(found: SessionDescription, address: string, protocol = 'RTP/AVP'): void {
  const medium = only(found);
  assert.equal(medium.protocol, protocol);
  assert.equal((medium.connections[0] ?? found.connection)?.address, address);
  assert.notEqual(medium.port, 0);
  for (const name of ['ice-ufrag', 'ice-pwd', 'candidate']) assert.ok(!hasAttribute(medium, name), name);
}

describe('rtpengine', () => {
  const folder = new TempFolder('media-relay');
  let first: Rtpengine;
  let second: Rtpengine;
  let world: World;

  before(async () => {
    const [a, b] = [await freeAddress(PORT), await freeAddress(PORT)];
    first = new Rtpengine({ folder: folder.path, address: a, port: PORT });
    second = new Rtpengine({ folder: folder.path, address: b, port: PORT });
    await Promise.all([first.start(), second.start()]);
  });
  after(async () => {
    await Promise.all([first.stop(), second.stop()]);
    folder.remove();
  });

  const at = (...all: Rtpengine[]) => all.map(({ options: { address } }) => ({ host: address, port: PORT }));
  const opened = (...rules: Partial<ConfiguredRelayRule>[]): void => {
    world = new World({ instances: at(first), rules: rules.map((rule) => ({ ...ANYBODY, ...rule })) });
  };
  const closes = (): void => after(() => world.close());
  closes();
  beforeEach(() => world?.close());

  test('SDP-30: a phone with plain RTP calls: WebRTC for the chat client, and its answer as plain RTP', async () => {
    opened({});
    const path = world.path();
    const offer = await taken(path.fromSip('offer', PLAIN_OFFER, { tag: 'phone' }));
    isWebrtc(offer, first.options.address);
    assert.equal(setupOf(offer, only(offer)), 'actpass');
    assert.deepEqual(only(offer).formats, only(PLAIN_OFFER).formats);
    const answer = await taken(path.toSip('answer', WEBRTC_ANSWER, { tag: 'phone' }));
    isPlain(answer, first.options.address);
    assert.equal(world.relays.size, 1);
    const kept = path.kept();
    assert.ok(kept !== undefined);
    assert.ok(await world.knows(first.options.address, kept.callId));
    path.end();
    await mustBecome('deleted', async () => !(await world.knows(first.options.address, kept.callId)), 15_000);
    await mustBecome('released', () => world.relays.size === 0, 15_000);
  });

  test('SDP-22: a phone with keys in its description hears keys in the answer', async () => {
    opened({});
    const path = world.path();
    isWebrtc(await taken(path.fromSip('offer', SDES_OFFER, { tag: 'phone' })), first.options.address);
    const answer = await taken(path.toSip('answer', WEBRTC_ANSWER, { tag: 'phone' }));
    isPlain(answer, first.options.address, only(SDES_OFFER).protocol);
    assert.equal(cryptosOf(only(answer)).length, 1);
    path.end();
  });

  test('a phone with ICE and DTLS-SRTP is left alone', async () => {
    opened({});
    const path = world.path();
    const offer = description('baresip-call-ice-dtls_srtp-1.txt');
    assert.equal(await taken(path.fromSip('offer', offer, { tag: 'phone' })), offer);
    assert.equal(await taken(path.toSip('answer', WEBRTC_ANSWER, { tag: 'phone' })), WEBRTC_ANSWER);
    assert.equal(world.relays.size, 0);
  });

  test('a chat client calls: first as it is; after 488 the same offer as plain RTP, and WebRTC back', async () => {
    opened({});
    const path = world.path();
    assert.equal(await taken(path.toSip('offer', WEBRTC_OFFER, {})), WEBRTC_OFFER);
    assert.ok(path.again(488));
    isPlain(await taken(path.toSip('offer', WEBRTC_OFFER, {})), first.options.address);
    assert.ok(!path.again(488), 'once');
    const answer = await taken(path.fromSip('answer', PLAIN_ANSWER, { tag: 'callee' }));
    isWebrtc(answer, first.options.address);
    // RFC 8842 §5.3: an answer is active or passive.
    assert.equal(setupOf(answer, only(answer)), 'passive');
    path.end();
  });

  test('with "always" at once; a change by either side stays at the relay, by the same address', async () => {
    opened({ when: 'always' });
    const path = world.path();
    const offer = await taken(path.toSip('offer', WEBRTC_OFFER, {}));
    isPlain(offer, first.options.address);
    const answer = await taken(path.fromSip('answer', PLAIN_ANSWER, { tag: 'callee' }));
    isWebrtc(answer, first.options.address);
    const bySip = await taken(path.fromSip('offer', PLAIN_OFFER, { tag: 'callee' }));
    isWebrtc(bySip, first.options.address);
    assert.equal(only(bySip).port, only(answer).port);
    isPlain(await taken(path.toSip('answer', WEBRTC_ANSWER, { tag: 'callee' })), first.options.address);
    const byXmpp = await taken(path.toSip('offer', WEBRTC_OFFER, { tag: 'callee' }));
    assert.equal(only(byXmpp).port, only(offer).port);
    isWebrtc(await taken(path.fromSip('answer', PLAIN_ANSWER, { tag: 'callee' })), first.options.address);
    path.end();
  });

  test('CALL-28: two forks answer; what the second one says counts', async () => {
    opened({ when: 'always' });
    const path = world.path();
    await taken(path.toSip('offer', WEBRTC_OFFER, {}));
    isWebrtc(await taken(path.fromSip('answer', PLAIN_ANSWER, { tag: 'one' })), first.options.address);
    isWebrtc(await taken(path.fromSip('answer', PLAIN_ANSWER, { tag: 'two' })), first.options.address);
    path.end();
  });

  const profiles: [ConfiguredRelayRule['profile'], (found: SessionDescription, address: string) => void][] = [
    ['webrtc-to-rtp', (found, address) => isPlain(found, address)],
    [
      'webrtc-to-srtp',
      (found, address) => {
        isPlain(found, address, 'RTP/SAVP');
        const suites = cryptosOf(only(found)).map(({ suite }) => suite);
        assert.ok(suites.includes('AES_CM_128_HMAC_SHA1_80') && suites.includes('AES_CM_128_HMAC_SHA1_32'));
        assert.ok(
          !suites.some((suite) => suite.startsWith('NULL') || suite.startsWith('F8')),
          suites.join(' '),
        );
      },
    ],
    [
      'webrtc-to-dtls-srtp',
      (found, address) => {
        isPlain(found, address, 'UDP/TLS/RTP/SAVP');
        assert.ok(hasAttribute(only(found), 'fingerprint'));
        assert.equal(setupOf(found, only(found)), 'actpass');
      },
    ],
    ['webrtc-to-webrtc', isWebrtc],
  ];
  for (const [profile, holds] of profiles) {
    test(`profile ${profile}: what the SIP side is offered`, async () => {
      opened({ profile, when: 'always' });
      const path = world.path();
      holds(await taken(path.toSip('offer', WEBRTC_OFFER, {})), first.options.address);
      path.end();
    });
  }

  test('an instance dies in mid-call: a change is refused honestly, new calls go to the other one', async () => {
    world = new World({ instances: at(first, second), rules: [ANYBODY] });
    const paths = [world.path('one'), world.path('two')];
    const hosts: string[] = [];
    for (const path of paths) {
      await taken(path.fromSip('offer', PLAIN_OFFER, { tag: 'phone' }));
      await taken(path.toSip('answer', WEBRTC_ANSWER, { tag: 'phone' }));
      hosts.push(path.kept()?.instance ?? '');
    }
    assert.equal(new Set(hosts).size, 2, 'they take turns');
    await second.kill();
    const [dead, alive] =
      hosts[0]?.startsWith(`${second.options.address}:`) === true ? paths : paths.toReversed();
    const change = await dead?.fromSip('offer', PLAIN_OFFER, { tag: 'phone' });
    assert.deepEqual(change, {
      ok: false,
      error: { status: 488, warning: 'The media relay of this call is not available' },
    });
    assert.ok(alive !== undefined);
    isWebrtc(await taken(alive.fromSip('offer', PLAIN_OFFER, { tag: 'phone' })), first.options.address);
    for (const callId of ['three', 'four']) {
      const path = world.path(callId);
      isWebrtc(await taken(path.fromSip('offer', PLAIN_OFFER, { tag: 'phone' })), first.options.address);
      path.end();
    }
    for (const path of paths) path.end();
    await mustBecome('nothing is held', () => world.relays.size === 0, 15_000);
    await second.start();
  });

  test('all are dead: 488 with a Warning, and no call is held', async () => {
    const nobody = { host: await freeAddress(PORT), port: PORT };
    world = new World({ instances: [nobody], rules: [ANYBODY] });
    const path = world.path();
    const refused = { ok: false, error: { status: 488, warning: 'No media relay is available' } };
    assert.deepEqual(await path.fromSip('offer', PLAIN_OFFER, { tag: 'phone' }), refused);
    assert.equal(path.warning(488), 'No media relay is available');
    assert.equal(path.kept(), undefined);
    const outgoing = world.path();
    assert.equal(await taken(outgoing.toSip('offer', WEBRTC_OFFER, {})), WEBRTC_OFFER);
    assert.ok(outgoing.again(488));
    assert.deepEqual(await outgoing.toSip('offer', WEBRTC_OFFER, {}), refused);
    assert.equal(world.relays.size, 0);
    // Whom it does not concern goes on.
    const offer = description('baresip-call-ice-dtls_srtp-1.txt');
    assert.equal(await taken(world.path().fromSip('offer', offer, { tag: 'phone' })), offer);
  });

  test('after a restart of the gateway a call goes on at its instance, and is deleted there', async () => {
    opened({});
    const path = world.path();
    const offer = await taken(path.fromSip('offer', PLAIN_OFFER, { tag: 'phone' }));
    await taken(path.toSip('answer', WEBRTC_ANSWER, { tag: 'phone' }));
    const kept = path.kept();
    assert.ok(kept !== undefined);
    world.close();
    opened({});
    const later = world.relays.restore(JSON.parse(JSON.stringify(kept)));
    assert.deepEqual(later.kept(), kept);
    const again = await taken(later.fromSip('offer', PLAIN_OFFER, { tag: 'phone' }));
    assert.equal(only(again).port, only(offer).port);
    later.end();
    await mustBecome('deleted', async () => !(await world.knows(first.options.address, kept.callId)), 15_000);
  });
});

test('a relay with two interfaces: each side has its own address', async () => {
  const folder = new TempFolder('media-relay-interfaces');
  const [inner, outer] = [await freeAddress(PORT), await freeAddress(PORT)];
  const relay = new Rtpengine({
    folder: folder.path,
    address: inner,
    port: PORT,
    interfaces: { inner, outer },
  });
  await relay.start();
  const rule: ConfiguredRelayRule = { ...ANYBODY, interfaces: { sip: 'inner', xmpp: 'outer' } };
  const world = new World({ instances: [{ host: inner, port: PORT }], rules: [rule] });
  try {
    const path = world.path();
    isWebrtc(await taken(path.fromSip('offer', PLAIN_OFFER, { tag: 'phone' })), outer);
    isPlain(await taken(path.toSip('answer', WEBRTC_ANSWER, { tag: 'phone' })), inner);
    const outgoing = world.path('another');
    await taken(outgoing.toSip('offer', WEBRTC_OFFER, {}));
    assert.ok(outgoing.again(606));
    isPlain(await taken(outgoing.toSip('offer', WEBRTC_OFFER, {})), inner);
    isWebrtc(await taken(outgoing.fromSip('answer', PLAIN_ANSWER, { tag: 'callee' })), outer);
  } finally {
    world.close();
    await relay.stop();
    folder.remove();
  }
});
