// The notifier takes, refuses, refreshes and ends subscriptions over real sockets (RFC 6665 §4.2.1, §4.4; RFC 3261 §12;
// rows PRES-40 … PRES-43, PRES-47 … PRES-50, PRES-54). What becomes of its NOTIFY requests: served-notifications.test.ts.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { header, parameter, statusOf } from '../peers/sip-text.ts';
import {
  cseqOf,
  established,
  finish,
  serve,
  ServeRig,
  stateOf,
  TestPackage,
  WatcherDialog,
} from './serve-rig.ts';
import { SipPeer, textOf, type RequestParts } from './sip-peer.ts';
import { settle } from './watch-rig.ts';

describe('PRES-40: a SUBSCRIBE that is taken', () => {
  serve('200 with Expires, Contact, To tag; at once NOTIFY in its dialog, pending, empty', async (rig) => {
    rig.package.decision = { kind: 'accepted', state: 'pending' };
    rig.package.text = '';
    const dialog = new WatcherDialog(rig);
    const response = await dialog.subscribe(1800);
    assert.equal(statusOf(response), 200);
    assert.equal(header(response, 'expires'), '1800');
    assert.equal(header(response, 'contact'), `<sip:127.0.0.1:${rig.port}>`);
    assert.equal(header(response, 'allow-events'), 'presence');
    assert.notEqual(dialog.tag, '');
    const notify = await rig.notify();
    assert.equal(notify.startLine, `NOTIFY sip:romeo@127.0.0.1:${rig.watcher.port} SIP/2.0`);
    assert.equal(header(notify, 'from'), `<sip:juliet@example.com>;tag=${dialog.tag}`);
    assert.equal(header(notify, 'to'), `<sip:romeo@example.net>;tag=${dialog.fromTag}`);
    assert.equal(header(notify, 'call-id'), dialog.callId);
    assert.equal(header(notify, 'event'), 'presence');
    assert.equal(header(notify, 'contact'), `<sip:127.0.0.1:${rig.port}>`);
    assert.equal(stateOf(notify), 'pending;expires=1800');
    assert.equal(notify.headers.has('content-type'), false);
    assert.equal(textOf(notify), '');
    // The remote target is a private address, which a believed watcher may name: its domain's next hop is asked.
    assert.match(header(notify, 'route'), /;lr/);
    const [request] = rig.package.requests;
    assert.equal(request?.resource, 'sip:juliet@example.com');
    assert.equal(request?.resourceJid.bareText, 'juliet@example.com');
    assert.equal(request?.watcher, 'sip:romeo@example.net');
    assert.equal(request?.watcherJid.bareText, 'romeo@example.net');
    assert.equal(request?.contact, `sip:romeo@127.0.0.1:${rig.watcher.port}`);
    assert.equal(request?.expires, 1800);
    assert.deepEqual(request?.accept, ['application/pidf+xml']);
    await settle();
    await finish(dialog);
    assert.deepEqual(rig.package.heard, ['began pending', 'ended unsubscribed']);
  });

  serve('active where the package says so, with its document', async (rig) => {
    const dialog = new WatcherDialog(rig);
    await dialog.subscribe(600);
    const notify = await rig.notify();
    assert.equal(stateOf(notify), 'active;expires=600');
    assert.equal(header(notify, 'content-type'), 'application/pidf+xml');
    assert.equal(header(notify, 'subject'), 'here');
    assert.equal(textOf(notify), 'here active');
    await settle();
    await finish(dialog);
  });

  serve('RFC 3261 §11.2, §12.2.2: OPTIONS within it is 200, and within none 481', async (rig) => {
    const dialog = new WatcherDialog(rig);
    await dialog.subscribe(600);
    await rig.notify();
    const options = async (tag: string): Promise<string> => {
      const { callId, fromTag } = dialog;
      const to = `<sip:juliet@example.com>;tag=${tag}`;
      return (await rig.watcher.ask({ method: 'OPTIONS', callId, fromTag, to, cseq: 9 }, rig.port)).startLine;
    };
    assert.match(await options(dialog.tag), /^SIP\/2\.0 200 /);
    assert.match(await options('another'), /^SIP\/2\.0 481 /);
    await settle();
    await finish(dialog);
  });

  serve('what the package says within `began` is in the first NOTIFY', async (rig) => {
    rig.package.decision = { kind: 'accepted', state: 'pending' };
    rig.package.onBegan = (subscription) => subscription.activate();
    const dialog = new WatcherDialog(rig);
    await dialog.subscribe(600);
    assert.equal(stateOf(await rig.notify()), 'active;expires=600');
    await rig.silence();
    await finish(dialog);
  });

  serve('ended within `began`: one NOTIFY, the last', async (rig) => {
    rig.package.onBegan = (subscription) => subscription.terminate('noresource');
    await new WatcherDialog(rig).subscribe(600);
    assert.equal(stateOf(await rig.notify()), 'terminated;reason=noresource');
    await rig.residue();
    assert.deepEqual(rig.package.heard, ['began active', 'ended terminated noresource']);
  });

  const durations: readonly (readonly [number | undefined, number])[] = [
    [undefined, 3600],
    [60, 60],
    [7200, 7200],
    // RFC 6665 §4.2.1.1: "MAY shorten the interval".
    [100_000, 7200],
  ];
  for (const [asked, granted] of durations) {
    serve(`Expires ${asked ?? 'absent'}: ${granted} seconds`, async (rig) => {
      const dialog = new WatcherDialog(rig);
      const response = await dialog.subscribe(asked);
      assert.equal(header(response, 'expires'), String(granted));
      assert.equal(parameter(stateOf(await rig.notify()), 'expires'), String(granted));
      await settle();
      await finish(dialog);
    });
  }

  serve('RFC 3261 §12.1.1: the 2xx repeats Record-Route, NOTIFY takes it in order', async (rig) => {
    const routes = [`<sip:127.0.0.1:${rig.watcher.port};lr;a=1>`, '<sip:second.example.net;lr>'];
    const dialog = new WatcherDialog(rig);
    const response = await dialog.subscribe(
      600,
      routes.map((route) => ['Record-Route', route] as const),
    );
    assert.deepEqual(response.headers.get('record-route'), routes);
    assert.equal(header(await rig.notify(), 'route'), routes.join(', '));
    await settle();
    await finish(dialog);
  });

  serve('RFC 6665 §8.2.1: the id of Event comes back in NOTIFY', async (rig) => {
    const dialog = new WatcherDialog(rig, 'presence;id=7');
    await dialog.subscribe(600);
    assert.equal(header(await rig.notify(), 'event'), 'presence;id=7');
    assert.equal(rig.package.last.eventId, '7');
    await settle();
    // §4.5.2: it would be another subscription in the same dialog.
    const other = await dialog.subscribe(600, [['Event', 'presence']]);
    assert.match(other.startLine, / 403 Dialog Sharing Not Supported$/);
    await finish(dialog);
  });

  const accepts: readonly (readonly [string, readonly string[]])[] = [
    ['application/*', ['application/pidf+xml', 'application/xpidf+xml']],
    ['text/plain, application/xpidf+xml;q=0.5', ['application/xpidf+xml']],
    ['*/*, application/xpidf+xml;q=0', ['application/pidf+xml']],
  ];
  for (const [field, expected] of accepts) {
    serve(`Accept: ${field}`, async (rig) => {
      const dialog = new WatcherDialog(rig);
      await dialog.subscribe(600, [['Accept', field]]);
      assert.deepEqual(rig.package.last.accept, expected);
      await rig.notify();
      await settle();
      await finish(dialog);
    });
  }
});

