// Loading a route script: each way in which one cannot be used, with its place and what was probably meant.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { check } from '../../../src/cli/check.ts';
import { formatRoutesFault, loadRoutes, loadRoutesOrFail } from '../../../src/edge/routes/index.ts';
import { fakeTerminal } from '../../cli/support.ts';

const folder = mkdtempSync(join(tmpdir(), 'stoxgate-load-'));
after(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const NAMES = 'onSipRequest, onStanza, onTranslated, onResponse, onFailure';
/** Name, text, and the findings without the folder. */
const BROKEN: readonly (readonly [string, string, readonly (string | RegExp)[]])[] = [
  [
    'slip.ts',
    `const x = 1;\n\nexport function onStanzza(): void {}\nvoid x;\n`,
    [`slip.ts:3: "onStanzza" is no hook; the hooks are ${NAMES} (did you mean onStanza?)`],
  ],
  [
    'several.mjs',
    `export const onFailure = 5;\nexport async function onSipReqest() {}\nconst helper = () => 1;\nexport { helper };\n`,
    [
      'several.mjs:1: "onFailure" must be a function, not a number',
      `several.mjs:2: "onSipReqest" is no hook; the hooks are ${NAMES} (did you mean onSipRequest?)`,
      `several.mjs:4: "helper" is no hook; the hooks are ${NAMES}`,
    ],
  ],
  [
    'default.mjs',
    `\nexport default 5;\n`,
    ['default.mjs:2: the default export must be an object of hooks, not a number'],
  ],
  [
    'inner.mjs',
    `export default {\n  onStanza() {},\n  onStanzas() {},\n};\n`,
    [`inner.mjs:3: "onStanzas" is no hook; the hooks are ${NAMES} (did you mean onStanza?)`],
  ],
  [
    'none.mjs',
    `const onStanza = () => 1;\nonStanza();\nexport {};\n`,
    [`none.mjs: exports no hook: ${NAMES}`],
  ],
  ['syntax.mjs', `export const a = 1;\nexport const onStanza = ( => 1;\n`, [/^syntax\.mjs:2: SyntaxError: /]],
  ['syntax.js', `export const a = 1;\nexport const onStanza = ( => 1;\n`, [/^syntax\.js:2: SyntaxError: /]],
  ['syntax.ts', `export const a: number = 1;\nexport const b: = 2;\n`, [/^syntax\.ts:2: SyntaxError: /]],
  ['enum.ts', `export const a = 1;\nexport enum X { A }\n`, [/^enum\.ts:2: SyntaxError: .*enum/]],
  ['throws.mjs', `export const onStanza = () => 1;\nnull.x;\n`, [/^throws\.mjs:2: TypeError: /]],
  [
    'rejects.mjs',
    `export const onStanza = () => 1;\nawait Promise.reject(new Error('down'));\n`,
    ['rejects.mjs:2: Error: down'],
  ],
  [
    'missing.mjs',
    `\nimport { a } from './nowhere.mjs';\nexport const onStanza = a;\n`,
    [/^missing\.mjs:2: Error: Cannot find module/],
  ],
  ['first.mjs', `import './nowhere.mjs';\n`, [/^first\.mjs:1: Error: Cannot find module/]],
  [
    'name.mjs',
    `import { zz } from './several.mjs';\nexport const onStanza = zz;\n`,
    [/^name\.mjs:1: SyntaxError: .*zz/],
  ],
  [
    'stuck.mjs',
    `export const onStanza = () => 1;\nawait new Promise(() => {});\n`,
    [/^stuck\.mjs: Error: was not loaded within 200 ms/],
  ],
  ['script.py', `x = 1\n`, ['script.py: a route script ends in .js, .mjs, .ts or .mts']],
];

describe('a script that cannot be used', () => {
  for (const [name, text, expected] of BROKEN) {
    test(name, async () => {
      const loaded = await loadRoutes(file(name, text), { patienceMs: 200 });
      assert.ok(!loaded.ok);
      const lines = loaded.error.map((fault) => formatRoutesFault(fault).replace(`${folder}/`, ''));
      assert.equal(lines.length, expected.length, lines.join('\n'));
      for (const [i, each] of expected.entries()) {
        if (typeof each === 'string') assert.equal(lines[i], each);
        else assert.match(lines[i] ?? '', each);
      }
    });
  }

  test('one that is not there', async () => {
    const loaded = await loadRoutes(join(folder, 'absent.ts'));
    assert.ok(!loaded.ok);
    assert.match(loaded.error[0]?.message ?? '', /cannot be read: ENOENT/);
  });
});

describe('a script that can be used', () => {
  for (const [name, text] of [
    ['good.ts', `export function onStanza(): void {}\n`],
    ['good.mts', `export const onStanza = (): void => {};\n`],
    ['good.js', `export const onStanza = () => {};\n`],
    ['whole.mjs', `export default { onStanza() {} };\n`],
  ] as const) {
    test(name, async () =>
      assert.deepEqual(Object.keys(await loadRoutesOrFail(file(name, text))), ['onStanza']),
    );
  }

  test('it is read anew each time, and so are its parts; packages are not', async () => {
    mkdirSync(join(folder, 'node_modules/pack'), { recursive: true });
    file('node_modules/pack/package.json', '{"name":"pack","exports":"./index.js","type":"module"}');
    const write = (value: number): string => {
      file('node_modules/pack/index.js', `export const packed = ${value};`);
      file('part.mjs', `export const part = ${value};`);
      return file(
        'parts.mjs',
        `import { part } from './part.mjs';\nimport { packed } from 'pack';\nexport const onStanza = () => [${value}, part, packed];\n`,
      );
    };
    const seen = [];
    for (const value of [1, 2]) seen.push((await loadRoutesOrFail(write(value))).onStanza?.());
    assert.deepEqual(seen, [
      [1, 1, 1],
      [2, 2, 1],
    ]);
  });
});

describe('stoxgate check', () => {
  const CONFIG = (script: string): string => `domains:
  - { home: sip, sip: example.net, xmpp: sip.example.org }
sip: { trusted: [127.0.0.1], listen: ["udp://127.0.0.1:0"], next_hops: { example.net: "sip:127.0.0.1" } }
store: "memory:"
routes: ${script}
`;
  async function findings(script: string): Promise<{ status: number; lines: string[] }> {
    const terminal = fakeTerminal({ 's.yaml': CONFIG(script) });
    return { status: await check('s.yaml', terminal), lines: terminal.output };
  }

  test('says file, line, export, and what was probably meant', async () => {
    const script = file(
      'checked.ts',
      `export const onStanza = 5;\nexport function onSipRequests(): void {}\n`,
    );
    const { status, lines } = await findings(script);
    assert.equal(status, 1);
    assert.deepEqual(
      lines.filter((line) => line.includes('routes')),
      [
        `s.yaml: routes: ${script}:1: "onStanza" must be a function, not a number; docs/routes.md has all hooks, with examples`,
        `s.yaml: routes: ${script}:2: "onSipRequests" is no hook; the hooks are ${NAMES}; did you mean onSipRequest?`,
      ],
    );
  });
  test('a good one is no finding', async () => {
    const { lines } = await findings(file('fine.ts', `export function onStanza(): void {}\n`));
    assert.deepEqual(
      lines.filter((line) => line.includes('routes')),
      [],
    );
  });
});
