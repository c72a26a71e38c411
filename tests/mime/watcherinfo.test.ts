// Watcher information (RFC 3858): documents, and the lists that they keep up to date (row CSP-16).
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { utf8Bytes } from '../../src/base/index.ts';
import {
  mergeWatcherInfo,
  parseWatcherInfo,
  type Watcher,
  type WatcherInfo,
  type WatcherTable,
} from '../../src/mime/index.ts';

function parsed(text: string): WatcherInfo {
  const result = parseWatcherInfo(utf8Bytes(text));
  return result.ok ? result.value : assert.fail(result.error.message);
}

const EXAMPLE = `<?xml version="1.0"?>
<watcherinfo xmlns="urn:ietf:params:xml:ns:watcherinfo"
             version="0" state="full">
  <watcher-list resource="sip:professor@example.net" package="presence">
    <watcher status="active"
             id="8ajksjda7s"
             duration-subscribed="509"
             event="approved" >sip:userA@example.net</watcher>
    <watcher status="pending"
             id="hh8juja87s997-ass7"
             display-name="Mr. Subscriber"
             event="subscribe">sip:userB@example.org</watcher>
  </watcher-list>
</watcherinfo>`;

test('RFC 3858 §5: the example', () => {
  assert.deepEqual(parsed(EXAMPLE), {
    version: 0,
    state: 'full',
    lists: [
      {
        resource: 'sip:professor@example.net',
        package: 'presence',
        watchers: [
          { id: '8ajksjda7s', status: 'active', event: 'approved', uri: 'sip:userA@example.net' },
          {
            id: 'hh8juja87s997-ass7',
            status: 'pending',
            event: 'subscribe',
            uri: 'sip:userB@example.org',
            displayName: 'Mr. Subscriber',
          },
        ],
      },
    ],
  });
});

test('Kamailio 5.6, as recorded: somebody watches, and goes', () => {
  const file = new URL('../vectors/presence/kamailio.winfo', import.meta.url);
  const [first, second] = readFileSync(file, 'utf8').split('----\n').map(parsed);
  assert.ok(first !== undefined && second !== undefined);
  const alice: Watcher = {
    id: 'ab0c0d6c4a48a25e',
    status: 'active',
    event: 'subscribe',
    uri: 'sip:alice@sip.test',
  };
  const change = { resource: 'sip:bob@sip.test', package: 'presence', watcher: alice };
  const start = merge(undefined, first);
  assert.deepEqual(start.changes, [change]);
  const end = merge(start.table, second);
  assert.deepEqual(end, {
    table: { version: 2, lists: [{ resource: 'sip:bob@sip.test', package: 'presence', watchers: [] }] },
    taken: true,
    gap: false,
    changes: [],
    gone: [change],
  });
});

const document = (inside: string, head = 'version="1" state="full"'): string =>
  `<watcherinfo xmlns="urn:ietf:params:xml:ns:watcherinfo" ${head}>${inside}</watcherinfo>`;
const list = (inside: string, head = 'resource="sip:a@b" package="presence"'): string =>
  document(`<watcher-list ${head}>${inside}</watcher-list>`);
const watcher = (id: string): string =>
  `<watcher id="${id}" status="active" event="approved">sip:x@y</watcher>`;

test('RFC 3858 §3: what is of other namespaces is ignored', () => {
  const text = list(`<x xmlns="urn:x"/><watcher xmlns="urn:x" id="1"/>${watcher('2')}`);
  assert.deepEqual(
    parsed(text).lists.flatMap(({ watchers }) => watchers.map(({ id }) => id)),
    ['2'],
  );
});

describe('documents that are none', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['another root', '<watchers xmlns="urn:ietf:params:xml:ns:watcherinfo" version="1" state="full"/>'],
    ['another namespace', '<watcherinfo xmlns="urn:x" version="1" state="full"/>'],
    ['no version', document('', 'state="full"')],
    ['a negative version', document('', 'version="-1" state="full"')],
    ['a version of 33 bits', document('', 'version="4294967296" state="full"')],
    ['no state', document('', 'version="1"')],
    ['an unknown state', document('', 'version="1" state="delta"')],
    ['a list without resource', list('', 'package="presence"')],
    ['a list without package', list('', 'resource="sip:a@b"')],
    [
      'two lists of one resource',
      document('<watcher-list resource="sip:a@b" package="presence"/>'.repeat(2)),
    ],
    ['a watcher without id', list('<watcher status="active" event="approved">sip:x@y</watcher>')],
    [
      'a watcher in an unknown status',
      list('<watcher id="1" status="asleep" event="approved">sip:x@y</watcher>'),
    ],
    ['a watcher without URI', list('<watcher id="1" status="active" event="approved"> </watcher>')],
    ['two watchers with one id', list(watcher('1').repeat(2))],
    [
      '65 lists',
      document(
        Array.from({ length: 65 }, (_, i) => `<watcher-list resource="sip:${i}@b" package="p"/>`).join(''),
      ),
    ],
  ];
  for (const [what, text] of cases) {
    test(what, () => {
      const result = parseWatcherInfo(utf8Bytes(text));
      assert.equal(result.ok ? 'ok' : result.error.code, 'ERR_MIME_WATCHERINFO');
    });
  }
  test('what is no XML, or too much of it', () => {
    const long = document(`<x xmlns="urn:x">${'x'.repeat(65_536)}</x>`);
    const deep = document('<x>'.repeat(16) + '</x>'.repeat(16));
    for (const text of ['', '<watcherinfo', `<!DOCTYPE watcherinfo>${document('')}`, long, deep]) {
      assert.equal(parseWatcherInfo(utf8Bytes(text)).ok, false);
    }
  });
});

