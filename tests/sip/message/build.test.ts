import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import {
  buildRequest,
  buildResponse,
  formatNameAddr,
  formatVia,
  headerField,
  parseMessage,
  parseSipUri,
  percentEncode,
  isUserChar,
  rawHeaderField,
  reasonPhrase,
  serializeMessage,
  withBody,
  withFirstHeader,
  withHeader,
  withTopVia,
  withoutHeader,
  type HeaderField,
  type SipMessage,
  type SipRequest,
} from '../../../src/sip/index.ts';

function wire(message: SipMessage): string {
  return Buffer.from(serializeMessage(message)).toString('latin1');
}

function received(raw: string): SipRequest {
  const parsed = parseMessage(Buffer.from(raw, 'latin1'), { stream: false });
  assert(parsed.kind === 'message' && parsed.message.kind === 'request');
  return parsed.message;
}

function request(
  via = 'SIP/2.0/UDP pc33.example.net;branch=z9hG4bK776;rport',
  to = '<sip:juliet@example.org>',
): SipRequest {
  return received(
    [
      'MESSAGE sip:juliet@example.org SIP/2.0',
      `v: ${via}`,
      'Via: SIP/2.0/TCP first.example.net;branch=z9hG4bK1',
      'Max-Forwards: 70',
      'Timestamp: 54',
      'f: "Romeo" <sip:romeo@example.net>;tag=r1',
      `To: ${to}`,
      'Record-Route: <sip:p.example.net;lr>',
      'Call-ID: c1',
      'CSeq: 7 MESSAGE',
      'Content-Length: 2',
      '',
      'hi',
    ].join('\r\n'),
  );
}

test('RFC 3261 §8.1.1: a request of its parts', () => {
  const message = buildRequest({
    method: 'MESSAGE',
    requestUri: 'sip:juliet@example.org',
    via: formatVia({ transport: 'UDP', host: 'gw.example.net', port: 5060, branch: 'z9hG4bKabc' }),
    from: `${formatNameAddr({ uri: 'sip:romeo@example.net', displayName: 'Romeo "R" \\ M' })};tag=t1`,
    to: '<sip:juliet@example.org>',
    callId: 'c2',
    cseq: 1,
    headers: [headerField('Content-Type', 'text/plain'), headerField('Subject', 'Grüße')],
    body: Buffer.from('hallo'),
  });
  assert.equal(
    wire(message),
    [
      'MESSAGE sip:juliet@example.org SIP/2.0',
      'Via: SIP/2.0/UDP gw.example.net:5060;rport;branch=z9hG4bKabc',
      'Max-Forwards: 70',
      'From: "Romeo \\"R\\" \\\\ M" <sip:romeo@example.net>;tag=t1',
      'To: <sip:juliet@example.org>',
      'Call-ID: c2',
      'CSeq: 1 MESSAGE',
      'Content-Type: text/plain',
      'Subject: Gr\u00C3\u00BC\u00C3\u009Fe',
      'Content-Length: 5',
      '',
      'hallo',
    ].join('\r\n'),
  );
  assert.equal(message.via.branch, 'z9hG4bKabc');
  assert.equal(message.from.displayName, 'Romeo "R" \\ M');
  assert.equal(message.from.tag, 't1');
  assert.deepEqual(message.cseq, { number: 1, method: 'MESSAGE' });
});

test('a message without body says Content-Length: 0 (RFC 3261 §20.14)', () => {
  const message = buildRequest({
    method: 'OPTIONS',
    requestUri: 'sip:a.example',
    from: '<sip:b.example>',
    to: '<sip:a.example>',
    callId: 'x',
    cseq: 2,
    maxForwards: 0,
  });
  assert.match(wire(message), /\r\nMax-Forwards: 0\r\n[^]*\r\nContent-Length: 0\r\n\r\n$/);
});

