// Dialogs (RFC 3261 §12, RFC 6665 §4.4.1). Expected values are those of the clauses.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { latin1Bytes } from '../../../src/base/index.ts';
import {
  dialogFromNotify,
  dialogFromRequest,
  dialogFromResponse,
  dialogKey,
  keyOfDialog,
  keyOfRequest,
  type Dialog,
} from '../../../src/sip/dialog/dialog.ts';
import { afterTargetRefresh, buildDialogRequest, receiveInDialog } from '../../../src/sip/dialog/requests.ts';
import { parseMessage } from '../../../src/sip/message/parse.ts';
import type { SipRequest, SipResponse } from '../../../src/sip/message/types.ts';

function read(lines: readonly string[]): SipRequest | SipResponse {
  const parsed = parseMessage(latin1Bytes([...lines, '', ''].join('\r\n')), { stream: false });
  if (parsed.kind !== 'message') assert.fail(parsed.fault.message);
  return parsed.message;
}

interface Parts {
  readonly from?: string;
  readonly to?: string;
  readonly cseq?: number;
  readonly uri?: string;
  readonly more?: readonly string[];
}

function request(method: string, parts: Parts = {}): SipRequest {
  const message = read([
    `${method} ${parts.uri ?? 'sip:joe@example.com'} SIP/2.0`,
    'Via: SIP/2.0/UDP app.example.com;branch=z9hG4bKnashds7',
    'Max-Forwards: 70',
    `From: ${parts.from ?? '<sip:app.example.com>;tag=123aa9'}`,
    `To: ${parts.to ?? '<sip:joe@example.com>'}`,
    'Call-ID: 9987@app.example.com',
    `CSeq: ${parts.cseq ?? 9887} ${method}`,
    ...(parts.more ?? []),
  ]);
  return message.kind === 'request' ? message : assert.fail();
}

function response(more: readonly string[], to = '<sip:joe@example.com>;tag=xyzygg'): SipResponse {
  const message = read([
    'SIP/2.0 200 OK',
    'Via: SIP/2.0/UDP app.example.com;branch=z9hG4bKnashds7',
    'From: <sip:app.example.com>;tag=123aa9',
    `To: ${to}`,
    'Call-ID: 9987@app.example.com',
    'CSeq: 9887 SUBSCRIBE',
    ...more,
  ]);
  return message.kind === 'response' ? message : assert.fail();
}

const notify = (parts: Parts = {}): SipRequest =>
  request('NOTIFY', {
    uri: 'sip:app.example.com',
    from: '<sip:joe@example.com>;tag=xyzygg',
    to: '<sip:app.example.com>;tag=123aa9',
    cseq: 1288,
    ...parts,
  });

const CONTACT = 'Contact: <sip:server19.example.com>';
const SUBSCRIBE = request('SUBSCRIBE');

function good<T>(result: { ok: true; value: T } | { ok: false; error: { message: string } }): T {
  return result.ok ? result.value : assert.fail(result.error.message);
}

function codeOf(result: { ok: true } | { ok: false; error: { code: string } }): string {
  return result.ok ? 'ok' : result.error.code;
}

const DIALOG: Dialog = {
  callId: '9987@app.example.com',
  localTag: '123aa9',
  remoteTag: 'xyzygg',
  localUri: '<sip:app.example.com>',
  remoteUri: '<sip:joe@example.com>',
  localSeq: 9887,
  remoteTarget: 'sip:server19.example.com',
  routeSet: [],
  secure: false,
};