type Field = readonly [string, string];

describe('a SUBSCRIBE that is refused: nothing is remembered, and nobody notified', () => {
  const cases: readonly (readonly [string, readonly Field[], Partial<RequestParts>, number, Field?])[] = [
    ['PRES-43: without Event', [['Event', '']], {}, 489, ['allow-events', 'presence']],
    ['PRES-43: of another package', [['Event', 'dialog']], {}, 489, ['allow-events', 'presence']],
    ['of a template of the package', [['Event', 'presence.winfo']], {}, 489, ['allow-events', 'presence']],
    ['with a broken Event', [['Event', ';id=1']], {}, 400],
    ['PRES-41: too short', [['Expires', '59']], {}, 423, ['min-expires', '60']],
    ['with a broken Expires', [['Expires', 'soon']], {}, 400],
    ['PRES-42: with Accept of other types', [['Accept', 'text/plain']], {}, 406],
    ['PRES-42: with Accept of q=0', [['Accept', 'application/*;q=0']], {}, 406],
    ['with a broken Accept', [['Accept', 'pidf']], {}, 400],
    ['without Contact', [['Contact', '']], {}, 400],
    ['with two Contacts', [['Contact', '<sip:a@127.0.0.1>, <sip:b@127.0.0.1>']], {}, 400],
    ['with a Contact that is no SIP URI', [['Contact', '<tel:+123>']], {}, 400],
    ['with a broken Record-Route', [['Record-Route', '<tel:+123>']], {}, 400],
    ['ERR-G6: for an address of nobody here', [], { uri: 'sip:juliet@example.org' }, 404],
    ['ERR-G7: from a sender of no domain of ours', [], { from: '<sip:romeo@example.org>' }, 403],
    ['from somebody of the XMPP side', [], { from: '<sip:mercutio@example.com>' }, 403],
    ['with a From that is no address', [], { from: '<sip:ro%ZZmeo@example.net>' }, 400],
    ['PRES-54: with an unknown To tag', [], { to: '<sip:juliet@example.com>;tag=none' }, 481],
    [
      'with a body',
      [],
      { body: '<filter/>', contentType: 'application/simple-filter+xml' },
      415,
      ['accept', ''],
    ],
    ['that requires an extension', [['Require', 'foo']], {}, 420, ['unsupported', 'foo']],
    ['without hops', [], { maxForwards: 0 }, 483],
  ];
  for (const [what, fields, more, status, field] of cases) {
    serve(`${what}: ${status}`, async (rig) => {
      const response = await new WatcherDialog(rig).subscribe(undefined, fields, more);
      assert.equal(statusOf(response), status);
      if (field !== undefined) assert.equal(header(response, field[0]), field[1]);
      await rig.silence();
      assert.deepEqual(rig.package.requests, []);
      await rig.residue();
    });
  }

  serve('by the package, with its header fields', async (rig) => {
    const headers = [{ name: 'Retry-After', id: 'retry-after', value: '9' }];
    rig.package.decision = { kind: 'refused', status: 480, headers };
    const response = await new WatcherDialog(rig).subscribe(600);
    assert.equal(statusOf(response), 480);
    assert.equal(header(response, 'retry-after'), '9');
    await rig.silence();
    assert.deepEqual(rig.package.heard, []);
    await rig.residue();
  });

  serve(
    'SIPT-06: by a source that may speak for another domain only',
    async (rig) => {
      assert.equal(statusOf(await new WatcherDialog(rig).subscribe(600)), 403);
      await rig.silence();
      await rig.residue();
    },
    { trusted: [{ network: '127.0.0.1/32', domains: ['example.org'] }] },
  );

  serve(
    'SIPT-06: by a source that is not trusted',
    async (rig) => {
      assert.equal(statusOf(await new WatcherDialog(rig).subscribe(600)), 403);
      await rig.silence();
      await rig.residue();
    },
    { trusted: [{ network: '127.0.0.9/32' }] },
  );
});

