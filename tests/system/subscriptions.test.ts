// The matrix of a subscriber (RFC 6665 §4.1) over real sockets, with the registration package (RFC 3680) as its use. A
// notifier of our own says what each case needs; time is moved by hand.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ok, type Result } from '../../src/base/index.ts';
import type {
  Notification,
  SubscriberHandle,
  SubscriptionUsage,
} from '../../src/gateway/subscriptions/types.ts';
import type { End } from '../../src/sip/index.ts';
import { header, parameter, type SipText } from '../peers/sip-text.ts';
import { Notifier, reginfo, type NotifyParts } from './notifier.ts';
import { settle, WatchRig, type WatchRigOptions } from './watch-rig.ts';

const ROMEO = 'sip:romeo@example.net';
const REGISTERED = `registered ${ROMEO}`;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** 64*T1, for timers F and N; N is a little later here. */
const TIMER_F = 32_000;
const TIMER_N = TIMER_F + 200;

interface Stage {
  readonly rig: WatchRig;
  readonly notifier: Notifier;
}

function play(
  name: string,
  act: (stage: Stage) => Promise<void>,
  options: Partial<WatchRigOptions> = {},
): void {
  test(name, async () => {
    const notifier = await Notifier.open();
    const rig = await WatchRig.start({ registrarPorts: [notifier.port], ...options });
    try {
      await act({ rig, notifier });
    } finally {
      await rig.close();
      await notifier.close();
    }
  });
}

/** Watches Romeo, up to the first NOTIFY, which says that he is not there. */
async function established({ rig, notifier }: Stage, parts: NotifyParts = {}): Promise<SipText> {
  rig.watch.watch(ROMEO);
  const subscribe = await notifier.subscribe();
  await settle();
  const body = reginfo(0, 'full', undefined);
  assert.equal(await notifier.notify(subscribe, { body, ...parts }), 200);
  return subscribe;
}

/** Ends it from our side, and counts what is left. */
async function finish({ rig, notifier }: Stage): Promise<void> {
  rig.watch.unwatch(ROMEO);
  const last = await notifier.subscribe();
  assert.equal(header(last, 'expires'), '0');
  await settle();
  assert.equal(await notifier.notify(last, { state: 'terminated;reason=timeout' }), 200);
  await rig.residue();
}

async function silence({ notifier }: Stage): Promise<void> {
  await settle();
  assert.deepEqual(
    notifier.requests.untaken.map(({ startLine }) => startLine),
    [],
  );
}

const tagOf = (message: SipText, field: 'from' | 'to'): string =>
  parameter(header(message, field), 'tag') ?? '';
const cseqOf = (message: SipText): number => Number(header(message, 'cseq').split(' ')[0]);

