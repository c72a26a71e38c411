import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  buildResponse,
  buildWreckResponse,
  contactList,
  contentType,
  date,
  expires,
  parseMessage,
  parseSipUri,
  requestUri,
  serializeMessage,
  viaList,
  withTopVia,
  type SipMessage,
} from '../../../src/sip/index.ts';
import { TORTURE, tortureFiles, tortureMessage } from '../../torture/outcomes.ts';

function accepted(file: string): SipMessage {
  const parsed = parseMessage(tortureMessage(file), { stream: false });
  assert.equal(parsed.kind, 'message', parsed.kind === 'malformed' ? parsed.fault.message : '');
  assert(parsed.kind === 'message');
  return parsed.message;
}

function valueOf<T>(result: { ok: true; value: T } | { ok: false }): T {
  assert(result.ok);
  return result.value;
}

test('the table names every file once', () => {
  assert.deepEqual(TORTURE.map((entry) => entry.file).sort(), [...tortureFiles()].sort());
});

describe('outcome of the parser', () => {
  for (const entry of TORTURE) {
    test(`${entry.file}: ${entry.parser}: ${entry.why}`, () => {
      const parsed = parseMessage(tortureMessage(entry.file), { stream: false });
      if (parsed.kind === 'message') {
        assert.equal(entry.parser, 'accept');
        assert.equal(parsed.message.kind, entry.kind);
        return;
      }
      assert.equal(entry.parser, 'malformed', parsed.fault.message);
      if (entry.fault !== undefined) assert.equal(parsed.fault.status, entry.fault);
      const isAnswered = typeof entry.gateway === 'number';
      assert.equal(parsed.wreck !== undefined, isAnswered);
      if (parsed.wreck === undefined) return;
      const { status, reason } = parsed.fault;
      const answer = Buffer.from(serializeMessage(buildWreckResponse(parsed.wreck, status, reason, 'tag1')));
      assert.match(answer.toString('latin1'), new RegExp(`^SIP/2\\.0 ${status} ${reason}\r\n`));
    });
  }
});

describe('what is accepted survives serialising', () => {
  for (const { file, parser } of TORTURE) {
    if (parser !== 'accept') continue;
    test(file, () => {
      const message = accepted(file);
      const again = parseMessage(serializeMessage(message), { stream: false });
      assert(again.kind === 'message');
      assert.deepEqual(again.message.headers, message.headers);
      assert.deepEqual(Buffer.from(again.message.body), Buffer.from(message.body));
      if (message.kind !== 'request') return;
      const answer = parseMessage(serializeMessage(buildResponse(message, 404, { toTag: 'x1' })), {
        stream: true,
      });
      assert.equal(answer.kind, 'message');
      const marked = withTopVia(message, { received: '2001:db8::77', rport: 5099 });
      assert.equal(marked.via.params.get('received'), '2001:db8::77');
      assert.equal(valueOf(viaList(marked)).length, valueOf(viaList(message)).length);
    });
  }
});

test('RFC 4475 §3.1.1.1 wsinv: values behind the white space', () => {
  const message = accepted('rfc4475/wsinv.dat');
  assert(message.kind === 'request');
  assert.equal(message.to.tag, '1918181833n');
  assert.equal(message.to.uri, 'sip:vivekg@chair-dnrc.example.com');
  assert.equal(message.from.displayName, 'J Rosenberg \\"');
  assert.equal(message.from.tag, '98asjd8');
  assert.equal(message.maxForwards, 68);
  assert.deepEqual(message.cseq, { number: 9, method: 'INVITE' });
  assert.equal(message.header('subject'), '');
  assert.equal(message.header('newfangledheader'), 'newfangled value continued newfangled value');
  assert.equal(message.header('unknownheaderwithunusualvalue'), ';;,,;;,;');
  assert.equal(message.body.length, 150);
  const vias = valueOf(viaList(message));
  assert.deepEqual(
    vias.map((via) => [via.transport, via.host, via.branch]),
    [
      ['UDP', '192.0.2.2', '390skdjuw'],
      ['TCP', 'spindle.example.com', 'z9hG4bK9ikj8'],
      ['UDP', '192.168.255.111', 'z9hG4bK30239'],
    ],
  );
  const contact = valueOf(contactList(message));
  assert(contact !== '*');
  assert.equal(contact[0]?.displayName, 'Quoted string ""');
  assert.deepEqual(
    [...(contact[0]?.params ?? [])],
    [
      ['newparam', 'newvalue'],
      ['secondparam', undefined],
      ['q', '0.33'],
    ],
  );
});