describe('within the dialog', () => {
  serve('PRES-47: a refresh is answered 200, and by a NOTIFY with the state of now', async (rig) => {
    const dialog = await established(rig);
    await rig.advance(1_800_000);
    rig.package.text = 'later';
    const response = await dialog.subscribe(3600);
    assert.equal(statusOf(response), 200);
    assert.equal(header(response, 'expires'), '3600');
    const notify = await rig.notify();
    assert.equal(stateOf(notify), 'active;expires=3600');
    assert.equal(textOf(notify), 'later active');
    assert.equal(cseqOf(notify), 2);
    assert.deepEqual(rig.package.heard, ['began active', 'refreshed']);
    await settle();
    // The time of before is over, that of the refresh is not.
    await rig.advance(3_590_000);
    await rig.silence();
    assert.equal(rig.notifiers.size, 1);
    await finish(dialog);
  });

  serve('PRES-54: a lower or equal CSeq is 500, and changes nothing', async (rig) => {
    const dialog = await established(rig);
    dialog.cseq = 1;
    assert.equal(statusOf(await dialog.subscribe(0)), 500);
    dialog.cseq = 0;
    assert.equal(statusOf(await dialog.subscribe(0)), 500);
    await rig.silence();
    dialog.cseq = 2;
    await finish(dialog);
  });

  const strangers: readonly (readonly [string, Partial<RequestParts>])[] = [
    ['another Call-ID', { callId: 'other' }],
    ['another From tag', { fromTag: 'other' }],
  ];
  for (const [what, more] of strangers) {
    serve(`RFC 3261 §12.2.2: ${what} is another dialog: 481`, async (rig) => {
      const dialog = await established(rig);
      assert.equal(statusOf(await dialog.subscribe(0, [], more)), 481);
      await rig.silence();
      await finish(dialog);
    });
  }

  const refusals: readonly (readonly [string, readonly Field[], number])[] = [
    ['too short', [['Expires', '5']], 423],
    ['without a type that is there', [['Accept', 'text/plain']], 406],
    ['with a Contact that is none', [['Contact', '<tel:+123>']], 400],
    ['of another package', [['Event', 'dialog']], 489],
  ];
  for (const [what, fields, status] of refusals) {
    serve(`a refresh ${what} is ${status}, and the subscription stays as it was`, async (rig) => {
      const dialog = await established(rig);
      assert.equal(statusOf(await dialog.subscribe(undefined, fields)), status);
      await rig.silence();
      assert.deepEqual(rig.package.heard, ['began active']);
      await finish(dialog);
    });
  }

  serve('RFC 3261 §12.2.2: a refresh moves the remote target, and may change Accept', async (rig) => {
    const dialog = await established(rig);
    await dialog.subscribe(600, [
      ['Contact', '<sip:romeo@127.0.0.1:9;moved=1>'],
      ['Accept', 'application/xpidf+xml'],
    ]);
    const notify = await rig.notify();
    assert.equal(notify.startLine, 'NOTIFY sip:romeo@127.0.0.1:9;moved=1 SIP/2.0');
    assert.equal(rig.package.last.contact, 'sip:romeo@127.0.0.1:9;moved=1');
    assert.deepEqual(rig.package.last.accept, ['application/xpidf+xml']);
    await settle();
    await finish(dialog);
  });

  serve('PRES-48: Expires 0 ends it: 200, and NOTIFY terminated with what the package says', async (rig) => {
    const dialog = await established(rig);
    const response = await dialog.subscribe(0);
    assert.equal(statusOf(response), 200);
    assert.equal(header(response, 'expires'), '0');
    const notify = await rig.notify();
    assert.equal(stateOf(notify), 'terminated;reason=timeout');
    assert.equal(textOf(notify), 'here terminated');
    await settle();
    assert.equal(statusOf(await dialog.subscribe(600)), 481);
    assert.deepEqual(rig.package.heard, ['began active', 'ended unsubscribed']);
    await rig.residue();
  });

  serve('ended by the package within `refreshed`: one NOTIFY, the last', async (rig) => {
    const dialog = await established(rig);
    rig.package.onRefreshed = (subscription) => subscription.terminate('rejected');
    assert.equal(statusOf(await dialog.subscribe(600)), 200);
    assert.equal(stateOf(await rig.notify()), 'terminated;reason=rejected');
    await rig.silence();
    await rig.residue();
  });

  serve('PRES-50: what is not refreshed ends at its time', async (rig) => {
    const dialog = await established(rig, 600);
    await rig.advance(600_500);
    await rig.silence();
    await rig.advance(1000);
    assert.equal(stateOf(await rig.notify()), 'terminated;reason=timeout');
    await settle();
    assert.equal(statusOf(await dialog.subscribe(600)), 481);
    assert.deepEqual(rig.package.heard, ['began active', 'ended expired']);
    await rig.residue();
  });
});