describe('RFC 3261 §8.2.6.2: responses', () => {
  test('Via in order, From, To with tag, Call-ID, CSeq; nothing else', () => {
    assert.equal(
      wire(buildResponse(request(), 404, { toTag: 'g1' })),
      [
        'SIP/2.0 404 Not Found',
        'v: SIP/2.0/UDP pc33.example.net;branch=z9hG4bK776;rport',
        'Via: SIP/2.0/TCP first.example.net;branch=z9hG4bK1',
        'f: "Romeo" <sip:romeo@example.net>;tag=r1',
        'To: <sip:juliet@example.org>;tag=g1',
        'Call-ID: c1',
        'CSeq: 7 MESSAGE',
        'Content-Length: 0',
        '',
        '',
      ].join('\r\n'),
    );
  });
  test('100: Timestamp is copied (§8.2.6.1), To gets no tag', () => {
    const response = buildResponse(request(), 100, { toTag: 'g1' });
    assert.equal(response.header('timestamp'), '54');
    assert.equal(response.to.tag, undefined);
  });
  test('a To that has a tag keeps it', () => {
    const response = buildResponse(request(undefined, '<sip:juliet@example.org>;tag=old'), 200, {
      toTag: 'g1',
    });
    assert.equal(response.header('to'), '<sip:juliet@example.org>;tag=old');
    assert.equal(response.to.tag, 'old');
  });
  test('the tag of a To without angle brackets is a parameter of the field', () => {
    assert.equal(
      buildResponse(request(undefined, 'sip:juliet@example.org'), 200, { toTag: 'g1' }).to.tag,
      'g1',
    );
  });
  test('further fields, body, reason', () => {
    const body = Buffer.from('why');
    const text = wire(
      buildResponse(request(), 480, { reason: 'Später', headers: [headerField('Retry-After', '30')], body }),
    );
    assert.match(text, /^SIP\/2\.0 480 Sp\u00C3\u00A4ter\r\n/);
    assert.match(text, /\r\nRetry-After: 30\r\nContent-Length: 3\r\n\r\nwhy$/);
  });
  test('the typed values are those of the request', () => {
    const asked = request();
    const response = buildResponse(asked, 200, { toTag: 'g1' });
    assert.equal(response.via, asked.via);
    assert.equal(response.cseq, asked.cseq);
    assert.equal(response.callId, 'c1');
    assert.equal(response.to.tag, 'g1');
  });
});

