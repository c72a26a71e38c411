// The verbs check what they are given, and nothing that they let through can become more than it is: one address, one
// header field, one element (RFC 3261 §7.3.1, XML 1.0 §2.4).

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { fromByteString, utf8Text } from '../../src/base/index.ts';
import {
  buildRequest,
  headerField,
  parseMessage,
  serializeMessage,
  withHeader,
  type SipRequest,
} from '../../src/sip/index.ts';
import { element, parseDocument, serialize, XmlElement } from '../../src/xml/index.ts';
import { isRouteAction, requestView, stanzaView, type CheckedRewrite } from '../../src/policy/index.ts';
import {
  authorize,
  drop,
  redirect,
  reject,
  relay,
  rewrite,
  RouteAction,
} from '../../src/policy/route-action.ts';
import { newElement } from '../../src/policy/route-rewrite.ts';
import { changedRequest, changedStanza } from '../../src/gateway/routes/changes.ts';

describe('verbs', () => {
  test('what they make is frozen, and nobody else can make it', () => {
    for (const action of [relay(), drop(), reject(403), redirect('sip:a@b.example'), rewrite({})]) {
      assert.ok(Object.isFrozen(action));
      assert.ok(isRouteAction(action));
      assert.equal(isRouteAction(Object.assign({}, action)), false);
      assert.equal(isRouteAction(Reflect.construct(RouteAction, ['relay'])), false);
    }
  });

  // RFC 3261 §21: these statuses say nothing without a header field of their own.
  for (const status of [401, 405, 407, 408, 420, 421, 423, 489, 494, 399, 700, 200, 403.5, Number.NaN]) {
    test(`reject refuses ${status}`, () => assert.throws(() => reject(status), RangeError));
  }
  test('reject takes 400 and 699, and conditions', () => {
    assert.deepEqual([reject(400).status, reject(699).status, reject('gone').condition], [400, 699, 'gone']);
    assert.equal(reject(400, 'x'.repeat(500)).text?.length, 500);
  });
  for (const condition of ['Forbidden', 'no-such', '', 'toString']) {
    test(`reject refuses "${condition}"`, () => assert.throws(() => reject(condition), TypeError));
  }
  test('a text is one line', () => {
    assert.throws(() => reject(403, 'a\r\nX: y'), /control character/);
    assert.throws(() => reject(403, 'x'.repeat(501)), RangeError);
    assert.throws(() => reject(403, 5), TypeError);
  });

  test('authorize takes true and false, so that a forgotten await is seen', () => {
    assert.equal(authorize(true).verb, 'relay');
    const { verb, condition, text } = authorize(false);
    assert.deepEqual([verb, condition, text], ['reject', 'forbidden', 'Not authorized']);
    assert.throws(() => authorize(Promise.resolve(false)), /is an await missing\?/);
    assert.throws(() => authorize(undefined), TypeError);
  });

  for (const target of [
    'a@b.example',
    'http://b.example/',
    'tel:+4930',
    'sip:',
    'sip:a@b.example>\r\nX: y',
    'sip:a@b.example>,<sip:c@d.example',
    'sip:ä@b.example',
  ]) {
    test(`redirect refuses ${JSON.stringify(target)}`, () =>
      assert.throws(() => redirect(target), TypeError));
  }
  test('redirect takes 1 to 10 targets', () => {
    assert.throws(() => redirect([]), RangeError);
    assert.throws(() => redirect(Array.from({ length: 11 }, () => 'sip:a@b.example')), RangeError);
    assert.deepEqual(redirect(['sip:a@b.example', 'xmpp:a@b.example']).targets, [
      'sip:a@b.example',
      'xmpp:a@b.example',
    ]);
  });
});