describe('RFC 3261 §12.1.2: a 2xx makes a dialog', () => {
  test('from the messages of RFC 3680 §6', () => {
    assert.deepEqual(good(dialogFromResponse(SUBSCRIBE, response([CONTACT]))), DIALOG);
  });
  test('the route set is the Record-Route, reversed, with all URI parameters', () => {
    const more = [
      CONTACT,
      'Record-Route: <sip:p2.example.com;lr;a=b>',
      'Record-Route: "x" <sip:p1;lr>;c=d, <sip:p0>',
    ];
    assert.deepEqual(good(dialogFromResponse(SUBSCRIBE, response(more))).routeSet, [
      '<sip:p0>',
      '<sip:p1;lr>',
      '<sip:p2.example.com;lr;a=b>',
    ]);
  });
  test('a To without tag is a null tag', () => {
    assert.equal(
      good(dialogFromResponse(SUBSCRIBE, response([CONTACT], '<sip:joe@example.com>'))).remoteTag,
      '',
    );
  });
  test('secure: over TLS and to a SIPS URI, both', () => {
    const sips = request('SUBSCRIBE', { uri: 'sips:joe@example.com' });
    assert.equal(good(dialogFromResponse(sips, response([CONTACT]), true)).secure, true);
    assert.equal(good(dialogFromResponse(sips, response([CONTACT]), false)).secure, false);
    assert.equal(good(dialogFromResponse(SUBSCRIBE, response([CONTACT]), true)).secure, false);
  });
  const faults: readonly (readonly [string, readonly string[], string])[] = [
    ['no Contact', [], 'ERR_SIP_DIALOG_CONTACT'],
    ['two Contacts', [CONTACT, CONTACT], 'ERR_SIP_DIALOG_CONTACT'],
    ['Contact: *', ['Contact: *'], 'ERR_SIP_DIALOG_CONTACT'],
    ['a Contact that is no SIP URI', ['Contact: <mailto:a@b>'], 'ERR_SIP_URI_SCHEME'],
    ['a Record-Route that is no SIP URI', [CONTACT, 'Record-Route: <tel:1>'], 'ERR_SIP_DIALOG_ROUTE'],
    [
      '33 routes',
      [CONTACT, ...Array.from({ length: 33 }, () => 'Record-Route: <sip:p;lr>')],
      'ERR_SIP_DIALOG_ROUTE',
    ],
  ];
  for (const [what, more, code] of faults) {
    test(what, () => {
      assert.equal(codeOf(dialogFromResponse(SUBSCRIBE, response(more))), code);
      assert.equal(codeOf(dialogFromNotify(SUBSCRIBE, notify({ more }))), code);
    });
  }
});

describe('RFC 6665 §4.4.1: a NOTIFY makes a dialog', () => {
  test('from the messages of RFC 3680 §6', () => {
    const dialog = good(dialogFromNotify(SUBSCRIBE, notify({ more: [CONTACT] })));
    assert.deepEqual(dialog, { ...DIALOG, remoteSeq: 1288 });
  });
  test('its route set is that of the NOTIFY, in order', () => {
    const more = [CONTACT, 'Record-Route: <sip:p1;lr>, <sip:p2;lr>'];
    assert.deepEqual(good(dialogFromNotify(SUBSCRIBE, notify({ more }))).routeSet, [
      '<sip:p1;lr>',
      '<sip:p2;lr>',
    ]);
  });
  test('without Contact: that of the 2xx of the same dialog, and of no other', () => {
    assert.equal(
      good(dialogFromNotify(SUBSCRIBE, notify(), DIALOG)).remoteTarget,
      'sip:server19.example.com',
    );
    const other = { ...DIALOG, remoteTag: 'other' };
    assert.equal(codeOf(dialogFromNotify(SUBSCRIBE, notify(), other)), 'ERR_SIP_DIALOG_CONTACT');
  });
  test('what was sent in the dialog of the 2xx counts', () => {
    const known = { ...DIALOG, localSeq: 9890 };
    assert.equal(good(dialogFromNotify(SUBSCRIBE, notify({ more: [CONTACT] }), known)).localSeq, 9890);
  });
});

test('RFC 3261 §12: the dialog ID; tags without case, Call-ID with', () => {
  assert.equal(keyOfRequest(notify()), keyOfDialog(DIALOG));
  assert.equal(dialogKey('a', 'B', 'c'), dialogKey('a', 'b', 'C'));
  assert.notEqual(dialogKey('a', 'b', 'c'), dialogKey('A', 'b', 'c'));
});