describe('a subscription that goes well', () => {
  play('RFC 3680 §6: SUBSCRIBE, the state "init", a registration, and the end', async (stage) => {
    const { rig, notifier } = stage;
    const subscribe = await established(stage);
    assert.equal(subscribe.startLine, `SUBSCRIBE ${ROMEO} SIP/2.0`);
    assert.match(header(subscribe, 'from'), /^<sip:gateway@example\.com>;tag=/);
    assert.equal(header(subscribe, 'to'), `<${ROMEO}>`);
    assert.equal(header(subscribe, 'event'), 'reg');
    assert.equal(header(subscribe, 'accept'), 'application/reginfo+xml');
    assert.equal(header(subscribe, 'expires'), '3600');
    assert.equal(header(subscribe, 'contact'), `<sip:127.0.0.1:${rig.port}>`);
    assert.deepEqual(rig.heard, []);
    assert.equal(await notifier.notify(subscribe, { body: reginfo(1, 'partial', 'active') }), 200);
    assert.deepEqual(rig.heard, [REGISTERED]);
    assert.equal(await notifier.notify(subscribe, { body: reginfo(2, 'partial', 'terminated') }), 200);
    assert.deepEqual(rig.heard, [REGISTERED]);
    await finish(stage);
  });

  play('he is there already: the first NOTIFY says so', async (stage) => {
    await established(stage, { body: reginfo(0, 'full', 'active') });
    assert.deepEqual(stage.rig.heard, [REGISTERED]);
    await finish(stage);
  });

  play('RFC 6665 §4.1.2.4: NOTIFY before the 2xx', async (stage) => {
    const { rig, notifier } = stage;
    notifier.answer = () => undefined;
    rig.watch.watch(ROMEO);
    const subscribe = await notifier.subscribe();
    assert.equal(await notifier.notify(subscribe, { event: 'presence' }), 481);
    assert.equal(await notifier.notify(subscribe, { body: reginfo(0, 'full', 'active') }), 200);
    assert.deepEqual(rig.heard, [REGISTERED]);
    notifier.respond(subscribe, 200);
    notifier.answer = () => 200;
    await settle();
    assert.equal(rig.subscriptions.dialogs, 1);
    await finish(stage);
  });

  play('RFC 6665 §4.1.2.2: refreshed within the dialog before it expires, again and again', async (stage) => {
    const { rig, notifier } = stage;
    const subscribe = await established(stage);
    let last = subscribe;
    for (let round = 1; round <= 3; round++) {
      // Between 75 and 90 % of an hour.
      await rig.advance(0.74 * HOUR);
      await silence(stage);
      await rig.advanceToRequest(0.17 * HOUR);
      const refresh = await notifier.subscribe();
      await settle();
      assert.equal(header(refresh, 'call-id'), header(subscribe, 'call-id'));
      assert.equal(tagOf(refresh, 'from'), tagOf(subscribe, 'from'));
      assert.equal(tagOf(refresh, 'to'), notifier.tag);
      assert.equal(header(refresh, 'event'), 'reg');
      // RFC 3261 §12.2.1.1: increasing by one.
      assert.equal(cseqOf(refresh), cseqOf(last) + 1);
      assert.equal(await notifier.notify(subscribe, { body: reginfo(round, 'full', undefined) }), 200);
      last = refresh;
    }
    await finish(stage);
  });

  play('RFC 6665 §4.1.2.1: the time that the 2xx grants counts, and then that of NOTIFY', async (stage) => {
    const { rig, notifier } = stage;
    notifier.fields = () => [['Expires', '600']];
    await established(stage, { state: 'active' });
    const first = await rig.advanceToRequest(9 * MINUTE + 1000);
    assert.ok(first >= 7.5 * MINUTE);
    await notifier.subscribe();
    await settle();
    notifier.fields = () => [['Expires', '3600']];
    const last = notifier.requests.all[0];
    assert.ok(last);
    assert.equal(await notifier.notify(last, { state: 'active;expires=1200' }), 200);
    const second = await rig.advanceToRequest(18 * MINUTE + 1000);
    assert.ok(second >= 15 * MINUTE);
    await notifier.subscribe();
    await settle();
    assert.equal(await notifier.notify(last), 200);
    await finish(stage);
  });

  play(
    'RFC 3261 §12.2.2: NOTIFY moves the remote target; RFC 6665 §4.4.1: its routes count',
    async (stage) => {
      const { rig, notifier } = stage;
      notifier.fields = () => [
        ['Expires', '3600'],
        ['Record-Route', '<sip:other.example.net;lr>'],
      ];
      const routes = `<sip:127.0.0.1:${notifier.port};lr;a=1>, <sip:p2.example.net;lr>`;
      const subscribe = await established(stage, { headers: [['Record-Route', routes]] });
      const moved = {
        contact: '<sip:moved@192.0.2.7>',
        headers: [['Record-Route', '<sip:p3.example.net;lr>']],
      } as const;
      assert.equal(await notifier.notify(subscribe, moved), 200);
      rig.watch.unwatch(ROMEO);
      const last = await notifier.subscribe();
      assert.equal(last.startLine, 'SUBSCRIBE sip:moved@192.0.2.7 SIP/2.0');
      assert.deepEqual(last.headers.get('route'), [routes]);
      await settle();
      assert.equal(await notifier.notify(subscribe, { state: 'terminated' }), 200);
      await rig.residue();
    },
  );

  play(
    'RFC 3261 §22: a challenge is answered, at the start and at the end',
    async (stage) => {
      const { rig, notifier } = stage;
      const challenged = (request: SipText): boolean => header(request, 'authorization') === '';
      notifier.answer = (request) => (challenged(request) ? 401 : 200);
      notifier.fields = (request) =>
        challenged(request)
          ? [['WWW-Authenticate', 'Digest realm="example.net", nonce="n", qop="auth", algorithm=SHA-256']]
          : [['Expires', '3600']];
      rig.watch.watch(ROMEO);
      const first = await notifier.subscribe();
      const second = await notifier.subscribe();
      assert.equal(cseqOf(second), cseqOf(first) + 1);
      assert.equal(header(second, 'call-id'), header(first, 'call-id'));
      await settle();
      assert.equal(await notifier.notify(second, { body: reginfo(0, 'full', 'active') }), 200);
      rig.watch.unwatch(ROMEO);
      const last = await notifier.subscribe();
      assert.match(header(last, 'authorization'), /nc=00000002/);
      assert.equal(cseqOf(last), cseqOf(second) + 1);
      await settle();
      assert.equal(await notifier.notify(second, { state: 'terminated' }), 200);
      await rig.residue();
    },
    { credentials: [{ realm: 'example.net', user: 'gateway', password: 'secret' }] },
  );
});

describe('2xx and NOTIFY of different forks', () => {
  play('RFC 6665 §5.4.9: a 2xx of another dialog completes the transaction, and no more', async (stage) => {
    const { rig, notifier } = stage;
    notifier.answer = () => undefined;
    rig.watch.watch(ROMEO);
    const subscribe = await notifier.subscribe();
    assert.equal(await notifier.notify(subscribe, { tag: 'one', state: 'active' }), 200);
    notifier.respond(subscribe, 200, [['Expires', '60']]);
    await settle();
    notifier.answer = () => 200;
    const waited = await rig.advanceToRequest(0.9 * HOUR + 1000);
    assert.ok(waited >= 0.75 * HOUR, 'the 60 seconds were those of another dialog');
    assert.equal(tagOf(await notifier.subscribe(), 'to'), 'one');
    assert.equal(await notifier.notify(subscribe, { tag: 'one' }), 200);
    rig.watch.unwatch(ROMEO);
    await notifier.subscribe();
    await settle();
    assert.equal(await notifier.notify(subscribe, { tag: 'one', state: 'terminated' }), 200);
    await rig.residue();
  });
});