test('RFC 4475 §3.1.1.2 intmeth: unusual but legal characters', () => {
  const message = accepted('rfc4475/intmeth.dat');
  assert(message.kind === 'request');
  assert.equal(message.method, "!interesting-Method0123456789_*+`.%indeed'~");
  assert.equal(message.to.displayName, 'BEL:\u0007 NUL:\u0000 DEL:\u007F');
  assert.equal(message.from.displayName, "token1~` token2'+_ token3*%!.-");
  assert.equal(message.from.tag, "_token~1'+`*%!-.");
  assert.equal(message.callId, 'intmeth.word%ZK-!.*_+\'@word`~)(><:\\/"][?}{');
  assert.equal(message.via.branch, "z9hG4bK-.!%66*_+`'~");
  assert.equal(message.maxForwards, 255);
  const uri = valueOf(requestUri(message));
  assert(uri.scheme === 'sip');
  assert.equal(uri.user, "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*");
  assert.equal(uri.password, "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)");
  assert.equal(uri.host, 'example.com');
  assert.equal(Buffer.from(message.headers[6]?.value ?? '', 'latin1').toString('utf8'), '\uFEFF大停電');
});

test('RFC 4475 §3.1.1.3 esc01: escapes are read once', () => {
  const contact = valueOf(contactList(accepted('rfc4475/esc01.dat')));
  assert(contact !== '*');
  const uri = valueOf(parseSipUri(contact[0]?.uri ?? ''));
  assert.equal(uri.params.has('lr'), true);
  assert.equal(uri.params.get('name'), 'v%61lue%25%34%31');
});

test('RFC 4475 §3.1.1.5 esc02: "%" is no escape in names and display names', () => {
  const message = accepted('rfc4475/esc02.dat');
  assert(message.kind === 'request');
  assert.equal(message.method, 'RE%47IST%45R');
  assert.equal(message.to.displayName, '%Z%45');
  assert.equal(message.headerAll('contact').length, 2);
});

test('RFC 4475 §3.1.1.7 longreq: every field, compact and long', () => {
  const message = accepted('rfc4475/longreq.dat');
  assert.equal(message.from.tag, `12${'982'.repeat(50)}424`);
  assert.equal(valueOf(viaList(message)).length, 34);
});

test('RFC 4475 §3.1.1.8 dblreq: what follows the body is not in the message', () => {
  const message = accepted('rfc4475/dblreq.dat');
  assert.equal(message.body.length, 0);
  assert.doesNotMatch(Buffer.from(serializeMessage(message)).toString('latin1'), /INVITE/);
});

test('RFC 4475 §3.1.1.9 semiuri: the user part holds the parameter', () => {
  const message = accepted('rfc4475/semiuri.dat');
  assert(message.kind === 'request');
  const uri = valueOf(requestUri(message));
  assert(uri.scheme === 'sip');
  assert.equal(uri.user, 'user;par=u%40example.net');
  assert.equal(uri.host, 'example.com');
});

test('RFC 4475 §3.1.1.11 mpart01: the body keeps its octets', () => {
  const message = accepted('rfc4475/mpart01.dat');
  assert.equal(message.body.length, 553);
  const type = valueOf(contentType(message));
  assert.equal(`${type?.type}/${type?.subtype}`, 'multipart/mixed');
  assert.equal(type?.params.get('boundary'), '7a9cbec02ceef655');
});

test('RFC 4475 §3.1.1.12, §3.1.1.13: reason phrases', () => {
  const unusual = accepted('rfc4475/unreason.dat');
  assert(unusual.kind === 'response');
  assert.equal(unusual.reason, '= 2**3 * 5**2 но сто девяносто девять - простое');
  const empty = accepted('rfc4475/noreason.dat');
  assert(empty.kind === 'response');
  assert.equal(empty.reason, '');
});

