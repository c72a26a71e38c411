// The runner of the route script: every verb on every occasion, and every way in which a script can fail.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Counters, VirtualTime } from '../../src/base/index.ts';
import {
  OCCASIONS,
  readRouteModule,
  Routes,
  RouteRuns,
  type HookName,
  type Occasion,
  type Routed,
  type RouteVerb,
  type Verbs,
} from '../../src/policy/index.ts';
import { testContext } from '../../src/edge/routes/index.ts';
import { logInto, type LogEntry } from '../system/rig.ts';

const CONTEXT = testContext();

function rigged(script: Record<string, unknown>, deadlineMs = 1000) {
  const time = new VirtualTime();
  const lines: LogEntry[] = [];
  const counters = new Counters();
  const watched: string[] = [];
  const runs = new RouteRuns({
    ...{ clock: time, timers: time.timers, log: logInto(lines), counters },
    watchdog: { entered: (hook) => watched.push(hook), left: () => watched.push('-') },
  });
  const { hooks, findings } = readRouteModule(script);
  assert.deepEqual(findings, []);
  const routes = new Routes(hooks, runs, { deadlineMs });
  const results: Routed[] = [];
  const ask = (
    occasion: Occasion,
    pair = 'a b',
    done: (result: Routed) => unknown = (result) => results.push(result),
  ): void => routes.ask(occasion, pair, {}, CONTEXT, done, 'cid');
  const failures = (): Record<string, number> =>
    Object.fromEntries(
      [
        ...counters
          .text()
          .matchAll(/^stoxgate_routes_failures_total\{hook="(\w+)",reason="(\w+)"\} ([1-9]\d*)$/gm),
      ].map(([, hook, reason, count]) => [`${hook} ${reason}`, Number(count)]),
    );
  return { time, lines, counters, watched, runs, routes, results, ask, failures };
}