describe('RFC 3261 §12.2.1.1: requests within the dialog', () => {
  test('no routes: the remote target, no Route, CSeq one higher', () => {
    const { request: built, dialog, nextHop } = buildDialogRequest(DIALOG, { method: 'SUBSCRIBE' });
    assert.equal(built.requestUri, 'sip:server19.example.com');
    assert.equal(built.header('route'), undefined);
    assert.equal(built.header('from'), '<sip:app.example.com>;tag=123aa9');
    assert.equal(built.header('to'), '<sip:joe@example.com>;tag=xyzygg');
    assert.equal(built.callId, '9987@app.example.com');
    assert.deepEqual(built.cseq, { number: 9888, method: 'SUBSCRIBE' });
    assert.equal(dialog.localSeq, 9888);
    assert.equal(nextHop, 'sip:server19.example.com');
  });
  test('a null remote tag is left out', () => {
    const { request: built } = buildDialogRequest({ ...DIALOG, remoteTag: '' }, { method: 'SUBSCRIBE' });
    assert.equal(built.header('to'), '<sip:joe@example.com>');
  });
  test('a loose router first', () => {
    const routeSet = ['<sip:proxy1;lr;x=y>', '<sip:proxy2>'];
    const { request: built, nextHop } = buildDialogRequest({ ...DIALOG, routeSet }, { method: 'SUBSCRIBE' });
    assert.equal(built.requestUri, 'sip:server19.example.com');
    assert.equal(built.header('route'), '<sip:proxy1;lr;x=y>, <sip:proxy2>');
    assert.equal(nextHop, 'sip:proxy1;lr;x=y');
  });
  test('a strict router first: the example of the clause', () => {
    const routeSet = ['<sip:proxy1>', '<sip:proxy2>', '<sip:proxy3;lr>', '<sip:proxy4>'];
    const dialog = { ...DIALOG, remoteTarget: 'sip:user@remoteua', routeSet };
    const { request: built, nextHop } = buildDialogRequest(dialog, { method: 'SUBSCRIBE' });
    assert.equal(built.requestUri, 'sip:proxy1');
    assert.equal(built.header('route'), '<sip:proxy2>, <sip:proxy3;lr>, <sip:proxy4>, <sip:user@remoteua>');
    assert.equal(nextHop, 'sip:proxy1');
  });
  test('a strict router loses what a Request-URI may not have (§19.1.1)', () => {
    const routeSet = ['<sip:proxy1:5070;transport=tcp;method=INVITE?Subject=x>'];
    const { request: built } = buildDialogRequest({ ...DIALOG, routeSet }, { method: 'SUBSCRIBE' });
    assert.equal(built.requestUri, 'sip:proxy1:5070;transport=tcp');
  });
});

describe('RFC 3261 §12.2.2: requests of the peer', () => {
  const dialog: Dialog = { ...DIALOG, remoteSeq: 1288 };
  const cases: readonly (readonly [string, number, string])[] = [
    ['lower', 1287, 'ERR_SIP_DIALOG_ORDER'],
    ['the same', 1288, 'ERR_SIP_DIALOG_ORDER'],
    ['the next', 1289, 'ok'],
    ['with a gap', 1400, 'ok'],
  ];
  for (const [what, cseq, expected] of cases) {
    test(`CSeq ${what}`, () => {
      const result = receiveInDialog(dialog, notify({ cseq }), { targetRefresh: true });
      assert.equal(codeOf(result), expected);
      if (result.ok) assert.deepEqual(result.value, { ...dialog, remoteSeq: cseq });
    });
  }
  test('the first one sets the number', () => {
    assert.equal(good(receiveInDialog(DIALOG, notify({ cseq: 0 }), { targetRefresh: true })).remoteSeq, 0);
  });
  test('only a target refresh moves the target, and never the routes', () => {
    const moved = notify({ cseq: 1289, more: ['Contact: <sip:new@192.0.2.1>', 'Record-Route: <sip:p9;lr>'] });
    const after = good(receiveInDialog(dialog, moved, { targetRefresh: true }));
    assert.equal(after.remoteTarget, 'sip:new@192.0.2.1');
    assert.deepEqual(after.routeSet, []);
    assert.equal(
      good(receiveInDialog(dialog, moved, { targetRefresh: false })).remoteTarget,
      'sip:server19.example.com',
    );
  });
  test('§12.2.1.2: so does the 2xx to one of ours, if it has a Contact', () => {
    assert.equal(afterTargetRefresh(dialog, response(['Contact: <sip:n@h>'])).remoteTarget, 'sip:n@h');
    assert.deepEqual(afterTargetRefresh(dialog, response([])), dialog);
    assert.deepEqual(afterTargetRefresh(dialog, response(['Contact: <tel:1>'])), dialog);
  });
});

const token = fc.stringMatching(/^[a-z0-9]{1,12}$/);
const uri = fc
  .tuple(token, token, fc.constantFrom('', ';lr', ';lr;a=b', ';transport=tcp', ';x'))
  .map(([user, host, params]) => `sip:${user}@h${host}${params}`);
const dialogs: fc.Arbitrary<Dialog> = fc.record(
  {
    callId: token,
    localTag: token,
    remoteTag: token,
    localUri: uri.map((each) => `<${each}>`),
    remoteUri: uri.map((each) => `"a, <b>" <${each}>`),
    localSeq: fc.integer({ min: 0, max: 2 ** 31 - 2 }),
    remoteTarget: uri,
    routeSet: fc.array(
      uri.map((each) => `<${each}>`),
      { maxLength: 5 },
    ),
    secure: fc.boolean(),
  },
  { noNullPrototype: true },
);