test('RFC 4475 §3.1.2.12 baddate: only the reader of Date refuses it', () => {
  assert.equal(date(accepted('rfc4475/baddate.dat')).ok, false);
});

test('RFC 4475 §3.1.2.13 regbadct: only the reader of Contact refuses it', () => {
  assert.equal(contactList(accepted('rfc4475/regbadct.dat')).ok, false);
});

test('RFC 4475 §3.1.2.4: overlarge Expires is a fault of its reader', () => {
  const bytes = Buffer.from(tortureMessage('rfc4475/scalar02.dat')).toString('latin1');
  const mended = bytes.replace('36893488147419103232', '1').replace('Max-Forwards: 300', 'Max-Forwards: 30');
  const parsed = parseMessage(Buffer.from(mended, 'latin1'), { stream: false });
  assert(parsed.kind === 'message');
  assert.equal(expires(parsed.message).ok, false);
});

test('RFC 4475 §3.3.12, §3.3.13: parameter of the field or of the URI', () => {
  const field = valueOf(contactList(accepted('rfc4475/cparam01.dat')));
  const uri = valueOf(contactList(accepted('rfc4475/cparam02.dat')));
  assert(field !== '*' && uri !== '*');
  assert.equal(field[0]?.params.has('unknownparam'), true);
  assert.equal(field[0]?.uri, 'sip:+19725552222@gw1.example.net');
  assert.equal(uri[0]?.params.has('unknownparam'), false);
  assert.equal(valueOf(parseSipUri(uri[0]?.uri ?? '')).params.has('unknownparam'), true);
});

test('RFC 4475 §3.4.1 inv2543: what RFC 2543 left out is undefined', () => {
  const message = accepted('rfc4475/inv2543.dat');
  assert(message.kind === 'request');
  assert.equal(message.via.branch, undefined);
  assert.equal(message.from.tag, undefined);
  assert.equal(message.maxForwards, undefined);
  assert.match(Buffer.from(message.body).toString('latin1'), /^v=0\r\n/);
});

test('RFC 5118: addresses as they are meant', () => {
  const threeColons = accepted('rfc5118/ipv6-bug-abnf-3-colons.dat');
  assert(threeColons.kind === 'request');
  const uri = valueOf(requestUri(threeColons));
  assert(uri.scheme === 'sip');
  assert.equal(uri.host, '[2001:db8::c000:201]');
  assert.equal(threeColons.via.host, 'lab1.east.example.com');
  const received = accepted('rfc5118/via-received-param-with-delim.dat');
  assert.equal(received.via.params.get('received'), '[2001:db8::9:255]');
  assert.equal(
    accepted('rfc5118/via-received-param-no-delim.dat').via.params.get('received'),
    '2001:db8::9:255',
  );
  const mapped = accepted('rfc5118/ipv4-mapped-ipv6.dat');
  assert.deepEqual([mapped.via.host, mapped.via.port], ['[::ffff:192.0.2.10]', 19823]);
  const inside = accepted('rfc5118/port-ambiguous.dat');
  const outside = accepted('rfc5118/port-unambiguous.dat');
  assert(inside.kind === 'request' && outside.kind === 'request');
  const ports = [inside, outside].map((request) => {
    const read = valueOf(requestUri(request));
    return read.scheme === 'sip' ? [read.host, read.port] : [];
  });
  assert.deepEqual(ports, [
    ['[2001:db8::10:5070]', undefined],
    ['[2001:db8::10]', 5070],
  ]);
});

test('RFC 4475 §3.3.1 insuf: the answer copies what was there', () => {
  const parsed = parseMessage(tortureMessage('rfc4475/insuf.dat'), { stream: false });
  assert(parsed.kind === 'malformed' && parsed.wreck !== undefined);
  assert.deepEqual(parsed.wreck, {
    method: 'INVITE',
    vias: ['SIP/2.0/UDP 192.0.2.95;branch=z9hG4bKkdj.insuf'],
    from: '',
    to: '',
    callId: '',
    cseq: '193942 INVITE',
  });
});