describe('rewrite refuses', () => {
  const CASES: readonly (readonly [string, unknown, RegExp])[] = [
    ['nothing', undefined, /takes an object/],
    ['a key that it does not know', { too: 'a@b' }, /no "too"/],
    ['an address with a line end', { to: 'sip:a@b.example\r\nX: y' }, /no SIP URI/],
    ['an address that ends its brackets', { to: 'sip:a@b.example>;tag=x' }, /no SIP URI/],
    ['a URI with headers', { to: 'sip:a@b.example?Subject=x' }, /no SIP URI/],
    ['a JID that is none', { to: 'a@@b' }, /neither a SIP URI nor a JID/],
    ['a body that XML cannot carry', { body: 'a\u0000' }, /XML cannot carry/],
    ['a subject of two lines', { subject: 'a\nb' }, /one line/],
    ['a body of 65,537 characters', { body: 'x'.repeat(65_537) }, /longer than/],
    ['a header field name that is no token', { headers: { 'a b': 'x' } }, /no header field name/],
    ['a value with a line end', { headers: { Subject: 'a\r\nX: y' } }, /control character/],
    ['a value that is no text', { headers: { Subject: 5 } }, /must be text or null/],
    [
      '33 header fields',
      { headers: Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`X-${i}`, 'x'])) },
      /more than 32/,
    ],
    ...[
      'Via',
      'v',
      'From',
      'To',
      'Call-ID',
      'i',
      'CSeq',
      'Contact',
      'Content-Length',
      'l',
      'Content-Type',
      'Max-Forwards',
      'Route',
      'Record-Route',
      'Proxy-Authorization',
      'Require',
    ].map((name): [string, unknown, RegExp] => [
      name,
      { headers: { [name]: 'x' } },
      /not a script's to write/,
    ]),
    ['a removal of Via', { headers: { via: null } }, /not a script's to write/],
    ['an element of its own making', { add: [{ name: 'x', namespace: 'urn:x' }] }, /what element made/],
    ['one that only looks like it', { add: [new XmlElement('x', 'urn:x')] }, /what element made/],
    ['a removal without namespace', { remove: [{ name: 'x' }] }, /takes \{ name, namespace \}/],
    [
      'a removal of the body',
      { remove: [{ name: 'body', namespace: 'jabber:client' }] },
      /not a script's to take out/,
    ],
  ];
  for (const [what, changes, message] of CASES) {
    test(what, () => assert.throws(() => rewrite(changes), message));
  }

  const ELEMENTS: readonly (readonly [string, () => unknown])[] = [
    ['a name with markup', () => newElement('x/><y', 'urn:x')],
    ['a name with a prefix', () => newElement('a:b', 'urn:x')],
    ['no namespace', () => newElement('x', '')],
    ['the namespace of xml', () => newElement('x', 'http://www.w3.org/XML/1998/namespace')],
    ['a second body', () => newElement('body', 'jabber:client', {}, 'x')],
    ['an error', () => newElement('error', 'jabber:client')],
    ['an attribute name with markup', () => newElement('x', 'urn:x', { "a='b'": 'c' })],
    ['a namespace as attribute', () => newElement('x', 'urn:x', { xmlns: 'urn:y' })],
    ['a value that XML cannot carry', () => newElement('x', 'urn:x', { a: '\u0001' })],
    ['text that XML cannot carry', () => newElement('x', 'urn:x', {}, '\ud800')],
    ['a child of its own making', () => newElement('x', 'urn:x', {}, { name: 'y', namespace: 'urn:y' })],
    [
      '257 nodes',
      () => newElement('x', 'urn:x', {}, ...Array.from({ length: 256 }, () => newElement('y', 'urn:y'))),
    ],
    [
      'seventeen in each other',
      () => {
        let inner = newElement('x', 'urn:x');
        for (let i = 0; i < 16; i++) inner = newElement('x', 'urn:x', {}, inner);
      },
    ],
  ];
  test('element: not a name alone, nor a namespace alone', () => {
    assert.deepEqual(newElement('x', 'jabber:client'), { name: 'x', namespace: 'jabber:client' });
    assert.deepEqual(newElement('body', 'urn:x'), { name: 'body', namespace: 'urn:x' });
    newElement('x', 'urn:x', {}, ...Array.from({ length: 255 }, () => newElement('y', 'urn:y')));
  });
  for (const [what, make] of ELEMENTS) test(`element: ${what}`, () => assert.throws(make));
});

function request(): SipRequest {
  return buildRequest({
    method: 'MESSAGE',
    requestUri: 'sip:ann@example.com',
    via: 'SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKx',
    from: '"Bob" <sip:bob@example.net>;tag=1',
    to: '<sip:ann@example.com>',
    callId: 'c',
    cseq: 7,
    maxForwards: 9,
  });
}

