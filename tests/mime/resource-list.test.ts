// Notifications about lists of resources (RFC 4662 §5, row CSP-20).
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { latin1Bytes, utf8Text } from '../../src/base/index.ts';
import {
  mergeResourceList,
  readPidf,
  readResourceList,
  type ListedInstance,
  type ResourceList,
  type ResourceListTable,
} from '../../src/mime/index.ts';

const TYPE =
  'multipart/related;type="application/rlmi+xml";start="<nXYxAE@pres.vancouver.example.com>";boundary="50UBfW7LSCVLtggUPe5z"';

/** RFC 4662 §6 step 3; the attribute `uri` of Bob has one quotation mark too many there. */
const EXAMPLE = `--50UBfW7LSCVLtggUPe5z
Content-Transfer-Encoding: binary
Content-ID: <nXYxAE@pres.vancouver.example.com>
Content-Type: application/rlmi+xml;charset="UTF-8"

<?xml version="1.0" encoding="UTF-8"?>
<list xmlns="urn:ietf:params:xml:ns:rlmi"
      uri="sip:adam-friends@pres.vancouver.example.com"
      version="1" fullState="true">
  <name xml:lang="en">Buddy List at COM</name>
  <name xml:lang="de">Liste der Freunde an COM</name>
  <resource uri="sip:bob@vancouver.example.com">
    <name>Bob Smith</name>
    <instance id="juwigmtboe" state="active"
              cid="bUZBsM@pres.vancouver.example.com"/>
  </resource>
  <resource uri="sip:dave@vancouver.example.com">
    <name>Dave Jones</name>
    <instance id="hqzsuxtfyq" state="active"
              cid="ZvSvkz@pres.vancouver.example.com"/>
  </resource>
  <resource uri="sip:ed@dallas.example.net">
    <name>Ed at NET</name>
  </resource>
  <resource uri="sip:adam-friends@stockholm.example.org">
    <name xml:lang="en">My Friends at ORG</name>
    <name xml:lang="de">Meine Freunde an ORG</name>
  </resource>
</list>

--50UBfW7LSCVLtggUPe5z
Content-Transfer-Encoding: binary
Content-ID: <bUZBsM@pres.vancouver.example.com>
Content-Type: application/pidf+xml;charset="UTF-8"

<?xml version="1.0" encoding="UTF-8"?>
<presence xmlns="urn:ietf:params:xml:ns:pidf"
    entity="sip:bob@vancouver.example.com">
  <tuple id="sg89ae">
    <status>
      <basic>open</basic>
    </status>
    <contact priority="1.0">sip:bob@vancouver.example.com</contact>
  </tuple>
</presence>

--50UBfW7LSCVLtggUPe5z
Content-Transfer-Encoding: binary
Content-ID: <ZvSvkz@pres.vancouver.example.com>
Content-Type: application/pidf+xml;charset="UTF-8"

<?xml version="1.0" encoding="UTF-8"?>
<presence xmlns="urn:ietf:params:xml:ns:pidf"
    entity="sip:dave@vancouver.example.com">
  <tuple id="slie74">
    <status>
      <basic>closed</basic>
    </status>
  </tuple>
</presence>

--50UBfW7LSCVLtggUPe5z--
`.replaceAll('\n', '\r\n');

function read(text: string, type = TYPE): ResourceList {
  const result = readResourceList(type, latin1Bytes(text));
  return result.ok ? result.value : assert.fail(result.error.message);
}

test('RFC 4662 §6: the example', () => {
  const list = read(EXAMPLE);
  assert.equal(list.uri, 'sip:adam-friends@pres.vancouver.example.com');
  assert.equal(list.version, 1);
  assert.equal(list.full, true);
  const content = (instance: ListedInstance | undefined): string => {
    const found = instance?.content;
    assert.ok(found);
    assert.equal(found.type, 'application/pidf+xml');
    const document = readPidf(found.body);
    return document.ok
      ? `${document.value.entity} ${document.value.tuples[0]?.basic}`
      : document.error.message;
  };
  assert.deepEqual(
    list.resources.map(({ uri, name, instances }) => [
      uri,
      name,
      instances.map(({ id, state }) => [id, state]),
    ]),
    [
      ['sip:bob@vancouver.example.com', 'Bob Smith', [['juwigmtboe', 'active']]],
      ['sip:dave@vancouver.example.com', 'Dave Jones', [['hqzsuxtfyq', 'active']]],
      ['sip:ed@dallas.example.net', 'Ed at NET', []],
      ['sip:adam-friends@stockholm.example.org', 'My Friends at ORG', []],
    ],
  );
  assert.equal(content(list.resources[0]?.instances[0]), 'sip:bob@vancouver.example.com open');
  assert.equal(content(list.resources[1]?.instances[0]), 'sip:dave@vancouver.example.com closed');
});