describe('credentials', () => {
  test('are for the servers that the operator named, not for where a dialog leads', async () => {
    const notifier = await Notifier.open();
    const elsewhere = await Notifier.open();
    const rig = await WatchRig.start({
      registrarPorts: [notifier.port],
      privateTargets: 'allow',
      credentials: [{ realm: 'example.net', user: 'gateway', password: 'secret' }],
    });
    try {
      elsewhere.answer = () => 401;
      elsewhere.fields = () => [['WWW-Authenticate', 'Digest realm="example.net", nonce="n", qop="auth"']];
      await established({ rig, notifier }, { contact: elsewhere.contact });
      rig.watch.unwatch(ROMEO);
      const last = await elsewhere.subscribe();
      assert.equal(header(last, 'authorization'), '');
      await silence({ rig, notifier: elsewhere });
      await rig.residue();
    } finally {
      await rig.close();
      await notifier.close();
      await elsewhere.close();
    }
  });
});

describe('a registrar of two servers', () => {
  for (const trouble of ['silent', '503'] as const) {
    test(`RFC 3263 §4.3: the first is ${trouble}, the second is asked`, async () => {
      const first = await Notifier.open();
      const notifier = await Notifier.open();
      const rig = await WatchRig.start({ registrarPorts: [first.port, notifier.port] });
      try {
        first.answer = () => (trouble === '503' ? 503 : undefined);
        rig.watch.watch(ROMEO);
        await first.subscribe();
        await settle();
        // Timer F and timer N are equally long: the next target must win.
        if (trouble === 'silent') await rig.advance(TIMER_F + 40);
        const subscribe = await notifier.subscribe();
        await settle();
        assert.equal(await notifier.notify(subscribe, { body: reginfo(0, 'full', 'active') }), 200);
        assert.deepEqual(rig.heard, [REGISTERED]);
        await finish({ rig, notifier });
      } finally {
        await rig.close();
        await first.close();
        await notifier.close();
      }
    });
  }
});

describe('a registrar of two servers, and what the first did before', () => {
  async function pair(
    act: (rig: WatchRig, first: Notifier, second: Notifier) => Promise<void>,
  ): Promise<void> {
    const first = await Notifier.open();
    const second = await Notifier.open();
    const rig = await WatchRig.start({
      registrarPorts: [first.port, second.port],
      credentials: [{ realm: 'example.net', user: 'gateway', password: 'secret' }],
    });
    try {
      await act(rig, first, second);
    } finally {
      await rig.close();
      await first.close();
      await second.close();
    }
  }

  test('it sent NOTIFY, and its 2xx was lost: the second is not asked', () =>
    pair(async (rig, first, second) => {
      first.answer = () => undefined;
      rig.watch.watch(ROMEO);
      const subscribe = await first.subscribe();
      assert.equal(await first.notify(subscribe, { body: reginfo(0, 'full', 'active') }), 200);
      await rig.advance(TIMER_F + 40);
      await silence({ rig, notifier: second });
      assert.equal(rig.subscriptions.dialogs, 1);
      rig.subscriptions.stop();
      await rig.residue();
    }));

  test('RFC 3261 §22.2: it asked for credentials, which took a CSeq, and failed then', () =>
    pair(async (rig, first, second) => {
      first.answer = (request) => (header(request, 'authorization') === '' ? 401 : 503);
      first.fields = () => [['WWW-Authenticate', 'Digest realm="example.net", nonce="n", qop="auth"']];
      rig.watch.watch(ROMEO);
      assert.equal(cseqOf(await first.subscribe()), 1);
      assert.equal(cseqOf(await first.subscribe()), 2);
      const subscribe = await second.subscribe();
      assert.equal(cseqOf(subscribe), 2);
      await settle();
      assert.equal(await second.notify(subscribe), 200);
      await finish({ rig, notifier: second });
    }));
});