function changesOf(changes: unknown): CheckedRewrite {
  const made = rewrite(changes).changes;
  assert.ok(made !== undefined);
  return made;
}

/** As its receiver reads it. */
function sent(request: SipRequest): SipRequest {
  const parsed = parseMessage(serializeMessage(request), { stream: false });
  assert.ok(parsed.kind === 'message' && parsed.message.kind === 'request');
  return parsed.message;
}

describe('nothing that passes is more than it is', () => {
  const wild = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({
      unit: fc.constantFrom('\r', '\n', '\0', '>', '<', '"', "'", '&', ' ', ':', 'a', 'ä', '\u2028'),
    }),
  );

  const address = fc
    .tuple(fc.stringMatching(/^[a-z.]{1,8}$/), wild)
    .map(([user, more]) => `${user}@example.net;x=${more}`);

  test('header fields: a request has as many as were set, each with its value', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.stringMatching(/^X-[a-z]{1,8}$/), wild, { maxKeys: 4 }), (headers) => {
        let changes: CheckedRewrite;
        try {
          changes = changesOf({ headers });
        } catch {
          return;
        }
        const whole = sent(changedRequest(request(), changes));
        const names = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
        const found = whole.headers.filter(({ id }) => id.startsWith('x-'));
        assert.deepEqual(new Set(found.map(({ id }) => id)), names);
        assert.equal(found.length, names.size);
        assert.equal(whole.headers.length, 7 + names.size);
      }),
    );
  });

  test('addresses: the Request-URI and From are what was given, and nothing else changes', () => {
    fc.assert(
      fc.property(wild, address, (one, two) => {
        let changes: CheckedRewrite;
        try {
          changes = changesOf({ to: `sip:${one}`, from: `sip:${two}` });
        } catch {
          return;
        }
        const whole = sent(changedRequest(request(), changes));
        assert.equal(whole.requestUri, `sip:${one}`);
        assert.equal(whole.from.uri, `sip:${two}`);
        assert.equal(whole.from.tag, '1');
        assert.equal(whole.headers.length, 7);
      }),
    );
  });

  test('stanzas: what is added is there once, with its text; the body is one', () => {
    fc.assert(
      fc.property(wild, wild, wild, (body, text, value) => {
        const stanza = element('message', 'jabber:client', { from: 'a@b.example', to: 'c@d.example' }, 'x');
        let changes: CheckedRewrite;
        try {
          changes = changesOf({ body, add: [newElement('x', 'urn:x', { a: value }, text)] });
        } catch {
          return;
        }
        const parsed = parseDocument(serialize(changedStanza(stanza, changes), ''));
        assert.ok(parsed.ok);
        const children = [...parsed.value.elements()];
        assert.deepEqual(
          children.map(({ name, ns }) => `${ns} ${name}`),
          ['jabber:client body', 'urn:x x'],
        );
        assert.equal(children[0]?.text(), body);
        assert.equal(children[1]?.text(), text);
        assert.equal(children[1]?.attr('a'), value);
      }),
    );
  });
});