describe('properties', () => {
  test('a dialog is JSON and back', () => {
    fc.assert(fc.property(dialogs, (dialog) => assert.deepEqual(JSON.parse(JSON.stringify(dialog)), dialog)));
  });
  test('what is built belongs to the same dialog, and its routes and target are all there in their order', () => {
    fc.assert(
      fc.property(dialogs, (dialog) => {
        const { request: built } = buildDialogRequest(dialog, { method: 'SUBSCRIBE' });
        assert.equal(dialogKey(built.callId, built.from.tag ?? '', built.to.tag ?? ''), keyOfDialog(dialog));
        // RFC 3261 §12.2.1.1: each URI of the route set and the target stand in it exactly once, in their order.
        const first = dialog.routeSet[0] ?? '';
        const strict = first !== '' && !/;lr\b/.test(first);
        const all = [...dialog.routeSet, `<${dialog.remoteTarget}>`];
        const routes = (built.header('route') ?? '').split(', ').filter((each) => each !== '');
        const seen = strict ? [`<${built.requestUri}>`, ...routes] : [...routes, `<${built.requestUri}>`];
        assert.deepEqual(seen, all);
      }),
    );
  });
  test('numbers of ours rise by one, those of the peer never fall', () => {
    fc.assert(
      fc.property(dialogs, fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 30 }), (start, numbers) => {
        let dialog = start;
        let highest = -1;
        for (const cseq of numbers) {
          const built = buildDialogRequest(dialog, { method: 'SUBSCRIBE' });
          assert.equal(built.request.cseq.number, dialog.localSeq + 1);
          if (built.dialog.localSeq < 2 ** 31 - 2) dialog = built.dialog;
          const result = receiveInDialog(dialog, notify({ cseq }), { targetRefresh: true });
          assert.equal(result.ok, cseq > highest);
          if (result.ok) dialog = result.value;
          highest = Math.max(highest, cseq);
        }
      }),
    );
  });
});

describe('§12.1.1: the dialog that our 2xx makes', () => {
  const CONTACT_OF_UAC = 'Contact: <sip:app@192.0.2.1:5062>';
  test('from the SUBSCRIBE: sides exchanged, routes in order, no local CSeq yet', () => {
    const more = [CONTACT_OF_UAC, 'Record-Route: <sip:p1.example.com;lr>, <sip:p2.example.com;lr>'];
    assert.deepEqual(good(dialogFromRequest(request('SUBSCRIBE', { more }), 'xyzygg')), {
      callId: '9987@app.example.com',
      localTag: 'xyzygg',
      remoteTag: '123aa9',
      localUri: '<sip:joe@example.com>',
      remoteUri: '<sip:app.example.com>',
      localSeq: 0,
      remoteSeq: 9887,
      remoteTarget: 'sip:app@192.0.2.1:5062',
      routeSet: ['<sip:p1.example.com;lr>', '<sip:p2.example.com;lr>'],
      secure: false,
    });
  });
  test('a From without tag is a null tag', () => {
    const read = dialogFromRequest(
      request('SUBSCRIBE', { from: '<sip:app.example.com>', more: [CONTACT_OF_UAC] }),
      'x',
    );
    assert.equal(good(read).remoteTag, '');
  });
  test('secure with a SIPS Request-URI over TLS only', () => {
    const parts = { uri: 'sips:joe@example.com', more: [CONTACT_OF_UAC] };
    assert.equal(good(dialogFromRequest(request('SUBSCRIBE', parts), 'x', true)).secure, true);
    assert.equal(good(dialogFromRequest(request('SUBSCRIBE', parts), 'x')).secure, false);
  });
  const broken: readonly (readonly [string, readonly string[], string])[] = [
    ['without Contact', [], 'ERR_SIP_DIALOG_CONTACT'],
    ['with two', [CONTACT_OF_UAC, CONTACT_OF_UAC], 'ERR_SIP_DIALOG_CONTACT'],
    ['with a route that is none', [CONTACT_OF_UAC, 'Record-Route: <tel:+1>'], 'ERR_SIP_DIALOG_ROUTE'],
  ];
  for (const [what, more, code] of broken) {
    test(`${what}: ${code}`, () =>
      assert.equal(codeOf(dialogFromRequest(request('SUBSCRIBE', { more }), 'x')), code));
  }
});