/** A body of the RLMI document and parts, as "content-id type text". */
function body(inside: string, ...parts: readonly string[]): string {
  const list = `<list xmlns="urn:ietf:params:xml:ns:rlmi" uri="sip:l@b" version="3" fullState="false">${inside}</list>`;
  return raw(list, ...parts);
}
function raw(list: string, ...parts: readonly string[]): string {
  const rest = parts.map((part) => {
    const [id, type, ...text] = part.split(' ');
    return `--b\r\nContent-ID: <${id}>\r\nContent-Type: ${type}\r\n\r\n${text.join(' ')}\r\n`;
  });
  return `--b\r\nContent-Type: application/rlmi+xml\r\n\r\n${list}\r\n${rest.join('')}--b--`;
}
const RELATED = 'multipart/related; boundary=b';

describe('details', () => {
  test('without "start" the first part is the root (RFC 2387 §3.2)', () => {
    const list = read(body('<resource uri="sip:a@b"><instance id="1" state="pending"/></resource>'), RELATED);
    assert.deepEqual(list, {
      uri: 'sip:l@b',
      version: 3,
      full: false,
      resources: [{ uri: 'sip:a@b', instances: [{ id: '1', state: 'pending' }] }],
    });
  });
  test('§5.5: terminated, with its reason', () => {
    const text = body(
      '<resource uri="sip:a@b"><instance id="1" state="terminated" reason="rejected"/></resource>',
    );
    assert.deepEqual(read(text, RELATED).resources[0]?.instances, [
      { id: '1', state: 'terminated', reason: 'rejected' },
    ]);
  });
  test('§5.5: a part that is not there, and the root itself, are no content', () => {
    const text = body('<resource uri="sip:a@b"><instance id="1" state="active" cid="x"/></resource>');
    assert.equal(read(text, RELATED).resources[0]?.instances[0]?.content, undefined);
    const own = text.replace('application/rlmi+xml', 'application/rlmi+xml\r\nContent-ID: <x>');
    assert.equal(read(own, RELATED).resources[0]?.instances[0]?.content, undefined);
  });
  test('§5.5: a list within the list is a part to be read like the whole', () => {
    const inner = body('<resource uri="sip:c@d"/>').replaceAll('--b', '--c');
    const text = body(
      '<resource uri="sip:l2@b"><instance id="1" state="active" cid="in@b"/></resource>',
      `in@b multipart/related;boundary=c ${inner}`,
    );
    const content = read(text, RELATED).resources[0]?.instances[0]?.content;
    assert.equal(content?.type, 'multipart/related');
    assert.deepEqual(
      read(utf8Text(content.body) ?? '', content.contentType).resources.map(({ uri }) => uri),
      ['sip:c@d'],
    );
  });
  test('a part in base64', () => {
    const text = body(
      '<resource uri="sip:a@b"><instance id="1" state="active" cid="x"/></resource>',
      'x text/plain\r\nContent-Transfer-Encoding:base64 aGVsbG8=',
    );
    const content = read(text, RELATED).resources[0]?.instances[0]?.content;
    assert.equal(utf8Text(content?.body ?? new Uint8Array()), 'hello');
  });
});

describe('bodies that are none', () => {
  const rlmi = (attributes: string, inside = ''): string =>
    raw(`<list xmlns="urn:ietf:params:xml:ns:rlmi" ${attributes}>${inside}</list>`);
  const good = 'uri="sip:l@b" version="1" fullState="1"';
  const instance = (attributes: string): string =>
    body(`<resource uri="sip:a@b"><instance ${attributes}/></resource>`);
  const cases: readonly (readonly [string, string, string, string])[] = [
    ['another type', 'application/pidf+xml', '', 'ERR_MIME_RLMI'],
    ['multipart/mixed', 'multipart/mixed; boundary=b', body(''), 'ERR_MIME_RLMI'],
    ['no boundary', 'multipart/related', body(''), 'ERR_MIME_MULTIPART'],
    ['no end', RELATED, '--b\r\n\r\nx', 'ERR_MIME_MULTIPART'],
    ['no part', RELATED, '--b--', 'ERR_MIME_RLMI'],
    ['a root that is not there', `${RELATED};start="<x>"`, body(''), 'ERR_MIME_RLMI'],
    ['a root of another type', RELATED, body('').replace('rlmi', 'pidf'), 'ERR_MIME_RLMI'],
    ['a root that is no XML', RELATED, raw('<list'), 'not-well-formed'],
    ['another root', RELATED, raw('<lists xmlns="urn:ietf:params:xml:ns:rlmi"/>'), 'ERR_MIME_RLMI'],
    ['no uri', RELATED, rlmi('version="1" fullState="1"'), 'ERR_MIME_RLMI'],
    ['no version', RELATED, rlmi('uri="sip:l@b" fullState="1"'), 'ERR_MIME_RLMI'],
    ['a version of 33 bits', RELATED, rlmi('uri="l" version="4294967296" fullState="1"'), 'ERR_MIME_RLMI'],
    ['no fullState', RELATED, rlmi('uri="sip:l@b" version="1"'), 'ERR_MIME_RLMI'],
    ['a resource without uri', RELATED, rlmi(good, '<resource/>'), 'ERR_MIME_RLMI'],
    [
      'two resources with one uri',
      RELATED,
      rlmi(good, '<resource uri="sip:a@b"/>'.repeat(2)),
      'ERR_MIME_RLMI',
    ],
    ['an instance without id', RELATED, instance('state="active"'), 'ERR_MIME_RLMI'],
    ['an instance in an unknown state', RELATED, instance('id="1" state="odd"'), 'ERR_MIME_RLMI'],
    [
      'two instances with one id',
      RELATED,
      body(`<resource uri="sip:a@b">${'<instance id="1" state="active"/>'.repeat(2)}</resource>`),
      'ERR_MIME_RLMI',
    ],
    [
      '257 resources',
      RELATED,
      rlmi(good, Array.from({ length: 257 }, (_, i) => `<resource uri="sip:${i}@b"/>`).join('')),
      'ERR_MIME_RLMI',
    ],
    [
      '514 parts',
      RELATED,
      body('', ...Array.from({ length: 513 }, (_, i) => `p${i} text/plain x`)),
      'ERR_MIME_MULTIPART',
    ],
  ];
  for (const [what, type, text, expected] of cases) {
    test(what, () => {
      const result = readResourceList(type, latin1Bytes(text));
      assert.equal(result.ok ? 'ok' : result.error.code, expected);
    });
  }
});

