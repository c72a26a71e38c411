// isComposing and IMDN documents: the examples of the RFCs, and what real peers sent.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { utf8Bytes } from '../../src/base/index.ts';
import {
  formatImdn,
  formatIsComposing,
  imdnHeaders,
  parseCpim,
  parseImdn,
  parseIsComposing,
  readImdnRequest,
  type ImdnRequest,
  type IsComposing,
} from '../../src/mime/index.ts';

const NS = 'urn:ietf:params:xml:ns:im-iscomposing';

function composing(xml: string): IsComposing | string {
  const result = parseIsComposing(utf8Bytes(xml));
  return result.ok ? result.value : result.error.code;
}

/** The body of a recorded request. */
function recorded(name: string): Uint8Array {
  const message = readFileSync(new URL(`../vectors/linphone/${name}.sip`, import.meta.url));
  return message.subarray(message.indexOf('\r\n\r\n') + 4);
}

describe('RFC 3994 §5: examples', () => {
  test('active', () => {
    assert.deepEqual(
      composing(`<?xml version="1.0" encoding="UTF-8"?>
    <isComposing xmlns="urn:ietf:params:xml:ns:im-iscomposing"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
    xsi:schemaLocation="urn:ietf:params:xml:ns:im-composing
    iscomposing.xsd">
      <state>active</state>
      <contenttype>text/plain</contenttype>
      <refresh>90</refresh>
    </isComposing>`),
      { state: 'active', contentType: 'text/plain', refreshSeconds: 90 },
    );
  });
  test('idle', () => {
    assert.deepEqual(
      composing(
        `<isComposing xmlns="${NS}"><state>idle</state><lastactive>2003-01-27T10:43:00Z</lastactive><contenttype>audio</contenttype></isComposing>`,
      ),
      { state: 'idle', contentType: 'audio', lastActiveMs: Date.UTC(2003, 0, 27, 10, 43) },
    );
  });
});

test('recorded: linphone, active', () => {
  const result = parseIsComposing(recorded('is-composing'));
  assert.deepEqual(result, { ok: true, value: { state: 'active', refreshSeconds: 60 } });
});

describe('RFC 3994 §3.5, §6: reading', () => {
  const doc = (inner: string): string => `<isComposing xmlns='${NS}'>${inner}</isComposing>`;
  const cases: readonly [string, string, IsComposing | string][] = [
    ['an unknown state is idle', doc('<state>thinking</state>'), { state: 'idle' }],
    [
      'white space around',
      doc('<state> active\n</state><refresh> 60 </refresh>'),
      { state: 'active', refreshSeconds: 60 },
    ],
    [
      'refresh 0 is no positive integer',
      doc('<state>active</state><refresh>0</refresh>'),
      { state: 'active' },
    ],
    ['refresh -1', doc('<state>active</state><refresh>-1</refresh>'), { state: 'active' }],
    [
      'refresh of a century is one day',
      doc('<state>active</state><refresh>3153600000</refresh>'),
      { state: 'active', refreshSeconds: 86_400 },
    ],
    ['bad lastactive', doc('<state>idle</state><lastactive>yesterday</lastactive>'), { state: 'idle' }],
    ['extensions are ignored', doc("<state>active</state><x xmlns='urn:x'/>"), { state: 'active' }],
    [
      'with a prefix',
      `<c:isComposing xmlns:c='${NS}'><c:state>active</c:state></c:isComposing>`,
      { state: 'active' },
    ],
    ['no state', doc(''), 'ERR_MIME_IS_COMPOSING'],
    [
      'other namespace',
      `<isComposing xmlns='urn:x'><state>active</state></isComposing>`,
      'ERR_MIME_IS_COMPOSING',
    ],
    ['other root', `<composing xmlns='${NS}'><state>active</state></composing>`, 'ERR_MIME_IS_COMPOSING'],
  ];
  for (const [name, xml, expected] of cases) test(name, () => assert.deepEqual(composing(xml), expected));
  test('no XML', () => assert.equal(parseIsComposing(utf8Bytes('active')).ok, false));
  test('a DTD is refused', () => {
    assert.equal(
      parseIsComposing(utf8Bytes(`<!DOCTYPE x [<!ENTITY e "active">]>${doc('<state>&e;</state>')}`)).ok,
      false,
    );
  });
});

test('row IM-66: the document written', () => {
  assert.equal(
    formatIsComposing({ state: 'active', contentType: 'text/plain', refreshSeconds: 90 }),
    '<?xml version="1.0" encoding="UTF-8"?>\r\n' +
      `<isComposing xmlns='${NS}'><state>active</state><contenttype>text/plain</contenttype><refresh>90</refresh></isComposing>`,
  );
  const idle: IsComposing = {
    state: 'idle',
    lastActiveMs: Date.UTC(2003, 0, 27, 10, 43),
    contentType: 'a&b',
  };
  assert.deepEqual(composing(formatIsComposing(idle)), idle);
});

