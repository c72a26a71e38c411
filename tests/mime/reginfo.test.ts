// Registration information (RFC 3680 §5): documents, and the table that they keep up to date.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { utf8Bytes } from '../../src/base/index.ts';
import {
  isRegistered,
  mergeRegInfo,
  parseRegInfo,
  type RegInfo,
  type RegInfoTable,
  type Registration,
} from '../../src/mime/index.ts';

function parsed(text: string): RegInfo {
  const result = parseRegInfo(utf8Bytes(text));
  return result.ok ? result.value : assert.fail(result.error.message);
}

const EXAMPLE = `<?xml version="1.0"?>
    <reginfo xmlns="urn:ietf:params:xml:ns:reginfo"
        xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
                 version="0" state="full">
      <registration aor="sip:user@example.com" id="as9"
                    state="active">
        <contact id="76" state="active" event="registered"
                 duration-registered="7322"
                 q="0.8">
                 <uri>sip:user@pc887.example.com</uri>
        </contact>
        <contact id="77" state="terminated" event="expired"
                 duration-registered="3600"
                 q="0.5">
                 <uri>sip:user@university.edu</uri>
        </contact>
      </registration>
    </reginfo>`;

test('RFC 3680 §5.3: the example', () => {
  assert.deepEqual(parsed(EXAMPLE), {
    version: 0,
    state: 'full',
    registrations: [
      {
        aor: 'sip:user@example.com',
        id: 'as9',
        state: 'active',
        contacts: [
          { id: '76', state: 'active', event: 'registered', uri: 'sip:user@pc887.example.com' },
          { id: '77', state: 'terminated', event: 'expired', uri: 'sip:user@university.edu' },
        ],
      },
    ],
  });
});

test('Kamailio 5.6, as recorded: attributes without a meaning here, a contact that ends', () => {
  const text = `<?xml version="1.0"?>
<reginfo xmlns="urn:ietf:params:xml:ns:reginfo" version="0" state="full">
  <registration aor="sip:erin@example.net" id="0x7ff97bac3280" state="terminated">
    <contact id="0x7ff97bac3398" state="terminated" event="unregistered" expires="600" callid="19df" cseq="2" received="" path="" user_agent="n/a">
      <uri>sip:erin@127.0.0.1:52530</uri>
    </contact>
  </registration>
</reginfo>
`;
  const [registration] = parsed(text).registrations;
  assert.ok(registration);
  assert.deepEqual(registration.contacts, [
    {
      id: '0x7ff97bac3398',
      state: 'terminated',
      event: 'unregistered',
      uri: 'sip:erin@127.0.0.1:52530',
      expiresSeconds: 600,
    },
  ]);
  assert.equal(isRegistered(registration), false);
});

const document = (inside: string, head = 'version="1" state="full"'): string =>
  `<reginfo xmlns="urn:ietf:params:xml:ns:reginfo" ${head}>${inside}</reginfo>`;
const registration = (inside: string, head = 'aor="sip:a@b" id="r" state="active"'): string =>
  document(`<registration ${head}>${inside}</registration>`);

describe('what is of other namespaces is ignored (RFC 3680 §5.1)', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['an element', document('<x xmlns="urn:x"/><registration xmlns="urn:x"/>')],
    ['in a registration', registration('<contact xmlns="urn:x" id="1"/>').replace('"active"', '"init"')],
    ['an attribute', document('', 'version="1" state="full" xmlns:x="urn:x" x:version="2"')],
  ];
  for (const [what, text] of cases) {
    test(what, () => assert.equal(parsed(text).registrations.flatMap(({ contacts }) => contacts).length, 0));
  }
});

describe('documents that are none', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['another root', '<reginfos xmlns="urn:ietf:params:xml:ns:reginfo" version="1" state="full"/>'],
    ['another namespace', '<reginfo xmlns="urn:x" version="1" state="full"/>'],
    ['no version', document('', 'state="full"')],
    ['a negative version', document('', 'version="-1" state="full"')],
    ['a version of 33 bits', document('', 'version="4294967296" state="full"')],
    ['no state', document('', 'version="1"')],
    ['an unknown state', document('', 'version="1" state="delta"')],
    ['a registration without aor', registration('', 'id="r" state="init"')],
    ['a registration without id', registration('', 'aor="sip:a@b" state="init"')],
    ['a registration in an unknown state', registration('', 'aor="sip:a@b" id="r" state="gone"')],
    [
      'two registrations with one id',
      document('<registration aor="sip:a@b" id="r" state="init"/>'.repeat(2)),
    ],
    ['a contact without id', registration('<contact state="active" event="created"/>')],
    ['a contact in the state init', registration('<contact id="1" state="init" event="created"/>')],
    ['two contacts with one id', registration('<contact id="1" state="active" event="created"/>'.repeat(2))],
    [
      '65 registrations',
      document(
        Array.from({ length: 65 }, (_, i) => `<registration aor="sip:a@b" id="${i}" state="init"/>`).join(''),
      ),
    ],
    [
      '513 contacts',
      registration(
        Array.from({ length: 513 }, (_, i) => `<contact id="${i}" state="active" event="e"/>`).join(''),
      ),
    ],
  ];
  for (const [what, text] of cases) {
    test(what, () => {
      const result = parseRegInfo(utf8Bytes(text));
      assert.equal(result.ok ? 'ok' : result.error.code, 'ERR_MIME_REGINFO');
    });
  }
  test('not XML, a DTD, too long, not UTF-8', () => {
    const long = document(`<x xmlns="urn:x">${'x'.repeat(65_536)}</x>`);
    for (const text of ['', '<reginfo', `<!DOCTYPE reginfo>${document('')}`, long]) {
      assert.equal(parseRegInfo(utf8Bytes(text)).ok, false);
    }
    assert.equal(parseRegInfo(Uint8Array.of(0x3c, 0xff, 0x3e)).ok, false);
  });
});