describe('RFC 3261 §18.2.1, RFC 3581 §4: received and rport in the topmost Via', () => {
  const cases: readonly [name: string, via: string, received: string | undefined, expected: string][] = [
    [
      'rport asked for',
      'SIP/2.0/UDP h;branch=z9hG4bK1;rport',
      '192.0.2.9',
      'SIP/2.0/UDP h;branch=z9hG4bK1;rport=5099;received=192.0.2.9',
    ],
    [
      'rport in front',
      'SIP/2.0/UDP h;rport;branch=z9hG4bK1',
      '192.0.2.9',
      'SIP/2.0/UDP h;rport=5099;branch=z9hG4bK1;received=192.0.2.9',
    ],
    [
      'rport not asked for',
      'SIP/2.0/UDP h;branch=z9hG4bK1',
      '192.0.2.9',
      'SIP/2.0/UDP h;branch=z9hG4bK1;received=192.0.2.9',
    ],
    [
      'address is that of sent-by',
      'SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1',
      undefined,
      'SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1',
    ],
    [
      'values of the sender are not believed',
      'SIP/2.0/UDP h;received=203.0.113.1;branch=z9hG4bK1;rport=1',
      '192.0.2.9',
      'SIP/2.0/UDP h;branch=z9hG4bK1;rport=5099;received=192.0.2.9',
    ],
    [
      'nor when there is nothing to add',
      'SIP/2.0/UDP h;RECEIVED=203.0.113.1;branch=z9hG4bK1',
      undefined,
      'SIP/2.0/UDP h;branch=z9hG4bK1',
    ],
    [
      'other parameters stay',
      'SIP/2.0/UDP h ; x="a;\\"rport;b" ;branch=z9hG4bK1;rport',
      '2001:db8::1',
      'SIP/2.0/UDP h;x="a;\\"rport;b";branch=z9hG4bK1;rport=5099;received=2001:db8::1',
    ],
    [
      'a list: only the first',
      'SIP/2.0/UDP h;branch=z9hG4bK1;rport, SIP/2.0/UDP i;rport',
      '192.0.2.9',
      'SIP/2.0/UDP h;branch=z9hG4bK1;rport=5099;received=192.0.2.9, SIP/2.0/UDP i;rport',
    ],
    [
      'values of the sender in mixed case, after a bare rport',
      'SIP/2.0/UDP h;rport;branch=z9hG4bK1;ReCeIvEd=203.0.113.1',
      '192.0.2.9',
      'SIP/2.0/UDP h;rport=5099;branch=z9hG4bK1;received=192.0.2.9',
    ],
    [
      'a branch that looks like it',
      'SIP/2.0/UDP h;branch=z9hG4bKrport;rport;alias',
      '192.0.2.9',
      'SIP/2.0/UDP h;branch=z9hG4bKrport;rport=5099;alias;received=192.0.2.9',
    ],
    [
      'a parameter that begins like it',
      'SIP/2.0/UDP h;rportal;branch=z9hG4bK1',
      '192.0.2.9',
      'SIP/2.0/UDP h;rportal;branch=z9hG4bK1;received=192.0.2.9',
    ],
    ['no parameters', 'SIP/2.0/UDP h', '192.0.2.9', 'SIP/2.0/UDP h;received=192.0.2.9'],
  ];
  for (const [name, via, address, expected] of cases) {
    test(name, () => {
      const original = request(via);
      const marked = withTopVia(original, { received: address, rport: 5099 });
      assert.equal(marked.header('via'), expected);
      assert.equal(marked.via.params.get('received'), address);
      assert.equal(marked.via.branch, original.via.branch);
      assert.equal(marked.from, original.from);
      assert.equal(marked.headers.length, original.headers.length);
      assert.equal(original.header('via'), via);
      assert.equal(received(wire(marked)).header('via'), expected);
    });
  }
});

test('a request to whose Via nothing is added is the same object', () => {
  const plain = request('SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1');
  assert.equal(withTopVia(plain, { received: undefined, rport: 5099 }), plain);
});

test('RFC 3261 §7.2: a status is 100 … 699', () => {
  for (const status of [100, 699]) assert.match(wire(buildResponse(request(), status)), /^SIP\/2\.0 [16]/);
  for (const status of [99, 700, 200.5, Number.NaN]) {
    assert.throws(() => serializeMessage(buildResponse(request(), status)), TypeError);
  }
});