describe('RFC 5438: documents', () => {
  const ns = "xmlns='urn:ietf:params:xml:ns:imdn'";
  const doc = (notification: string): string =>
    `<imdn ${ns}><message-id>34jk324j</message-id><datetime>2008-04-04T12:16:49-05:00</datetime>${notification}</imdn>`;
  const read = (xml: string): unknown => {
    const result = parseImdn(utf8Bytes(xml));
    return result.ok ? [result.value.kind, result.value.status] : result.error.code;
  };

  test('§7.2.1.1: the example of a delivery notification', () => {
    const result = parseImdn(
      utf8Bytes(`<?xml version="1.0" encoding="UTF-8"?>
   <imdn xmlns="urn:ietf:params:xml:ns:imdn">
         <message-id>34jk324j</message-id>
         <datetime>2008-04-04T12:16:49-05:00</datetime>
        <recipient-uri>im:bob@example.com</recipient-uri>
         <original-recipient-uri
           >im:bob@example.com</original-recipient-uri>
         <delivery-notification>
            <status>
               <delivered/>
            </status>
         </delivery-notification>
       </imdn>`),
    );
    assert.deepEqual(result, {
      ok: true,
      value: {
        messageId: '34jk324j',
        dateMs: Date.UTC(2008, 3, 4, 17, 16, 49),
        kind: 'delivery',
        status: 'delivered',
        recipientUri: 'im:bob@example.com',
      },
    });
  });
  const statuses: readonly [string, string][] = [
    ['delivery', 'delivered'],
    ['delivery', 'failed'],
    ['delivery', 'forbidden'],
    ['delivery', 'error'],
    ['display', 'displayed'],
    ['display', 'forbidden'],
    ['display', 'error'],
    ['processing', 'processed'],
    ['processing', 'stored'],
  ];
  for (const [kind, status] of statuses) {
    test(`§11.1.7: ${kind} ${status}`, () => {
      const xml = doc(`<${kind}-notification><status><${status}/></status></${kind}-notification>`);
      assert.deepEqual(read(xml), [kind, status]);
    });
  }
  const broken: readonly [string, string][] = [
    [
      'status of another kind',
      doc('<display-notification><status><delivered/></status></display-notification>'),
    ],
    ['no status', doc('<delivery-notification/>')],
    ['no notification', doc('')],
    [
      'no message-id',
      `<imdn ${ns}><delivery-notification><status><delivered/></status></delivery-notification></imdn>`,
    ],
    ['other namespace', '<imdn><message-id>x</message-id></imdn>'],
  ];
  for (const [name, xml] of broken) test(name, () => assert.equal(read(xml), 'ERR_MIME_IMDN'));

  test('recorded: linphone, displayed', () => {
    assert.deepEqual(parseImdn(recorded('imdn-displayed')), {
      ok: true,
      value: {
        messageId: 'pBfjAcZpc6',
        dateMs: Date.UTC(2026, 10, 22, 21, 53, 46),
        kind: 'display',
        status: 'displayed',
      },
    });
  });

  test('§11.1: written and read', () => {
    const xml = formatImdn({
      messageId: 'a<b',
      dateMs: Date.UTC(2026, 0, 1),
      kind: 'delivery',
      status: 'failed',
      recipientUri: 'sip:a@b',
    });
    assert.equal(
      xml,
      '<?xml version="1.0" encoding="UTF-8"?>\r\n' +
        `<imdn ${ns}><message-id>a&lt;b</message-id><datetime>2026-01-01T00:00:00Z</datetime><recipient-uri>sip:a@b</recipient-uri>` +
        '<original-recipient-uri>sip:a@b</original-recipient-uri><delivery-notification><status><failed/></status></delivery-notification></imdn>',
    );
  });
});

describe('RFC 5438 §6, §7.1.1: the request for a notification', () => {
  const ask = (...headers: readonly string[]): ImdnRequest | undefined => {
    const text = ['From: <im:a@b>', ...headers, '', 'Content-Type: text/plain', '', 'Hello World'].join(
      '\r\n',
    );
    const message = parseCpim(utf8Bytes(text));
    assert.ok(message.ok);
    return readImdnRequest(message.value);
  };
  const NS_LINE = 'NS: imdn <urn:ietf:params:imdn>';
  test('the example of §7.1.1.3', () => {
    assert.deepEqual(
      ask(
        NS_LINE,
        'imdn.Message-ID: 34jk324j',
        'DateTime: 2006-04-04T12:16:49-05:00',
        'imdn.Disposition-Notification: positive-delivery, negative-delivery',
      ),
      { messageId: '34jk324j', positiveDelivery: true, negativeDelivery: true, display: false },
    );
  });
  test('another prefix, display, unknown values ignored', () => {
    assert.deepEqual(
      ask(
        'NS: x <urn:ietf:params:imdn>',
        'x.Message-ID: 1',
        'x.Disposition-Notification: display,frobnicate',
      ),
      { messageId: '1', positiveDelivery: false, negativeDelivery: false, display: true },
    );
  });
  test('nothing asked for, no Message-ID, no declaration, a Message-ID that is no token', () => {
    assert.equal(ask(NS_LINE, 'imdn.Message-ID: 1'), undefined);
    assert.equal(ask(NS_LINE, 'imdn.Message-ID: 1', 'imdn.Disposition-Notification: '), undefined);
    assert.equal(ask(NS_LINE, 'imdn.Disposition-Notification: display'), undefined);
    assert.equal(ask('imdn.Message-ID: 1', 'imdn.Disposition-Notification: display'), undefined);
    assert.equal(ask(NS_LINE, 'imdn.Message-ID: a b', 'imdn.Disposition-Notification: display'), undefined);
  });
  test('row RCPT-01: headers written', () => {
    const request: ImdnRequest = {
      messageId: 'abc',
      positiveDelivery: true,
      negativeDelivery: true,
      display: true,
    };
    const lines = imdnHeaders(request).map((h) => `${h.name}: ${h.value}`);
    assert.deepEqual(lines, [
      NS_LINE,
      'imdn.Message-ID: abc',
      'imdn.Disposition-Notification: positive-delivery, negative-delivery, display',
    ]);
    assert.deepEqual(ask(...lines), request);
  });
});
