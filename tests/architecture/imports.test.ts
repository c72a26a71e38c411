// "A room imports only from lower levels, through the room's index.ts, and never sideways."

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { importsOf, LONGER, packageOf, PACKAGES, violations, withoutComments } from './rules.ts';
import { readText, typeScriptBelow } from './sources.ts';

const sources = typeScriptBelow('src');

test('the house is as drawn', () => {
  assert.deepEqual(
    violations(sources).map(({ file, message }) => `${file}: ${message}`),
    [],
  );
});

test('no file is thought too long for nothing', () => {
  for (const file of Object.keys(LONGER)) {
    assert.ok(
      (sources.get(file)?.split('\n').length ?? 0) > 400,
      `${file} is short now: take it off the list`,
    );
  }
});

test('every dependency of the package is used, and no other', () => {
  const { dependencies } = JSON.parse(readText('package.json'));
  const used = [...sources.values()].flatMap((text) => importsOf(withoutComments(text)));
  const packages = new Set(used.filter((name) => !/^(?:\.|node:)/.test(name)).map(packageOf));
  assert.deepEqual([...packages].toSorted(), Object.keys(dependencies).toSorted());
  assert.deepEqual(Object.keys(PACKAGES).toSorted(), Object.keys(dependencies).toSorted());
});

/** A house in order, with one file more. */
function house(file: string, text: string): string[] {
  const index = 'export { x } from "./x.ts";\n';
  const rooms = [
    'base',
    'xml',
    'sip',
    'mime',
    'xmpp',
    'mapping',
    'interwork/message',
    'interwork/call',
    'policy',
  ];
  const all = [...rooms, 'edge/sip', 'edge/dns', 'gateway', 'cli'].flatMap((room): [string, string][] => [
    [`src/${room}/index.ts`, index],
    [`src/${room}/x.ts`, 'export const x = 1;\n'],
  ]);
  return violations(new Map([...all, [file, text]])).map(({ message }) => message);
}

describe('the rule can fail', () => {
  const cases: [string, string, string, RegExp][] = [
    ['upward', 'src/sip/a.ts', "import { x } from '../mapping/index.ts';", /upward, from level 1 to level 2/],
    ['upward, types only', 'src/base/a.ts', "import type { X } from '../sip/index.ts';", /upward/],
    ['upward, dynamically', 'src/edge/sip/a.ts', "await import('../../gateway/index.ts');", /upward/],
    ['upward, by re-export', 'src/base/a.ts', "export { x } from '../sip/index.ts';", /upward/],
    ['upward, for its effect', 'src/base/a.ts', "import '../sip/index.ts';", /upward/],
    ['over several lines', 'src/base/a.ts', "import {\n  x,\n} from '../sip/index.ts';", /upward/],
    ['sideways', 'src/sip/a.ts', "import { x } from '../xmpp/index.ts';", /sideways/],
    ['sideways against the exception', 'src/xml/a.ts', "import { x } from '../mime/index.ts';", /sideways/],
    [
      'sideways between features',
      'src/interwork/message/a.ts',
      "import { x } from '../call/index.ts';",
      /sideways/,
    ],
    ['sideways between edges', 'src/edge/sip/a.ts', "import { x } from '../dns/index.ts';", /sideways/],
    ['past the door', 'src/mapping/a.ts', "import { x } from '../sip/x.ts';", /not through the door of sip/],
    [
      'past the door of base',
      'src/sip/a.ts',
      "import { x } from '../base/x.ts';",
      /not through the door of base/,
    ],
    ['node below edge', 'src/sip/a.ts', "import { Buffer } from 'node:buffer';", /node:buffer below edge/],
    [
      'another node module in base/bytes',
      'src/base/bytes.ts',
      "import fs from 'node:fs';",
      /node:fs below edge/,
    ],
    [
      'a package that nobody declared',
      'src/cli/a.ts',
      "import x from 'left-pad';",
      /not a declared dependency/,
    ],
    ['a package of another room', 'src/sip/a.ts', "import * as z from 'zod';", /which only gateway may/],
    ['a part of such a package', 'src/sip/a.ts', "import * as z from 'zod/mini';", /which only gateway may/],
    ['a wall clock', 'src/sip/a.ts', 'const now = Date.now();', /uses Date\.now/],
    ['chance', 'src/mapping/a.ts', 'const x = Math.random();', /uses Math\.random/],
    ['a timer', 'src/interwork/message/a.ts', 'setTimeout(f, 1);', /uses setTimeout/],
    ['a long file', 'src/sip/a.ts', '\n'.repeat(401), /401 lines, the limit is 400/],
    ['export *', 'src/sip/a.ts', "export * from './x.ts';", /"export \*"/],
    ['a room without a door', 'src/sdp/a.ts', '', /without a door/],
    ['a folder that is no room', 'src/util/a.ts', '', /in no room/],
    ['a file outside the rooms', 'src/edge/a.ts', '', /in no room/],
    ['an import of nothing', 'src/sip/a.ts', "import { x } from './y.ts';", /is not there/],
  ];
  for (const [what, file, text, message] of cases) {
    test(what, () => {
      const found = house(file, text);
      assert.equal(found.length, 1, found.join('\n'));
      assert.match(found[0] ?? '', message);
    });
  }
});

describe('what is allowed passes', () => {
  const cases: [string, string][] = [
    ['src/sip/a.ts', "import { x } from '../base/index.ts';\nimport { y } from './x.ts';"],
    ['src/sip/uri/a.ts', "import { x } from '../../base/index.ts';\nimport { y } from '../x.ts';"],
    ['src/mime/a.ts', "import { x } from '../xml/index.ts';"],
    ['src/xmpp/a.ts', "import { x } from '../xml/index.ts';\nimport { toASCII } from 'tr46';"],
    [
      'src/cli/a.ts',
      "import { x } from '../edge/sip/index.ts';\nimport fs from 'node:fs';\nsetTimeout(f, 1);",
    ],
    ['src/base/digest.ts', "import { hash } from 'node:crypto';"],
    ['src/index.ts', "export { x } from './gateway/index.ts';"],
    [
      'src/sip/a.ts',
      "// import { x } from '../cli/index.ts' and setTimeout\n/* Date.now */ const url = 'a//b';",
    ],
  ];
  for (const [file, text] of cases)
    test(text.split('\n', 1)[0] ?? '', () => assert.deepEqual(house(file, text), []));
});