describe('changes', () => {
  test('withHeader takes the place of all fields of the id', () => {
    const changed = withHeader(request(), rawHeaderField('Via', 'SIP/2.0/TCP new;branch=z9hG4bK9'));
    assert.deepEqual(changed.headerAll('via'), ['SIP/2.0/TCP new;branch=z9hG4bK9']);
    assert.equal(changed.headers[0]?.id, 'via');
    assert.equal(changed.via.host, 'new');
  });
  test('withHeader appends what was not there', () => {
    assert.equal(withHeader(request(), headerField('Subject', 'x')).headers.at(-1)?.value, 'x');
  });
  test('Max-Forwards follows its field', () => {
    assert.equal(withHeader(request(), headerField('Max-Forwards', '69')).maxForwards, 69);
    assert.equal(withoutHeader(request(), 'max-forwards').maxForwards, undefined);
    assert.equal(withHeader(request(), headerField('Subject', 'x')).maxForwards, 70);
  });
  test('withFirstHeader puts a Via on top', () => {
    const changed = withFirstHeader(request(), rawHeaderField('Via', 'SIP/2.0/TCP new;branch=z9hG4bK9'));
    assert.equal(changed.headerAll('via').length, 3);
    assert.equal(changed.via.host, 'new');
    const bare = withFirstHeader(withoutHeader(request(), 'via'), rawHeaderField('Via', 'SIP/2.0/TCP new'));
    assert.equal(bare.headers[0]?.id, 'via');
  });
  test('withoutHeader', () => {
    const original = request();
    assert.equal(withoutHeader(original, 'timestamp').header('timestamp'), undefined);
    assert.equal(withoutHeader(original, 'x-none'), original);
  });
  test('withBody writes the length and the type', () => {
    const changed = withBody(request(), Buffer.from('hello'), headerField('Content-Type', 'text/html'));
    assert.match(wire(changed), /\r\nContent-Length: 5\r\nContent-Type: text\/html\r\n\r\nhello$/);
  });
  test('a response stays a response', () => {
    const changed = withHeader(buildResponse(request(), 486), headerField('Retry-After', '5'));
    assert.match(wire(changed), /^SIP\/2\.0 486 Busy Here\r\n[^]*Retry-After: 5\r\n\r\n$/);
  });
});

test('reason phrases: registered, by class for others', () => {
  assert.deepEqual(
    [200, 202, 481, 499, 606, 699].map((status) => reasonPhrase(status)),
    ['OK', 'Accepted', 'Call/Transaction Does Not Exist', 'Bad Request', 'Not Acceptable', 'Busy Everywhere'],
  );
});

describe('nothing adds a line (RFC 3261 §7.3.1)', () => {
  test('IM-02: CR, LF and NUL of text become one space', () => {
    assert.equal(headerField('Subject', 'a\r\n\r\nVia: x\0\nb').value, 'a Via: x b');
  });
  test('raw values with CR, LF or a char above U+00FF throw', () => {
    for (const value of ['a\rb', 'a\nb', 'a\u010Ab', 'a\u{1F60A}']) {
      assert.throws(() => rawHeaderField('Subject', value), TypeError);
    }
  });
  test('names must be tokens', () => {
    for (const name of ['', 'a b', 'a:b', 'a\r\nVia', 'ä'])
      assert.throws(() => headerField(name, 'x'), TypeError);
  });
  const unsafe: readonly [string, Partial<SipRequest>][] = [
    ['a field object of somebody else', { headers: [{ name: 'X', id: 'x', value: 'a\r\nVia: b' }] }],
    ['its name', { headers: [{ name: 'X: 1\r\nY', id: 'x', value: 'a' }] }],
    ['its value in 16 bits', { headers: [{ name: 'X', id: 'x', value: 'a\u010Ab' }] }],
    ['the method', { method: 'A\r\nB' }],
    ['the Request-URI', { requestUri: 'sip:a@b SIP/2.0\r\nX: y' }],
    ['the Request-URI in 16 bits', { requestUri: 'sip:a\u010A@b' }],
    ['no Request-URI', { requestUri: '' }],
  ];
  for (const [name, change] of unsafe) {
    test(`serialising refuses ${name}`, () => {
      const { headers, body, via, from, to, callId, cseq } = request();
      const base = {
        kind: 'request',
        method: 'MESSAGE',
        requestUri: 'sip:a@b.example',
        maxForwards: 70,
      } as const;
      const lookup = { header: () => undefined, headerAll: () => [] };
      const message: SipRequest = {
        ...base,
        headers,
        body,
        via,
        from,
        to,
        callId,
        cseq,
        ...lookup,
        ...change,
      };
      assert.throws(() => serializeMessage(message), TypeError);
    });
  }
  test('a reason with line ends is one line', () => {
    const text = wire(buildResponse(request(), 500, { reason: 'a\r\nVia: x\nb' }));
    assert.match(text, /^SIP\/2\.0 500 a Via: x b\r\nv: /);
  });
  test('property: whatever text goes in, the same number of fields comes out, with the same text', () => {
    const anyText = fc.string({ unit: 'binary', maxLength: 40 });
    fc.assert(
      fc.property(
        anyText,
        anyText,
        anyText,
        fc.uint8Array({ maxLength: 50 }),
        (subject, displayName, user, body) => {
          const parts = {
            method: 'MESSAGE',
            requestUri: `sip:${percentEncode(user, isUserChar)}x@example.org`,
            via: 'SIP/2.0/UDP a;branch=z9hG4bK1',
            from: `${formatNameAddr({ displayName, uri: 'sip:a@b.example' })};tag=1`,
            to: '<sip:c@d.example>',
            callId: 'c',
            cseq: 1,
            headers: [headerField('Subject', subject)],
            body,
          };
          const message = buildRequest(parts);
          const again = received(wire(message));
          assert.deepEqual(again.headers, message.headers);
          assert.equal(again.requestUri, parts.requestUri);
          const readable = displayName.toWellFormed().replaceAll(/[\r\n\0]/g, '');
          assert.equal(again.from.displayName, readable);
          assert.deepEqual(Buffer.from(again.body), Buffer.from(body));
        },
      ),
    );
  });
});