const SIGNS: Readonly<Record<string, Watcher['status']>> = {
  '+': 'active',
  '?': 'pending',
  '~': 'waiting',
  '-': 'terminated',
};

/** A document with one list of these watchers: "+1 ?2 -3" for active 1, pending 2, terminated 3. */
function change(
  version: number,
  state: 'full' | 'partial',
  watchers: string,
  resource = 'sip:a@b',
): WatcherInfo {
  return {
    version,
    state,
    lists: [
      {
        resource,
        package: 'presence',
        watchers: watchers
          .split(' ')
          .filter((each) => each !== '')
          .map((each) => ({
            id: each.slice(1),
            status: SIGNS[each.slice(0, 1)] ?? 'active',
            event: 'subscribe',
            uri: `sip:${each.slice(1)}@h`,
          })),
      },
    ],
  };
}

function merge(table: WatcherTable | undefined, info: WatcherInfo) {
  const merged = mergeWatcherInfo(table, info);
  return merged.ok ? merged.value : assert.fail(merged.error.message);
}

const short = ({ id, status }: Watcher): string =>
  `${Object.keys(SIGNS).find((sign) => SIGNS[sign] === status) ?? ''}${id}`;
const rows = (table: WatcherTable): string =>
  table.lists.map(({ watchers }) => watchers.map(short).join(' ')).join(';');

describe('CSP-16, RFC 3858 §4: the table', () => {
  const start = merge(undefined, change(7, 'full', '+1 ?2 -3')).table;

  test('the first document sets the version and the table', () => {
    assert.equal(start.version, 7);
    assert.equal(rows(start), '+1 ?2');
    assert.deepEqual(JSON.parse(JSON.stringify(start)), start);
  });
  test('a first document that is partial leaves a gap', () => {
    assert.equal(merge(undefined, change(7, 'partial', '+1')).gap, true);
  });
  // What it says; what is then known; the version; taken, gap; who changed; who is gone.
  const cases: readonly (readonly [string, WatcherInfo, string, number, boolean, boolean, string, string])[] =
    [
      ['one higher, partial', change(8, 'partial', '-1 ?4'), '?2 ?4', 8, true, false, '-1 ?4', ''],
      ['a status changes', change(8, 'partial', '+2'), '+1 +2', 8, true, false, '+2', ''],
      ['nothing changes', change(8, 'partial', '+1'), '+1 ?2', 8, true, false, '', ''],
      ['one higher, full', change(8, 'full', '+1 +9'), '+1 +9', 8, true, false, '+9', '?2'],
      ['more than one higher, partial', change(10, 'partial', '+4'), '+1 ?2 +4', 10, true, true, '+4', ''],
      ['more than one higher, full', change(10, 'full', ''), '', 10, true, false, '', '+1 ?2'],
      ['a full one tells of an end', change(8, 'full', '-1 ?2'), '?2', 8, true, false, '-1', ''],
      ['lower, partial: discarded', change(6, 'partial', '+4'), '+1 ?2', 7, false, false, '', ''],
      ['lower, full: discarded', change(6, 'full', '+4'), '+1 ?2', 7, false, false, '', ''],
      ['equal, partial: discarded', change(7, 'partial', '+4'), '+1 ?2', 7, false, false, '', ''],
      ['equal, full: taken', change(7, 'full', '+1 ?2'), '+1 ?2', 7, true, false, '', ''],
    ];
  for (const [what, info, known, version, taken, gap, changed, gone] of cases) {
    test(what, () => {
      const merged = merge(start, info);
      assert.equal(rows(merged.table), known);
      assert.equal(merged.table.version, version);
      assert.equal(merged.taken, taken);
      assert.equal(merged.gap, gap);
      assert.equal(merged.changes.map((each) => short(each.watcher)).join(' '), changed);
      assert.equal(merged.gone.map((each) => short(each.watcher)).join(' '), gone);
    });
  }
  test('a list of another resource is a table of its own', () => {
    assert.equal(rows(merge(start, change(8, 'partial', '+1', 'sip:c@d')).table), '+1 ?2;+1');
  });
  test('a table that would grow without end is refused, and keeps what it has', () => {
    let table = start;
    let refused = false;
    for (let version = 8; version < 1100 && !refused; version++) {
      const merged = mergeWatcherInfo(table, change(version, 'partial', `+x${version}`));
      if (merged.ok) ({ table } = merged.value);
      else refused = true;
    }
    assert.ok(refused);
    assert.equal(table.lists[0]?.watchers.length, 1024);
  });
});

test('documents in any order: the version never falls, what is told as changed is in the table or has ended', () => {
  const ids = fc.array(fc.tuple(fc.constantFrom('+', '?', '~', '-'), fc.nat(5)), { maxLength: 4 });
  const documents = fc.record({
    version: fc.nat(20),
    state: fc.constantFrom('full' as const, 'partial' as const),
    watchers: ids.map((pairs) =>
      [...new Map(pairs.map(([sign, id]) => [id, `${sign}${id}`])).values()].join(' '),
    ),
  });
  fc.assert(
    fc.property(fc.array(documents, { maxLength: 12 }), (all) => {
      let table: WatcherTable | undefined;
      for (const { version, state, watchers } of all) {
        const merged = merge(table, change(version, state, watchers));
        assert.ok(table === undefined || merged.table.version >= table.version);
        const known = new Set(merged.table.lists.flatMap((each) => each.watchers.map(short)));
        assert.ok([...known].every((each) => !each.startsWith('-')));
        for (const each of merged.changes) {
          assert.ok(each.watcher.status === 'terminated' || known.has(short(each.watcher)));
        }
        for (const each of merged.gone) assert.ok(!known.has(short(each.watcher)));
        table = merged.table;
      }
    }),
  );
});