describe('refusals of the first SUBSCRIBE', () => {
  play('RFC 6665 §4.2.1.1: 423 is answered with Min-Expires', async (stage) => {
    const { rig, notifier } = stage;
    notifier.answer = (request) => (Number(header(request, 'expires')) < 7200 ? 423 : 200);
    notifier.fields = (request) => [
      ['Min-Expires', '7200'],
      ['Expires', header(request, 'expires')],
    ];
    rig.watch.watch(ROMEO);
    const first = await notifier.subscribe();
    const second = await notifier.subscribe();
    assert.equal(header(second, 'expires'), '7200');
    // RFC 3261 §8.1.3.5: the same Call-ID and tag, the next CSeq.
    assert.equal(header(second, 'call-id'), header(first, 'call-id'));
    assert.equal(tagOf(second, 'from'), tagOf(first, 'from'));
    assert.equal(cseqOf(second), cseqOf(first) + 1);
    await settle();
    assert.equal(await notifier.notify(second, { state: 'active;expires=7200' }), 200);
    notifier.answer = () => 200;
    await finish(stage);
  });

  play('a 423 that never has enough ends it', async (stage) => {
    const { rig, notifier } = stage;
    notifier.answer = () => 423;
    notifier.fields = (request) => [['Min-Expires', String(Number(header(request, 'expires')) + 1)]];
    rig.watch.watch(ROMEO);
    for (const expires of ['3600', '3601', '3602']) {
      assert.equal(header(await notifier.subscribe(), 'expires'), expires);
    }
    await silence(stage);
    await rig.residue();
  });

  for (const status of [403, 405, 489, 501]) {
    play(`${status}: the registrar is not asked again for an hour, for nobody`, async (stage) => {
      const { rig, notifier } = stage;
      notifier.answer = () => status;
      rig.watch.watch(ROMEO);
      await notifier.subscribe();
      await settle();
      assert.deepEqual(rig.heard, ['unsupported example.net']);
      rig.watch.watch('sip:benvolio@example.net');
      await silence(stage);
      await rig.advance(HOUR - 100_000);
      rig.watch.watch(ROMEO);
      await silence(stage);
      await rig.advance(200_000);
      rig.watch.watch(ROMEO);
      await notifier.subscribe();
      await settle();
      assert.deepEqual(rig.heard, ['unsupported example.net', 'unsupported example.net']);
      await rig.residue();
    });
  }

  play('500 with Retry-After: not before, and with a new Call-ID', async (stage) => {
    const { rig, notifier } = stage;
    notifier.answer = () => 500;
    notifier.fields = () => [['Retry-After', '900']];
    rig.watch.watch(ROMEO);
    const first = await notifier.subscribe();
    await settle();
    await rig.advance(899_000);
    await silence(stage);
    notifier.answer = () => 200;
    await rig.advanceToRequest(230_000);
    const second = await notifier.subscribe();
    assert.notEqual(header(second, 'call-id'), header(first, 'call-id'));
    assert.notEqual(tagOf(second, 'from'), tagOf(first, 'from'));
    await settle();
    assert.equal(await notifier.notify(second), 200);
    await finish(stage);
  });

  play('a registrar that is down: the pauses grow up to an hour', async (stage) => {
    const { rig, notifier } = stage;
    notifier.answer = () => 480;
    rig.watch.watch(ROMEO);
    let asked = 0;
    for (let minute = 0; minute < 600; minute++) {
      await new Promise(setImmediate);
      rig.time.advance(MINUTE);
      if (minute % 5 === 0) await settle();
    }
    await settle();
    asked = notifier.requests.all.length;
    // 30 s, 60 s … 3600 s: seven tries in the first hour or so, then about one an hour.
    assert.ok(asked >= 12 && asked <= 20, `${asked} in ten hours`);
    rig.watch.unwatch(ROMEO);
    await rig.residue();
  });
});

describe('timer N', () => {
  play(
    'RFC 6665 §4.1.2.4: a 2xx and no NOTIFY is no subscription; a NOTIFY that comes then is 481',
    async (stage) => {
      const { rig, notifier } = stage;
      rig.watch.watch(ROMEO);
      const subscribe = await notifier.subscribe();
      await settle();
      await rig.advance(TIMER_N);
      assert.equal(rig.subscriptions.dialogs, 0);
      assert.equal(await notifier.notify(subscribe, { body: reginfo(0, 'full', 'active') }), 481);
      assert.deepEqual(rig.heard, []);
      await rig.advanceToRequest(45_000);
      const again = await notifier.subscribe();
      assert.notEqual(header(again, 'call-id'), header(subscribe, 'call-id'));
      await settle();
      assert.equal(await notifier.notify(again), 200);
      await finish(stage);
    },
  );

  play('RFC 6665 §4.1.2.2: no NOTIFY after a refresh ends it; it begins anew', async (stage) => {
    const { rig, notifier } = stage;
    const first = await established(stage);
    await rig.advanceToRequest(0.9 * HOUR + 1000);
    await notifier.subscribe();
    await settle();
    await rig.advance(TIMER_N);
    assert.equal(rig.subscriptions.dialogs, 0);
    await rig.advanceToRequest(45_000);
    const again = await notifier.subscribe();
    assert.notEqual(header(again, 'call-id'), header(first, 'call-id'));
    await settle();
    assert.equal(await notifier.notify(again), 200);
    await finish(stage);
  });

  play('no final NOTIFY after unsubscribing: over all the same', async (stage) => {
    const { rig, notifier } = stage;
    await established(stage);
    rig.watch.unwatch(ROMEO);
    await notifier.subscribe();
    await settle();
    await rig.advance(TIMER_N);
    await rig.residue();
  });
});

describe('refusals of a refresh', () => {
  play('481: the notifier was restarted; a new subscription at once', async (stage) => {
    const { rig, notifier } = stage;
    const first = await established(stage, { body: reginfo(5, 'full', undefined) });
    notifier.answer = (request) => (tagOf(request, 'to') === '' ? 200 : 481);
    notifier.tag = 'restarted';
    await rig.advanceToRequest(0.9 * HOUR + 1000);
    await notifier.subscribe();
    const again = await notifier.subscribe();
    assert.notEqual(header(again, 'call-id'), header(first, 'call-id'));
    assert.equal(tagOf(again, 'to'), '');
    await settle();
    // Its versions begin at 0 again (RFC 3680 §5.1).
    assert.equal(await notifier.notify(again, { body: reginfo(0, 'full', 'active') }), 200);
    assert.deepEqual(rig.heard, [REGISTERED]);
    assert.equal(await notifier.notify(first), 481);
    notifier.answer = () => 200;
    await finish(stage);
  });

  play('500: it is still valid, and tried again; when it expires it begins anew', async (stage) => {
    const { rig, notifier } = stage;
    const first = await established(stage);
    notifier.answer = (request) => (tagOf(request, 'to') === '' ? 200 : 500);
    await rig.advanceToRequest(0.9 * HOUR + 1000);
    await notifier.subscribe();
    await settle();
    const parts = { state: 'active', body: reginfo(1, 'partial', 'active') };
    assert.equal(await notifier.notify(first, parts), 200);
    assert.deepEqual(rig.heard, [REGISTERED]);
    assert.equal(rig.subscriptions.dialogs, 1);
    await rig.advanceToRequest(40_000);
    assert.equal(tagOf(await notifier.subscribe(), 'to'), notifier.tag);
    // More refreshes, each later than the one before, until the hour is over.
    let again: SipText;
    do {
      await rig.advanceToRequest(HOUR / 4);
      again = await notifier.subscribe();
    } while (tagOf(again, 'to') !== '');
    assert.notEqual(header(again, 'call-id'), header(first, 'call-id'));
    notifier.answer = () => 200;
    await settle();
    assert.equal(await notifier.notify(again), 200);
    await finish(stage);
  });
});