describe('changes', () => {
  test('a request: Via, Call-ID, CSeq, tag and Max-Forwards stay; the body has its own type', () => {
    const changed = changedRequest(
      request(),
      changesOf({ body: 'grüß', subject: 'S', headers: { 'X-A': 'ü' }, to: 'sip:eve@example.com' }),
    );
    assert.equal(changed.requestUri, 'sip:eve@example.com');
    assert.deepEqual(
      changed.headers.map(({ name, value }) => `${name}: ${fromByteString(value)}`),
      [
        'Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKx',
        'Max-Forwards: 9',
        'From: "Bob" <sip:bob@example.net>;tag=1',
        'To: <sip:ann@example.com>',
        'Call-ID: c',
        'CSeq: 7 MESSAGE',
        'Content-Type: text/plain;charset=UTF-8',
        'X-A: ü',
        'Subject: S',
        'Content-Length: 6',
      ],
    );
    assert.equal(utf8Text(changed.body), 'grüß');
  });

  test('a request: what was said of the old body goes with it, unless it is said anew', () => {
    const old = ['Content-Language', 'Content-Encoding', 'Content-Disposition', 'Content-Type'].reduce(
      (whole, name) => withHeader(whole, headerField(name, 'x')),
      request(),
    );
    const fields = (changes: object): string[] =>
      changedRequest(old, changesOf(changes))
        .headers.filter(({ id }) => id.startsWith('content-'))
        .map(({ name, value }) => `${name}: ${value}`);
    assert.deepEqual(fields({ body: '' }), ['Content-Type: text/plain;charset=UTF-8', 'Content-Length: 0']);
    assert.ok(fields({ body: '', headers: { 'Content-Language': 'it' } }).includes('Content-Language: it'));
    assert.equal(fields({ subject: 'S' }).length, 5);
  });

  test('a stanza: the body in other languages goes, id and type stay, removed before added', () => {
    const stanza = parseDocument(
      "<message xmlns='jabber:client' from='a@b.example/r' to='c@d.example' id='1' type='chat'>" +
        "<body>one</body><body xml:lang='de'>eins</body><x xmlns='urn:x'/><thread>t</thread></message>",
    );
    assert.ok(stanza.ok);
    const changed = changedStanza(
      stanza.value,
      changesOf({
        body: 'two',
        to: 'e@d.example',
        remove: [{ name: 'x', namespace: 'urn:x' }],
        add: [newElement('x', 'urn:x', {}, 'new')],
      }),
    );
    assert.equal(
      serialize(changed),
      "<message from='a@b.example/r' to='e@d.example' id='1' type='chat'><body>two</body><thread>t</thread><x xmlns='urn:x'>new</x></message>",
    );
  });
});

describe('views', () => {
  test('a request', () => {
    const view = requestView(
      buildRequest({
        method: 'MESSAGE',
        requestUri: 'sip:ann%20b@Example.COM:5080;transport=tcp',
        from: '"B\xc3\xb6b" <sip:b%C3%B6b@example.net>;tag=1',
        to: '<im:ann@example.com>',
        callId: 'c',
        cseq: 1,
        body: new TextEncoder().encode('hé'),
      }),
    );
    assert.deepEqual(
      { ...view.requestUri },
      {
        uri: 'sip:ann%20b@Example.COM:5080;transport=tcp',
        scheme: 'sip',
        user: 'ann b',
        host: 'example.com',
        port: 5080,
      },
    );
    assert.deepEqual([view.from.displayName, view.from.user, view.from.tag], ['Böb', 'böb', '1']);
    assert.deepEqual([view.to.scheme, view.to.user, view.to.host], ['im', 'ann', 'example.com']);
    assert.deepEqual(
      [view.body, view.header('CALL-ID'), view.header('i'), view.headers('x')],
      ['hé', 'c', 'c', []],
    );
    for (const part of [view, view.requestUri, view.from, view.headers('to')])
      assert.ok(Object.isFrozen(part));
    assert.throws(
      () => Reflect.apply(Object.defineProperty, undefined, [view, 'method', { value: 'INVITE' }]),
      TypeError,
    );
  });

  test('a stanza', () => {
    const stanza = parseDocument(
      "<message xmlns='jabber:client' from='Ann@example.com/R' to='b@example.net' id='i1' xml:lang='de'><body>x</body><x xmlns='urn:x' a='1'><y/></x></message>",
    );
    assert.ok(stanza.ok);
    const view = stanzaView(stanza.value);
    assert.deepEqual(
      [view.kind, view.type, view.id, view.lang, view.body, view.subject],
      ['message', 'normal', 'i1', 'de', 'x', undefined],
    );
    assert.deepEqual(
      { ...view.from },
      {
        local: 'ann',
        domain: 'example.com',
        resource: 'R',
        bare: 'ann@example.com',
        full: 'ann@example.com/R',
      },
    );
    const child = view.child('x', 'urn:x');
    assert.deepEqual(
      [child?.attribute('a'), child?.children.map(({ name }) => name), view.child('x', 'urn:z')],
      ['1', ['y'], undefined],
    );
    for (const part of [view, view.from, child, view.children]) assert.ok(Object.isFrozen(part));
  });
});