describe('round trip', () => {
  const tokenChar = fc.constantFrom(..."abcXYZ019-.!%*_+`'~".split(''));
  const token = fc.string({ unit: tokenChar, minLength: 1, maxLength: 12 });
  const octetText = fc
    .string({
      unit: fc.integer({ min: 0x21, max: 0xff }).map((code) => String.fromCharCode(code)),
      maxLength: 30,
    })
    .filter((text) => !text.includes('\u007F'));
  const unknown = fc
    .tuple(token, octetText)
    .map(([name, value]): HeaderField => rawHeaderField(`X-${name}`, value));
  const host = fc.constantFrom('example.org', '192.0.2.1', '[2001:db8::1]');
  const parts = fc.record({
    method: token,
    user: fc.string({
      unit: fc.constantFrom(..."aZ9-_.!~*'()&=+$,;?/".split('')),
      minLength: 1,
      maxLength: 10,
    }),
    host,
    tag: token,
    callId: fc.string({
      unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
      minLength: 1,
    }),
    cseq: fc.nat({ max: 2 ** 31 - 1 }),
    maxForwards: fc.nat({ max: 255 }),
    headers: fc.array(unknown, { maxLength: 6 }),
    body: fc.uint8Array({ maxLength: 100 }),
    branch: token,
  });
  test('parse(serialize(m)) = m', () => {
    fc.assert(
      fc.property(parts, (made) => {
        const uri = `sip:${made.user}@${made.host}`;
        const message = buildRequest({
          ...made,
          requestUri: uri,
          via: formatVia({ transport: 'TCP', host: made.host, branch: `z9hG4bK${made.branch}` }),
          from: `<${uri}>;tag=${made.tag}`,
          to: `<${uri}>`,
        });
        for (const stream of [false, true]) {
          const parsed = parseMessage(serializeMessage(message), { stream });
          assert(parsed.kind === 'message' && parsed.message.kind === 'request');
          const again = parsed.message;
          assert.deepEqual(again.headers, message.headers);
          assert.equal(again.method, made.method);
          assert.equal(again.requestUri, uri);
          assert.equal(again.from.tag, made.tag);
          assert.equal(again.via.branch, message.via.branch);
          assert.equal(again.callId, made.callId);
          assert.deepEqual(again.cseq, message.cseq);
          assert.equal(again.maxForwards, made.maxForwards);
          assert.deepEqual(Buffer.from(again.body), Buffer.from(made.body));
          const read = parseSipUri(again.requestUri);
          assert(read.ok);
          assert.equal(read.value.user, made.user);
        }
      }),
    );
  });
});