describe('RFC 6665 §4.1.3: "terminated", by its reason', () => {
  // After which time a new SUBSCRIBE comes, in seconds: [not before, surely by then]; undefined: never.
  const CASES: readonly (readonly [string, readonly [number, number] | undefined])[] = [
    ['reason=deactivated;retry-after=900', [0, 0]],
    ['reason=timeout;retry-after=900', [0, 0]],
    ['reason=probation', [20, 40]],
    ['reason=probation;retry-after=900', [900, 1130]],
    ['reason=giveup', [20, 40]],
    ['reason=giveup;retry-after=900', [900, 1130]],
    ['reason=rejected;retry-after=10', undefined],
    ['reason=noresource;retry-after=10', undefined],
    ['reason=invariant;retry-after=31536000', undefined],
    ['reason=somethingnew', [20, 40]],
    ['reason=somethingnew;retry-after=900', [900, 1130]],
    ['expires=5', [20, 40]],
  ];
  for (const [reason, window] of CASES) {
    play(reason, async (stage) => {
      const { rig, notifier } = stage;
      const subscribe = await established(stage);
      assert.equal(await notifier.notify(subscribe, { state: `terminated;${reason}` }), 200);
      assert.equal(await notifier.notify(subscribe), 481, 'the dialog is gone');
      if (window === undefined) {
        await silence(stage);
        await rig.advance(2 * HOUR, 4);
        await silence(stage);
        return rig.residue();
      }
      const [earliest, latest] = window;
      if (earliest > 0) {
        await rig.advance(earliest * 1000 - 100);
        await silence(stage);
        await rig.advanceToRequest((latest - earliest) * 1000);
      }
      const again = await notifier.subscribe();
      assert.notEqual(header(again, 'call-id'), header(subscribe, 'call-id'));
      await settle();
      assert.equal(await notifier.notify(again), 200);
      await finish(stage);
    });
  }

  play('"immediately" is no loop: the second time in a row there is a pause', async (stage) => {
    const { rig, notifier } = stage;
    let subscribe = await established(stage);
    assert.equal(await notifier.notify(subscribe, { state: 'terminated;reason=deactivated' }), 200);
    subscribe = await notifier.subscribe();
    await settle();
    assert.equal(await notifier.notify(subscribe, { state: 'terminated;reason=deactivated' }), 200);
    await silence(stage);
    await rig.advanceToRequest(2 * MINUTE);
    subscribe = await notifier.subscribe();
    await settle();
    assert.equal(await notifier.notify(subscribe), 200);
    await finish(stage);
  });

  play(
    'he who is refused is not asked for again within the hour, though another message is kept',
    async (stage) => {
      const { rig, notifier } = stage;
      const subscribe = await established(stage);
      assert.equal(await notifier.notify(subscribe, { state: 'terminated;reason=rejected' }), 200);
      rig.watch.watch(ROMEO);
      await silence(stage);
      // Somebody else of the domain is.
      rig.watch.watch('sip:benvolio@example.net');
      await notifier.subscribe();
      rig.watch.unwatch('sip:benvolio@example.net');
    },
  );
});

describe('NOTIFY requests that are not taken', () => {
  play('RFC 6665 §4.1.3, §8.2.1; RFC 3261 §12.2.2', async (stage) => {
    const { rig, notifier } = stage;
    const subscribe = await established(stage, { cseq: 50 });
    const body = reginfo(1, 'partial', 'active');
    const cases: readonly (readonly [string, NotifyParts, number])[] = [
      ['another dialog: a fork, which RFC 3680 §4.9 forbids', { tag: 'fork', body }, 481],
      ['another From tag of ours', { toTag: 'x', body }, 481],
      ['another Call-ID', { callId: 'nobody', body }, 481],
      ['another id of the event', { event: 'reg;id=7', body }, 481],
      ['another package that is known', { event: 'presence', body }, 481],
      ['a package that is not known', { event: 'conference', body }, 489],
      ['the package in another case', { event: 'Reg', body }, 489],
      ['no Event', { event: null, body }, 400],
      ['no Subscription-State', { state: null, body }, 400],
      ['a broken Subscription-State', { state: ';expires=3', body }, 400],
      ['a lower CSeq', { cseq: 49, body }, 500],
      ['the same CSeq again', { cseq: 50, body }, 500],
      ['a Contact that is none', { cseq: 51, contact: '<mailto:a@b>', body }, 400],
      ['a type that was not asked for', { cseq: 51, contentType: 'application/pidf+xml', body }, 415],
      ['a document that is none', { cseq: 51, body: '<reginfo/>' }, 400],
    ];
    for (const [what, parts, status] of cases) {
      assert.equal(await notifier.notify(subscribe, parts), status, what);
      assert.deepEqual(rig.heard, [], what);
    }
    // "If the request is rejected, none of the state changes are performed": 51 is not used up.
    assert.equal(await notifier.notify(subscribe, { cseq: 51, event: 'reg;param=abcd', body }), 200);
    assert.deepEqual(rig.heard, [REGISTERED]);
    // Gaps are no fault.
    assert.equal(await notifier.notify(subscribe, { cseq: 70 }), 200);
    assert.equal(rig.counters.total('stoxgate_sip_notify_total'), cases.length + 3);
    await finish(stage);
  });

  play('RFC 6665 §4.4.1: "terminated" counts, even with a document that cannot be read', async (stage) => {
    const { rig, notifier } = stage;
    const subscribe = await established(stage);
    const parts = { state: 'terminated;reason=noresource', body: '<reginfo/>' };
    assert.equal(await notifier.notify(subscribe, parts), 400);
    assert.equal(rig.subscriptions.size, 0);
    await rig.residue();
  });

  play(
    'the first NOTIFY without Contact: that of the 2xx serves; without either it is 400',
    async (stage) => {
      const { rig, notifier } = stage;
      notifier.answer = () => undefined;
      rig.watch.watch(ROMEO);
      const subscribe = await notifier.subscribe();
      assert.equal(await notifier.notify(subscribe, { contact: null }), 400);
      notifier.respond(subscribe, 200);
      await settle();
      assert.equal(await notifier.notify(subscribe, { contact: null }), 200);
      notifier.answer = () => 200;
      await finish(stage);
    },
  );
});