describe('PRES-49: a fetch', () => {
  serve('200 and one NOTIFY with the state', async (rig) => {
    const response = await new WatcherDialog(rig).subscribe(0);
    assert.equal(statusOf(response), 200);
    assert.equal(header(response, 'expires'), '0');
    const notify = await rig.notify();
    assert.equal(stateOf(notify), 'terminated;reason=timeout');
    assert.equal(textOf(notify), 'here terminated');
    assert.deepEqual(rig.package.heard, ['began terminated', 'ended fetched']);
    await rig.residue();
  });

  serve('whose document is being fetched: NOTIFY when it is there', async (rig) => {
    rig.package.decision = { kind: 'accepted', state: 'active', hold: true };
    const dialog = new WatcherDialog(rig);
    await dialog.subscribe(0);
    await rig.silence();
    assert.equal(rig.package.last.isFetch, true);
    rig.package.text = 'fetched';
    rig.package.last.update();
    const notify = await rig.notify();
    assert.equal(stateOf(notify), 'terminated;reason=timeout');
    assert.equal(textOf(notify), 'fetched terminated');
    await rig.residue();
  });

  serve('whose document does not come: NOTIFY after three seconds, as things are', async (rig) => {
    rig.package.decision = { kind: 'accepted', state: 'active', hold: true };
    rig.package.text = '';
    await new WatcherDialog(rig).subscribe(0);
    await rig.advance(2900);
    await rig.silence();
    await rig.advance(200);
    const notify = await rig.notify();
    assert.equal(stateOf(notify), 'terminated;reason=timeout');
    assert.equal(textOf(notify), '');
    await rig.residue();
  });
});