/** Lets what was settled be heard. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function verbOf(result: Routed | undefined): string | undefined {
  return typeof result === 'object' ? result.verb : result;
}

// docs/routes.md, "Which verb where".
const TAKEN: readonly (readonly [Occasion, readonly RouteVerb[]])[] = [
  ['sip-message', ['relay', 'reject', 'redirect', 'drop', 'rewrite']],
  ['sip-request', ['relay', 'reject', 'redirect']],
  ['message', ['relay', 'reject', 'redirect', 'drop', 'rewrite']],
  ['presence', ['relay', 'reject', 'redirect']],
  ['call', ['relay', 'reject', 'redirect', 'drop']],
  ['stanza-out', ['relay', 'reject', 'redirect', 'drop', 'rewrite']],
  ['request-out', ['relay', 'reject', 'redirect', 'drop', 'rewrite']],
  ['response', ['relay']],
  ['failure-to-xmpp', ['relay', 'reject']],
  ['failure-to-sip', ['relay', 'reject', 'rewrite']],
];
const isJid = (occasion: Occasion): boolean =>
  ['message', 'stanza-out', 'presence', 'call'].includes(occasion);
const MAKE: readonly (readonly [RouteVerb, (verbs: Verbs, occasion: Occasion) => unknown])[] = [
  ['relay', ({ relay }) => relay()],
  ['reject', ({ reject }) => reject(403, 'No')],
  ['redirect', ({ redirect }) => redirect('sip:a@b.example')],
  ['drop', ({ drop }) => drop()],
  [
    'rewrite',
    ({ rewrite }, occasion) => rewrite({ to: isJid(occasion) ? 'a@b.example' : 'sip:a@b.example' }),
  ],
];

describe('every verb on every occasion, at once and later', () => {
  test('every occasion is in the table', () => {
    assert.deepEqual(TAKEN.map(([occasion]) => occasion).toSorted(), Object.keys(OCCASIONS).toSorted());
  });
  for (const [occasion, verbs] of TAKEN) {
    for (const [verb, make] of MAKE) {
      const { hook } = OCCASIONS[occasion];
      const taken = verbs.includes(verb);
      test(`${occasion}: ${verb} is ${taken ? 'taken' : 'refused'}`, async () => {
        for (const later of [false, true]) {
          const { ask, results, failures, lines } = rigged({
            [hook]: (_subject: object, _context: object, given: Verbs) =>
              later ? Promise.resolve(make(given, occasion)) : make(given, occasion),
          });
          ask(occasion);
          assert.equal(results.length, later ? 0 : 1);
          await turn();
          assert.deepEqual(results.map(verbOf), [taken ? verb : 'failed']);
          assert.deepEqual(failures(), taken ? {} : { [`${hook} answer`]: 1 });
          if (!taken)
            assert.match(String(lines.at(-1)?.fields['message']), new RegExp(`does not take ${verb}`));
        }
      });
    }
  }

  const FIELDS: readonly (readonly [Occasion, object, RegExp | undefined])[] = [
    ['sip-message', { headers: { Subject: 'x' } }, undefined],
    ['sip-message', { add: ['e'] }, /cannot change children/],
    ['sip-message', { to: 'a@b.example' }, /to must be a SIP URI/],
    ['message', { to: 'sip:a@b.example' }, /to must be a JID/],
    ['message', { from: 'sip:a@b.example' }, /from must be a JID/],
    ['message', { headers: { Subject: 'x' } }, /cannot change headers/],
    ['stanza-out', { add: ['e'] }, undefined],
    ['request-out', { from: 'a@b.example' }, /from must be a SIP URI/],
    ['failure-to-sip', { body: 'x' }, /cannot change body/],
  ];
  for (const [occasion, changes, fault] of FIELDS) {
    test(`${occasion}: rewrite ${JSON.stringify(changes)}`, () => {
      const { ask, results, lines } = rigged({
        [OCCASIONS[occasion].hook]: (_subject: object, _context: object, { rewrite, element }: Verbs) =>
          rewrite('add' in changes ? { add: [element('x', 'urn:x')] } : changes),
      });
      ask(occasion);
      assert.deepEqual(results.map(verbOf), [fault === undefined ? 'rewrite' : 'failed']);
      if (fault !== undefined) assert.match(String(lines.at(-1)?.fields['message']), fault);
    });
  }
});

describe('a script that fails has one result, and is told with its stack', () => {
  const CASES: readonly (readonly [string, string, () => unknown, RegExp])[] = [
    [
      'throws',
      'threw',
      () => {
        throw new Error('my fault');
      },
      /my fault/,
    ],
    [
      'throws what is no error',
      'threw',
      () => {
        throw 'text';
      },
      /"text"/,
    ],
    ['rejects', 'rejected', () => Promise.reject(new Error('later')), /later/],
    ['rejects with nothing', 'rejected', () => Promise.reject(undefined), /undefined/],
    ['returns a number', 'answer', () => 200, /returned 200/],
    ['returns true', 'answer', () => true, /returned true/],
    ['returns null', 'answer', () => null, /returned null/],
    ['returns a copy of an answer', 'answer', () => ({ verb: 'drop' }), /an object of its own/],
    ['resolves to nonsense', 'answer', () => Promise.resolve('ok'), /"ok"/],
    [
      'a then that throws when it is read',
      'answer',
      () => ({
        get then() {
          throw new Error('x');
        },
      }),
      /an object of its own/,
    ],
    [
      'a then that throws when it is called',
      'rejected',
      () => ({
        then() {
          throw new Error('called');
        },
      }),
      /called/,
    ],
    ['never settles', 'late', () => new Promise(() => undefined), /no answer within 1000 ms/],
    ['a verb given nonsense', 'threw', () => undefined, /from 400 to 699/],
  ];
  for (const [what, reason, act, message] of CASES) {
    test(what, async () => {
      const { ask, results, failures, lines, time, runs } = rigged({
        onStanza: (_subject: object, _context: object, { reject }: Verbs) =>
          what === 'a verb given nonsense' ? reject(200) : act(),
      });
      ask('message');
      await turn();
      time.advance(999);
      if (reason === 'late') assert.deepEqual(results, []);
      time.advance(2);
      await turn();
      assert.deepEqual(results, ['failed']);
      assert.deepEqual(failures(), { [`onStanza ${reason}`]: 1 });
      assert.equal(runs.size, 0);
      const [line] = lines.filter(({ event }) => event === 'routes.failed');
      assert.ok(line !== undefined);
      assert.deepEqual([line.level, line.fields['hook'], line.fields['cid']], ['error', 'onStanza', 'cid']);
      assert.match(String(line.fields['message']), message);
      if (what === 'throws') assert.match(String(line.fields['stack']), /routes\.test\.ts/);
    });
  }

  test('one that answers after its time changes nothing any more, and its fault is nobody else’s', async () => {
    const late = Promise.withResolvers<void>();
    const { ask, results, failures, time } = rigged({ onStanza: () => late.promise });
    ask('message');
    time.advance(1001);
    late.reject(new Error('too late'));
    await turn();
    assert.deepEqual(results, ['failed']);
    assert.deepEqual(failures(), { 'onStanza late': 1 });
  });

  test('one that blocks is counted and told, and its answer is taken', () => {
    const rig = rigged({
      onStanza: (_subject: object, _context: object, { drop }: Verbs) => {
        rig.time.advance(51);
        return drop();
      },
    });
    rig.ask('message');
    assert.deepEqual(rig.results.map(verbOf), ['drop']);
    assert.match(rig.counters.text(), /stoxgate_routes_blocked_total\{hook="onStanza"\} 1\n/);
    assert.deepEqual(
      rig.lines.map(({ level, event, fields }) => [level, event, fields['hook'], fields['ms']]),
      [['warn', 'routes.blocked', 'onStanza', 51]],
    );
    assert.deepEqual(rig.watched, ['onStanza', '-']);
  });

  test('the watchdog hears of the end of one that throws', () => {
    const { ask, watched } = rigged({
      onStanza: () => {
        throw new Error('x');
      },
    });
    ask('message');
    assert.deepEqual(watched, ['onStanza', '-']);
  });
});

test('nothing returned, and no hook, is relay', async () => {
  const { ask, results, failures } = rigged({ onStanza: () => undefined, onFailure: async () => undefined });
  ask('message');
  ask('sip-message');
  ask('failure-to-sip');
  await turn();
  assert.deepEqual(results.map(verbOf), ['relay', 'relay', 'relay']);
  assert.deepEqual(failures(), {});
});

describe('order and bounds', () => {
  test('messages of two people go on in the order in which they came, whatever the script awaits', async () => {
    const waits = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let call = 0;
    const { ask, runs } = rigged({ onStanza: () => waits[call++]?.promise });
    const order: string[] = [];
    ask('message', 'a b', () => order.push('first'));
    ask('message', 'a b', () => order.push('second'));
    ask('message', 'a b', () => order.push('third, at once'));
    ask('message', 'c d', () => order.push('of others'));
    waits[1]?.resolve();
    await turn();
    assert.deepEqual(order, ['of others']);
    assert.equal(runs.size, 3);
    waits[0]?.resolve();
    await turn();
    assert.deepEqual(order, ['of others', 'first', 'second', 'third, at once']);
    assert.equal(runs.size, 0);
  });

  test('one that is late holds up those behind it no longer than its own time', async () => {
    let call = 0;
    const { ask, time } = rigged({
      onStanza: () => (call++ === 0 ? new Promise(() => undefined) : Promise.resolve()),
    });
    const order: string[] = [];
    ask('message', 'a b', (result) => order.push(`first ${verbOf(result)}`));
    time.advance(600);
    ask('message', 'a b', (result) => order.push(`second ${verbOf(result)}`));
    await turn();
    time.advance(401);
    await turn();
    assert.deepEqual(order, ['first failed', 'second relay']);
  });

  test('a thousand of two people may wait; the next is answered at once (ERR-G2)', () => {
    const { ask, results, failures, runs } = rigged({ onStanza: () => new Promise(() => undefined) });
    for (let i = 0; i < 1001; i++) ask('message');
    assert.deepEqual(results, ['busy']);
    assert.deepEqual(failures(), { 'onStanza busy': 1 });
    assert.equal(runs.size, 1000);
  });

  test('stop ends what waits; idle hears it; from then on only what is answered at once is taken', async () => {
    const { ask, results, runs } = rigged({
      onStanza: () => new Promise(() => undefined),
      onSipRequest: () => undefined,
    });
    ask('message');
    ask('message');
    const idle = runs.idle();
    runs.stop();
    await idle;
    ask('message');
    ask('sip-message');
    assert.deepEqual(results.map(verbOf), ['stopped', 'stopped', 'stopped', 'relay']);
  });

  test('what throws where a result is taken does not end the process, nor those behind it', async () => {
    const { ask, lines, results, runs } = rigged({ onStanza: () => Promise.resolve() });
    ask('message', 'a b', () => {
      throw new Error('a bug of ours');
    });
    ask('message');
    await turn();
    assert.deepEqual(results.map(verbOf), ['relay']);
    assert.equal(runs.size, 0);
    assert.equal(
      lines.some(({ event }) => event === 'routes.dispatch.failed'),
      true,
    );
  });

  test('reserveMs: what three hooks may take of the time for a response (IM-29)', () => {
    const hook = (): void => undefined;
    assert.equal(rigged({ onStanza: hook, onResponse: hook }).routes.reserveMs, 0);
    assert.equal(
      rigged({ onSipRequest: hook, onTranslated: hook, onFailure: hook }, 500).routes.reserveMs,
      1500,
    );
  });
});

describe('log and count', () => {
  const counting = (act: (verbs: Verbs) => void) =>
    rigged({ onStanza: (_subject: object, _context: object, verbs: Verbs) => act(verbs) });

  test('the names of a script are bounded: the 101st and all after it are "other"', () => {
    const { ask, counters } = counting(({ count }) => {
      for (let i = 0; i < 105; i++) count(`n${i}`, 2);
      count('n0');
    });
    ask('message');
    const series = counters.text().match(/^stoxgate_routes_counted_total\{.*$/gm) ?? [];
    assert.equal(series.length, 101);
    assert.ok(series.includes('stoxgate_routes_counted_total{name="n0"} 3'));
    assert.ok(series.includes('stoxgate_routes_counted_total{name="other"} 10'));
  });

  for (const [what, act] of [
    ['upper case', ({ count }) => count('Name')],
    ['an address', ({ count }) => count('a@b')],
    ['a name of 42 characters', ({ count }) => count('a'.repeat(42))],
    ['less than nothing', ({ count }) => count('a', -1)],
    ['half', ({ count }) => count('a', 0.5)],
  ] as readonly (readonly [string, (verbs: Verbs) => void])[]) {
    test(`count refuses ${what}`, () => {
      const { ask, results } = counting(act);
      ask('message');
      assert.deepEqual(results, ['failed']);
    });
  }

  test('a line of the script', () => {
    const { ask, lines } = counting(({ log }) => log('seen', { who: 'bob', event: 'x' }));
    ask('message');
    assert.deepEqual(lines, [
      { level: 'info', event: 'routes.log', fields: { who: 'bob', event: 'x', message: 'seen' } },
    ]);
  });
});

test('each run is counted by hook and verb', () => {
  const { ask, counters } = rigged({
    onStanza: (_subject: object, _context: object, { drop }: Verbs) => drop(),
  });
  ask('message');
  ask('message');
  assert.match(counters.text(), /stoxgate_routes_runs_total\{action="drop",hook="onStanza"\} 2\n/);
});

describe('what is exported', () => {
  const fn = (): void => undefined;
  const CASES: readonly (readonly [
    string,
    Record<string, unknown>,
    readonly HookName[],
    readonly string[],
  ])[] = [
    ['one hook', { onStanza: fn }, ['onStanza'], []],
    ['a default object', { default: { onStanza: fn, onFailure: fn } }, ['onStanza', 'onFailure'], []],
    [
      'CommonJS',
      { default: { onStanza: fn }, 'module.exports': { onStanza: fn }, onStanza: fn },
      ['onStanza'],
      [],
    ],
    ['nothing', {}, [], ['exports no hook: onSipRequest, onStanza, onTranslated, onResponse, onFailure']],
    [
      'a slip',
      { onSipReqest: fn },
      [],
      [
        '"onSipReqest" is no hook; the hooks are onSipRequest, onStanza, onTranslated, onResponse, onFailure → onSipRequest',
      ],
    ],
    [
      'something else',
      { helper: fn, onStanza: fn },
      ['onStanza'],
      ['"helper" is no hook; the hooks are onSipRequest, onStanza, onTranslated, onResponse, onFailure'],
    ],
    ['a wrong type', { onStanza: 'relay' }, [], ['"onStanza" must be a function, not text']],
    ['a wrong default', { default: 5 }, [], ['the default export must be an object of hooks, not a number']],
  ];
  for (const [what, exported, hooks, faults] of CASES) {
    test(what, () => {
      const read = readRouteModule(exported);
      assert.deepEqual(Object.keys(read.hooks).toSorted(), [...hooks].toSorted());
      assert.deepEqual(
        read.findings.map(
          ({ message, suggestion }) => message + (suggestion === undefined ? '' : ` → ${suggestion}`),
        ),
        faults,
      );
    });
  }
});