describe('RFC 3680 §5.2: versions', () => {
  play('a gap asks for the full state, at most every 30 s', async (stage) => {
    const { rig, notifier } = stage;
    const subscribe = await established(stage);
    assert.equal(await notifier.notify(subscribe, { body: reginfo(5, 'partial', 'active') }), 200);
    assert.deepEqual(rig.heard, [REGISTERED], 'the document is processed');
    const refresh = await notifier.subscribe();
    assert.equal(tagOf(refresh, 'to'), notifier.tag);
    assert.equal(header(refresh, 'expires'), '3600');
    await settle();
    assert.equal(await notifier.notify(subscribe, { body: reginfo(9, 'partial', 'terminated') }), 200);
    await silence(stage);
    await rig.advance(31_000);
    await notifier.subscribe();
    await settle();
    assert.equal(await notifier.notify(subscribe, { body: reginfo(10, 'full', 'active') }), 200);
    await rig.advance(31_000);
    await silence(stage);
    assert.equal(await notifier.notify(subscribe, { body: reginfo(8, 'full', 'active') }), 200);
    assert.equal(rig.heard.length, 2, 'an older document is discarded');
    await finish(stage);
  });
});

describe('forks (RFC 6665 §4.1.4), for a package that allows them', () => {
  class Usage implements SubscriptionUsage {
    readonly told: string[] = [];
    readonly notifications: Notification[] = [];
    act = (): void => undefined;
    notified(notification: Notification): Result<'taken'> {
      this.notifications.push(notification);
      this.act();
      return ok('taken');
    }
    dialogEnded(): void {
      this.told.push('dialog ended');
    }
    over(end: End): void {
      this.told.push(`over: ${end.cause}`);
    }
  }

  play('each fork is a subscription of its own; after timer N no more come', async ({ rig, notifier }) => {
    const usage = new Usage();
    const handle = rig.subscribe({}, usage);
    assert.ok(handle);
    const subscribe = await notifier.subscribe();
    await settle();
    // The 2xx has another tag than both.
    assert.equal(await notifier.notify(subscribe, { tag: 'one' }), 200);
    assert.equal(await notifier.notify(subscribe, { tag: 'two', state: 'pending' }), 200);
    assert.deepEqual(
      usage.notifications.map(({ state }) => state),
      ['active', 'pending'],
    );
    assert.equal(new Set(usage.notifications.map(({ dialog }) => dialog)).size, 2);
    assert.equal(rig.subscriptions.dialogs, 2);
    // JSON and back: dialogs can be stored.
    assert.deepEqual(JSON.parse(JSON.stringify(handle.dialogs)), handle.dialogs);
    await rig.advance(TIMER_N);
    assert.equal(await notifier.notify(subscribe, { tag: 'three' }), 481);
    // One ends; the other is no reason to subscribe again, and is refreshed by itself.
    assert.equal(
      await notifier.notify(subscribe, { tag: 'one', state: 'terminated;reason=deactivated' }),
      200,
    );
    await silence({ rig, notifier });
    await rig.advanceToRequest(0.9 * HOUR);
    assert.equal(tagOf(await notifier.subscribe(), 'to'), 'two');
    await settle();
    assert.equal(await notifier.notify(subscribe, { tag: 'two' }), 200);
    // The last one ends: now it is.
    assert.equal(
      await notifier.notify(subscribe, { tag: 'two', state: 'terminated;reason=deactivated' }),
      200,
    );
    const again = await notifier.subscribe();
    assert.notEqual(header(again, 'call-id'), header(subscribe, 'call-id'));
    await settle();
    assert.equal(await notifier.notify(again), 200);
    handle.unsubscribe();
    await notifier.subscribe();
    await settle();
    assert.equal(await notifier.notify(again, { state: 'terminated' }), 200);
    assert.deepEqual(usage.told, ['dialog ended', 'dialog ended', 'over: unsubscribed']);
    await rig.residue();
  });

  play(
    'RFC 6665 §4.4.3: a fetch is one SUBSCRIBE with Expires: 0 and one NOTIFY',
    async ({ rig, notifier }) => {
      const usage = new Usage();
      rig.subscribe({ expires: 0 }, usage);
      const subscribe = await notifier.subscribe();
      assert.equal(header(subscribe, 'expires'), '0');
      await settle();
      const parts = {
        state: 'terminated;reason=timeout',
        body: '<presence/>',
        contentType: 'application/pidf+xml',
      };
      assert.equal(await notifier.notify(subscribe, parts), 200);
      assert.deepEqual(
        usage.notifications.map(({ contentType, body }) => [contentType, body.length]),
        [['application/pidf+xml', 11]],
      );
      assert.deepEqual(usage.told, ['dialog ended', 'over: fetched']);
      await rig.residue();
    },
  );

  for (const contact of [true, false]) {
    play(
      `its usage unsubscribes while it is told, after a 2xx ${contact ? 'with' : 'without'} Contact`,
      async (stage) => {
        const { rig, notifier } = stage;
        notifier.withContact = contact;
        const usage = new Usage();
        const handle = rig.subscribe({}, usage);
        const subscribe = await notifier.subscribe();
        await settle();
        usage.act = () => handle?.unsubscribe();
        assert.equal(await notifier.notify(subscribe), 200);
        if (contact) {
          assert.equal(cseqOf(await notifier.subscribe()), 2);
          assert.deepEqual(
            handle?.dialogs.map(({ localSeq, remoteTag }) => [localSeq, remoteTag]),
            [[2, notifier.tag]],
          );
          await settle();
          assert.equal(await notifier.notify(subscribe, { state: 'terminated' }), 200);
        }
        assert.deepEqual(usage.told, ['over: unsubscribed']);
        await rig.residue();
      },
    );
  }

  play(
    'one that lasts: a drain leaves it, and another gateway goes on with it',
    async ({ rig, notifier }) => {
      const usage = new Usage();
      const handle = rig.subscribe({ durable: true }, usage);
      const subscribe = await notifier.subscribe();
      await settle();
      assert.equal(handle?.kept.length, 0, 'no NOTIFY has made a dialog yet');
      assert.equal(await notifier.notify(subscribe), 200);
      const kept = handle?.kept ?? [];
      assert.equal(kept.length, 1);
      assert.equal(kept[0]?.expiresMs, rig.time.wall() + HOUR);
      await rig.subscriptions.drain();
      rig.subscriptions.stop();
      assert.deepEqual(notifier.requests.untaken, []);
      const next = await WatchRig.start({ registrarPorts: [notifier.port] });
      try {
        const parts = {
          ...{ resource: ROMEO, from: 'sip:juliet@example.com' },
          terms: {
            ...{ event: { package: 'presence' }, accept: ['application/pidf+xml'] },
            ...{ expires: 3600, forks: 'several' as const, durable: true },
          },
        };
        const again = new Usage();
        assert.equal(next.subscriptions.restore(parts, again, []), undefined, 'nothing to go on with');
        assert.ok(next.subscriptions.restore(parts, again, kept));
        assert.equal(next.subscriptions.dialogs, 1);
        // Between 75 % and 90 % of the time that is left.
        assert.ok((await next.advanceToRequest(HOUR)) >= 0.74 * HOUR);
        const refresh = await notifier.subscribe();
        assert.equal(header(refresh, 'call-id'), header(subscribe, 'call-id'));
        assert.equal(cseqOf(refresh), cseqOf(subscribe) + 1);
        assert.equal(await notifier.notify(refresh), 200);
        assert.equal(again.notifications.length, 1);
        // Its time is over, and nobody refreshes it any more.
        notifier.answer = () => undefined;
        await next.advance(2 * HOUR, 8);
        assert.ok(again.told.includes('dialog ended'));
      } finally {
        await next.close();
      }
    },
  );

  play(
    'whoever decides when to refresh is asked, and a subscription without an answer expires',
    async (stage) => {
      const { rig, notifier } = stage;
      class Asked extends Usage {
        refreshDue(): void {
          this.told.push('refresh due');
        }
        asksAgain(end: End, when: 'now' | 'later'): void {
          this.told.push(`${end.cause}: ${when}`);
        }
      }
      const usage = new Asked();
      const handle = rig.subscribe({}, usage);
      const subscribe = await notifier.subscribe();
      await settle();
      assert.equal(await notifier.notify(subscribe), 200);
      rig.time.advance(0.91 * HOUR);
      assert.deepEqual(usage.told, ['refresh due']);
      handle?.refresh();
      const refresh = await notifier.subscribe();
      assert.equal(cseqOf(refresh), cseqOf(subscribe) + 1);
      await settle();
      assert.equal(await notifier.notify(refresh), 200);
      rig.time.advance(HOUR + 10_000);
      assert.deepEqual(usage.told, ['refresh due', 'refresh due', 'dialog ended', 'expired: later']);
      handle?.unsubscribe();
      await rig.residue();
    },
  );

  for (const reason of ['deactivated', 'probation']) {
    play(`whoever hears that it ended (${reason}) may end it for good`, async ({ rig, notifier }) => {
      class Leaving extends Usage {
        handle: SubscriberHandle | undefined;
        asksAgain(): void {
          this.handle?.unsubscribe();
        }
      }
      const usage = new Leaving();
      usage.handle = rig.subscribe({}, usage);
      const subscribe = await notifier.subscribe();
      await settle();
      assert.equal(await notifier.notify(subscribe), 200);
      await rig.advance(2 * MINUTE);
      assert.equal(await notifier.notify(subscribe, { state: `terminated;reason=${reason}` }), 200);
      assert.deepEqual(usage.told, ['dialog ended', 'over: notified']);
      assert.deepEqual(notifier.requests.untaken, []);
      await rig.residue();
    });
  }

  play('a refresh that is refused for long does not make a subscription longer', async (stage) => {
    const { rig, notifier } = stage;
    class Asked extends Usage {
      asksAgain(end: End, when: 'now' | 'later'): void {
        this.told.push(`${end.cause}: ${when}`);
      }
    }
    const usage = new Asked();
    notifier.fields = () => [['Expires', '600']];
    const handle = rig.subscribe({}, usage);
    const subscribe = await notifier.subscribe();
    await settle();
    assert.equal(await notifier.notify(subscribe, { state: 'active;expires=600' }), 200);
    await rig.advance(MINUTE);
    notifier.answer = () => 503;
    notifier.fields = () => [['Retry-After', '3000']];
    handle?.refresh();
    await notifier.subscribe();
    await settle();
    rig.time.advance(9 * MINUTE - 1000);
    assert.deepEqual(usage.told, []);
    rig.time.advance(2000);
    assert.deepEqual(usage.told, ['dialog ended', 'expired: later']);
    handle?.unsubscribe();
    await rig.residue();
  });

  play(
    'a package that asks for the full state again and again does not put off the refresh',
    async (stage) => {
      const { rig, notifier } = stage;
      class Gaps implements SubscriptionUsage {
        notified = (): Result<'taken' | 'refresh'> => ok('refresh');
        dialogEnded = (): void => undefined;
        over = (): void => undefined;
      }
      notifier.fields = () => [['Expires', '30']];
      const state = 'active;expires=30';
      const handle = rig.subscribe({}, new Gaps());
      const subscribe = await notifier.subscribe();
      await settle();
      assert.equal(await notifier.notify(subscribe, { state }), 200);
      await notifier.subscribe();
      await settle();
      assert.equal(await notifier.notify(subscribe, { state }), 200);
      assert.ok((await rig.advanceToRequest(MINUTE)) < 29_000);
      await notifier.subscribe();
      handle?.unsubscribe();
      await settle();
      rig.subscriptions.stop();
    },
  );

  play('drain unsubscribes; stop ends without a word', async ({ rig, notifier }) => {
    const usage = new Usage();
    rig.subscribe({}, usage);
    const subscribe = await notifier.subscribe();
    await settle();
    assert.equal(await notifier.notify(subscribe), 200);
    const drained = rig.subscriptions.drain();
    assert.equal(header(await notifier.subscribe(), 'expires'), '0');
    assert.equal(rig.subscribe({}, usage), undefined, 'nothing new');
    await rig.advance(2001);
    await drained;
    assert.equal(rig.subscriptions.size, 1, 'the notifier is slow');
    rig.subscriptions.stop();
    assert.deepEqual(usage.told, ['over: failed']);
    assert.equal(await notifier.notify(subscribe, { state: 'terminated' }), 481);
    await rig.residue();
  });
});