describe('RFC 4662 §5.6: the table', () => {
  /** "a+1 b-2": a with the active instance 1, b with the terminated one 2. */
  const list = (version: number, full: boolean, text: string): ResourceList => ({
    uri: 'sip:l@b',
    version,
    full,
    resources: text
      .split(' ')
      .filter((each) => each !== '')
      .map((each) => ({
        uri: each.slice(0, 1),
        instances: [
          { id: each.slice(2), state: each[1] === '+' ? ('active' as const) : ('terminated' as const) },
        ],
      })),
  });
  const merge = (table: ResourceListTable | undefined, info: ResourceList) => {
    const merged = mergeResourceList(table, info);
    return merged.ok ? merged.value : assert.fail(merged.error.message);
  };
  const rows = (table: ResourceListTable): string =>
    table.resources.map(({ uri, instances }) => uri + instances.map(({ id }) => `+${id}`).join('')).join(' ');
  const start = merge(undefined, list(7, true, 'a+1 b+2')).table;
  const cases: readonly (readonly [string, ResourceList, string, number, boolean, boolean])[] = [
    ['one higher, partial', list(8, false, 'b-2 c+3'), 'a+1 b c+3', 8, true, false],
    ['more than one higher, partial', list(9, false, 'c+3'), 'a+1 b+2 c+3', 9, true, true],
    ['higher, full', list(9, true, 'c+3'), 'c+3', 9, true, false],
    ['equal, full: discarded', list(7, true, 'c+3'), 'a+1 b+2', 7, false, false],
    ['equal, partial: discarded', list(7, false, 'c+3'), 'a+1 b+2', 7, false, false],
    ['lower: discarded', list(0, true, 'c+3'), 'a+1 b+2', 7, false, false],
  ];
  for (const [what, info, known, version, taken, gap] of cases) {
    test(what, () => {
      const merged = merge(start, info);
      assert.equal(rows(merged.table), known);
      assert.equal(merged.table.version, version);
      assert.equal(merged.taken, taken);
      assert.equal(merged.gap, gap);
    });
  }
  test('a first document that is partial leaves a gap', () => {
    assert.equal(merge(undefined, list(0, false, 'a+1')).gap, true);
  });
  test('a table that would grow without end is refused', () => {
    let table = start;
    let refused = false;
    for (let version = 8; version < 300 && !refused; version++) {
      const more: ResourceList = {
        ...list(version, false, ''),
        resources: [{ uri: `x${version}`, instances: [] }],
      };
      const merged = mergeResourceList(table, more);
      if (merged.ok) ({ table } = merged.value);
      else refused = true;
    }
    assert.ok(refused);
    assert.equal(table.resources.length, 256);
  });
});

test('the table is bounded: 512 instances, by one notification or by many', () => {
  const of = (version: number, uri: string, count: number): ResourceList => ({
    uri: 'sip:l@b',
    version,
    full: version === 0,
    resources: [
      { uri, instances: Array.from({ length: count }, (_, id) => ({ id: String(id), state: 'active' })) },
    ],
  });
  const first = mergeResourceList(undefined, of(0, 'sip:a@b', 500));
  assert.ok(first.ok);
  const { table } = first.value;
  assert.equal(mergeResourceList(table, of(1, 'sip:c@b', 12)).ok, true);
  const second = mergeResourceList(table, of(1, 'sip:c@b', 13));
  assert.equal(second.ok ? 'ok' : second.error.code, 'ERR_MIME_RLMI');
});
