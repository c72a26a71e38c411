// docs/conformance.md and the tables of the features: every row id is there once, every test file named there exists.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readText } from './sources.ts';

const PAGE = 'docs/conformance.md';
/** The page of each feature folder that has a mapping table. */
const FEATURES = ['message', 'presence', 'call'].map((name) => `src/interwork/${name}/README.md`);
/** Pages that name test files. */
const PAGES = [PAGE, ...FEATURES, 'SECURITY.md'];

/** Row ids of the interworking tables, in ranges. */
const NUMBERED: readonly (readonly [string, readonly (readonly [number, number])[]])[] = [
  [
    'ADDR-',
    [
      [1, 15],
      [20, 20],
      [30, 39],
      [50, 53],
      [60, 65],
      [70, 70],
    ],
  ],
  ['ERR-X', [[1, 26]]],
  [
    'DNS-',
    [
      [1, 6],
      [10, 16],
    ],
  ],
  ['SIPT-', [[1, 7]]],
  ['COMP-', [[1, 7]]],
  ['FEAT-', [[1, 8]]],
  [
    'IM-',
    [
      [1, 18],
      [20, 33],
      [40, 50],
      [60, 70],
    ],
  ],
  ['RCPT-', [[1, 11]]],
  [
    'PRES-',
    [
      [1, 22],
      [30, 37],
      [40, 57],
      [60, 73],
      [80, 93],
    ],
  ],
  ['CSP-', [[1, 20]]],
  ['RPID-', [[1, 18]]],
  ['SDP-', [[1, 40]]],
  [
    'CALL-',
    [
      [1, 43],
      [50, 60],
      [70, 80],
      [90, 102],
    ],
  ],
];
const RULES = { 'ERR-R': 10, 'ERR-G': 7 };
/** RFC 7247 §7.2, table 3, and the statuses of practice; a class stands for the rest of it. */
const STATUSES =
  '300 301 302 305 380 3xx 400 401 402 403 404 405 406 407 408 410 413 414 415 416 420 421 423 430 439 440 480 481 ' +
  '482 483 484 485 486 487 488 489 491 493 4xx 500 501 502 503 504 505 513 5xx 600 603 604 606 6xx 1xx2xx -txt';

function allRows(): string[] {
  const numbered = NUMBERED.flatMap(([prefix, ranges]) =>
    ranges.flatMap(([first, last]) =>
      Array.from({ length: last - first + 1 }, (_, i) => `${prefix}${String(first + i).padStart(2, '0')}`),
    ),
  );
  const rules = Object.entries(RULES).flatMap(([prefix, last]) =>
    Array.from({ length: last }, (_, i) => `${prefix}${i + 1}`),
  );
  return [...numbered, 'PRES-02b', ...rules, ...STATUSES.split(' ').map((status) => `ERR-S${status}`)];
}

interface Row {
  readonly id: string;
  readonly rule: string;
  readonly status: string;
  readonly tests: string;
}

/** The rows of tables that begin with an id. */
function rowsOf(page: string): Row[] {
  return page.split('\n').flatMap((line): Row[] => {
    const [, id, rule, status, tests] = /^\| ([A-Z]+-\S+) \| (.+?) \| (.+?) \| (.*?) ?\|$/.exec(line) ?? [];
    return id === undefined ? [] : [{ id, rule: rule ?? '', status: status ?? '', tests: tests ?? '' }];
  });
}

function filesNamed(page: string): string[] {
  return [...new Set(page.match(/\btests\/[\w./-]+\.ts\b/g) ?? [])];
}

function exists(file: string): boolean {
  return existsSync(fileURLToPath(new URL(`../../${file}`, import.meta.url)));
}

const rows = rowsOf(readText(PAGE));

test('every row is on the page, once, and no other', () => {
  assert.deepEqual(rows.map(({ id }) => id).toSorted(), allRows().toSorted());
});

test('each row has a status, and a test or the word that there is none', () => {
  for (const { id, status, tests } of rows) {
    assert.match(status, /^(?:done|partly|not yet)(?:$|[:;] )/, id);
    if (!status.startsWith('not yet')) assert.match(tests, /^(?:`tests\/.+`|no test names it)$/, id);
    if (status.startsWith('partly') || status.startsWith('not yet'))
      assert.match(status, /: /, `${id}: why?`);
  }
});

describe('every test file that is named exists', () => {
  for (const page of PAGES) {
    test(page, () => {
      const files = filesNamed(readText(page));
      assert.ok(files.length > 0);
      assert.deepEqual(
        files.filter((file) => !exists(file)),
        [],
      );
    });
  }
});

test('what a feature says of a row, the page knows', () => {
  const known = new Set(rows.map(({ id }) => id));
  for (const page of FEATURES) {
    const ids =
      readText(page).match(
        /\b(?:ADDR|ERR|DNS|SIPT|COMP|FEAT|IM|RCPT|PRES|CSP|RPID|CALL|SDP)-[XSGR]?\d+\b/g,
      ) ?? [];
    assert.deepEqual(
      ids.filter((id) => !known.has(id)),
      [],
      page,
    );
  }
});

describe('the test can fail', () => {
  test('rows are read', () => {
    assert.deepEqual(rowsOf('| IM-01 | a | done | `tests/a.test.ts` |\n| IM | x | y | z |\n| --- | --- |'), [
      { id: 'IM-01', rule: 'a', status: 'done', tests: '`tests/a.test.ts`' },
    ]);
    assert.equal(rowsOf('| IM-31 | a | not yet: b | |')[0]?.tests, '');
  });
  test('files are found', () => {
    assert.deepEqual(filesNamed('`tests/a/b.test.ts`, `tests/c.ts`, test/d.ts'), [
      'tests/a/b.test.ts',
      'tests/c.ts',
    ]);
  });
});