describe('FEAT-08, RFC 6665 §4.4.4: what OPTIONS and 405 say', () => {
  class Winfo extends TestPackage {
    override readonly name = 'presence.winfo';
  }
  const winfo = new Winfo();
  serve(
    'Allow names SUBSCRIBE, Allow-Events the packages without their templates',
    async (rig) => {
      const response = await rig.ask({ method: 'OPTIONS', uri: 'sip:127.0.0.1', callId: 'o' });
      assert.equal(header(response, 'allow'), 'MESSAGE, NOTIFY, OPTIONS, PUBLISH, SUBSCRIBE');
      assert.equal(header(response, 'allow-events'), 'presence');
      const dialog = new WatcherDialog(rig, 'presence.winfo');
      assert.equal(statusOf(await dialog.subscribe(600)), 200);
      await rig.notify();
      assert.deepEqual(winfo.heard, ['began active']);
      await settle();
      await finish(dialog);
    },
    { packages: [new TestPackage(), winfo] },
  );
  serve(
    'without a package SUBSCRIBE is not served: 405',
    async (rig) => {
      const response = await new WatcherDialog(rig).subscribe(600);
      assert.equal(statusOf(response), 405);
      assert.equal(header(response, 'allow'), 'MESSAGE, NOTIFY, OPTIONS, PUBLISH');
      await rig.residue();
    },
    { packages: [] },
  );
});

test('a retransmitted SUBSCRIBE makes one subscription, and gets the same answer', async () => {
  const watcher = await SipPeer.open();
  const rig = await ServeRig.start(watcher);
  const dialog = new WatcherDialog(rig);
  const parts = dialog.parts([['Expires', '600']], { branch: 'z9hG4bKtwice' });
  const first = await rig.ask(parts);
  const second = await rig.ask(parts);
  assert.equal(header(second, 'to'), header(first, 'to'));
  assert.equal(header(second, 'contact'), header(first, 'contact'));
  assert.equal(rig.notifiers.size, 1);
  await rig.close();
  await watcher.close();
});