describe('bounds', () => {
  play(
    'more users than may be watched: the rest is not, and nothing breaks',
    async (stage) => {
      const { rig, notifier } = stage;
      for (const name of ['a', 'b', 'c']) rig.watch.watch(`sip:${name}@example.net`);
      assert.equal(rig.watch.size, 2);
      await notifier.subscribe();
      await notifier.subscribe();
      await silence(stage);
      rig.watch.unwatch('sip:c@example.net');
      assert.equal(rig.watch.size, 2);
    },
    { maxWatches: 2 },
  );

  play('the same user twice, other domains, no user, no SIP URI: no SUBSCRIBE', async (stage) => {
    const { rig, notifier } = stage;
    rig.watch.watch(ROMEO);
    rig.watch.watch('sip:romeo@EXAMPLE.NET;transport=tcp');
    rig.watch.watch('sip:romeo@example.org');
    rig.watch.watch('sip:example.net');
    rig.watch.watch('romeo');
    await notifier.subscribe();
    await silence(stage);
    assert.equal(rig.watch.size, 1);
  });

  play('unwatch within the callback, before the 2xx and after it', async (stage) => {
    const { rig, notifier } = stage;
    for (const early of [true, false]) {
      notifier.answer = () => (early ? undefined : 200);
      const heard = rig.heard.length;
      rig.onHeard = () => rig.watch.unwatch(ROMEO);
      rig.watch.watch(ROMEO);
      const subscribe = await notifier.subscribe();
      await settle();
      assert.equal(await notifier.notify(subscribe, { body: reginfo(0, 'full', 'active') }), 200);
      assert.equal(rig.heard.length, heard + 1);
      notifier.answer = () => 200;
      if (early) notifier.respond(subscribe, 200);
      const last = await notifier.subscribe();
      assert.equal(header(last, 'expires'), '0');
      assert.equal(cseqOf(last), cseqOf(subscribe) + 1);
      await settle();
      assert.equal(await notifier.notify(subscribe, { state: 'terminated' }), 200);
      await rig.residue();
    }
  });
});