/** A document with one registration "r" and these contacts: "+1 -2" for active 1, terminated 2. */
function change(
  version: number,
  state: 'full' | 'partial',
  contacts: string,
  own: Registration['state'] = 'active',
): RegInfo {
  return {
    version,
    state,
    registrations: [
      {
        aor: 'sip:a@b',
        id: 'r',
        state: own,
        contacts: contacts
          .split(' ')
          .filter((each) => each !== '')
          .map((each) => ({
            id: each.slice(1),
            state: each.startsWith('+') ? 'active' : 'terminated',
            event: 'created',
            uri: `sip:${each.slice(1)}@h`,
          })),
      },
    ],
  };
}

function merge(table: RegInfoTable | undefined, info: RegInfo) {
  const merged = mergeRegInfo(table, info);
  return merged.ok ? merged.value : assert.fail(merged.error.message);
}

const ids = (table: RegInfoTable): string =>
  table.registrations.map(({ contacts }) => contacts.map(({ id }) => id).join(',')).join(';');

describe('RFC 3680 §5.2: the table', () => {
  const start = merge(undefined, change(7, 'full', '+1 +2 -3')).table;

  test('the first document sets the version and the table, terminated contacts left out', () => {
    assert.equal(start.version, 7);
    assert.equal(ids(start), '1,2');
    assert.deepEqual(JSON.parse(JSON.stringify(start)), start);
  });
  test('a first document that is partial leaves a gap', () => {
    assert.equal(merge(undefined, change(7, 'partial', '+1')).gap, true);
  });
  const cases: readonly (readonly [string, RegInfo, string, number, boolean, boolean])[] = [
    ['one higher, partial: rows change, come and go', change(8, 'partial', '-1 +4'), '2,4', 8, true, false],
    ['one higher, full: all is new', change(8, 'full', '+9'), '9', 8, true, false],
    [
      'more than one higher, partial: processed, with a gap',
      change(10, 'partial', '+4'),
      '1,2,4',
      10,
      true,
      true,
    ],
    ['more than one higher, full: nothing is missing', change(10, 'full', '+9'), '9', 10, true, false],
    ['lower, partial: discarded', change(6, 'partial', '+4'), '1,2', 7, false, false],
    ['lower, full: discarded', change(6, 'full', '+4'), '1,2', 7, false, false],
    ['equal, partial: discarded', change(7, 'partial', '+4'), '1,2', 7, false, false],
    ['equal, full: taken (Kamailio)', change(7, 'full', '+4'), '4', 7, true, false],
  ];
  for (const [what, info, expected, version, taken, gap] of cases) {
    test(what, () => {
      const merged = merge(start, info);
      assert.equal(ids(merged.table), expected);
      assert.equal(merged.table.version, version);
      assert.equal(merged.taken, taken);
      assert.equal(merged.gap, gap);
    });
  }
  test('another registration is added, the first one stays', () => {
    const other: RegInfo = { ...change(8, 'partial', '+5') };
    const info = { ...other, registrations: other.registrations.map((each) => ({ ...each, id: 'r2' })) };
    assert.equal(ids(merge(start, info).table), '1,2;5');
  });
  test('a table that would grow without end is refused, and keeps what it has', () => {
    let table = start;
    let refused = false;
    for (let version = 8; version < 600 && !refused; version++) {
      const merged = mergeRegInfo(table, change(version, 'partial', `+x${version}`));
      if (merged.ok) ({ table } = merged.value);
      else refused = true;
    }
    assert.ok(refused);
    assert.equal(table.registrations[0]?.contacts.length, 512);
  });
  test('registered: an active contact, or an active registration of which no contact is told', () => {
    const registered = (info: RegInfo, table?: RegInfoTable): boolean =>
      merge(table, info).table.registrations.some(isRegistered);
    assert.equal(registered(change(0, 'full', '+1')), true);
    assert.equal(registered(change(0, 'full', '')), true);
    assert.equal(registered(change(0, 'full', '', 'init')), false);
    assert.equal(registered(change(0, 'full', '-1')), false);
    assert.equal(registered(change(8, 'partial', '-1'), start), true);
    assert.equal(registered(change(8, 'partial', '-1 -2', 'terminated'), start), false);
  });
});

test('documents in any order: the version never falls, only active rows are kept', () => {
  const documents = fc.record({
    version: fc.nat(20),
    state: fc.constantFrom('full' as const, 'partial' as const),
    contacts: fc
      .uniqueArray(fc.nat(9), { maxLength: 4 })
      .chain((list) =>
        fc.tuple(...list.map((id) => fc.constantFrom('+', '-').map((sign) => `${sign}${id}`))),
      ),
  });
  fc.assert(
    fc.property(fc.array(documents, { maxLength: 30 }), (list) => {
      let table: RegInfoTable | undefined;
      for (const { version, state, contacts } of list) {
        const merged = merge(table, change(version, state, contacts.join(' ')));
        assert.ok(table === undefined || merged.table.version >= table.version);
        if (!merged.taken) assert.equal(merged.table, table);
        ({ table } = merged);
        for (const each of table.registrations) {
          assert.ok(each.contacts.every((contact) => contact.state === 'active'));
          assert.equal(new Set(each.contacts.map(({ id }) => id)).size, each.contacts.length);
        }
      }
    }),
  );
});
