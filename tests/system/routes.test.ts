// The operator's route script in a whole gateway: every verb both ways, failures, reload in mid-traffic (docs/routes.md).

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { XmlElement } from '../../src/xml/index.ts';
import { header, statusOf } from '../peers/sip-text.ts';
import { MemoryStore } from './memory-store.ts';
import { pause, play, Rig, type RigOptions } from './rig.ts';
import { textOf, unique } from './sip-peer.ts';
import { bodyOf, errorOf, errorXml, JULIET, messageXml, ROMEO } from './xmpp-peer.ts';

const folder = mkdtempSync(join(tmpdir(), 'stoxgate-routes-'));
after(() => rmSync(folder, { recursive: true }));

function script(text: string, ending = 'mjs'): string {
  const file = join(folder, `${unique('s')}.${ending}`);
  writeFileSync(file, text);
  return file;
}

/** A rig with this script; `hook` is the body of a function of subject `s`, context `c` and verbs `v`. */
function withHook(name: string, hook: string, more: RigOptions = {}): RigOptions {
  return { ...more, routes: script(`export function ${name}(s, c, v) { ${hook} }\n`) };
}

async function fromJuliet(
  rig: Rig,
  parts: { readonly body?: string; readonly more?: string } = {},
): Promise<string> {
  const id = unique('m');
  rig.xmpp.write(messageXml({ body: 'x', ...parts, id }));
  return id;
}

const errorAbout = (rig: Rig, id: string): Promise<XmlElement> =>
  rig.xmpp.stanzas.next('the error', (stanza) => stanza.attr('id') === id);

const outcome = (rig: Rig, direction: string, name: string): number =>
  Number(
    new RegExp(`^stoxgate_messages_total\\{direction="${direction}",outcome="${name}"\\} (\\d+)$`, 'm').exec(
      rig.gateway.counters.text(),
    )?.[1] ?? 0,
  );

describe('onSipRequest', () => {
  const CASES: readonly (readonly [string, string, number, string])[] = [
    ['reject by status', "return v.reject(488, 'Not so');", 488, 'rejected'],
    [
      'reject by condition: the status of RFC 7247 §7.1',
      "return v.reject('recipient-unavailable');",
      480,
      'rejected',
    ],
    ['authorize', 'return v.authorize(s.from.user !== "romeo");', 403, 'rejected'],
    ['drop: 202, and one outcome (promise 1)', 'return v.drop();', 202, 'nothing'],
    ['redirect', "return v.redirect(['sip:a@b.example', 'xmpp:juliet@example.com']);", 302, 'rejected'],
    [
      'redirect to whom SIP has no name for: 480',
      "return v.redirect('xmpp:a@elsewhere.example');",
      480,
      'rejected',
    ],
    ['throws: 500', "throw new Error('bug');", 500, 'rejected'],
    ['rejects: 500', "return Promise.reject(new Error('bug'));", 500, 'rejected'],
    ['nonsense: 500', 'return 5;', 500, 'rejected'],
  ];
  for (const [what, hook, status, name] of CASES) {
    play(what, withHook('onSipRequest', hook, { expectedErrors: ['routes.failed'] }), async (rig) => {
      const response = await rig.ask({ body: 'x' });
      assert.equal(statusOf(response), status);
      assert.equal(outcome(rig, 'sip_to_xmpp', name), 1);
      assert.equal(rig.counter('stoxgate_messages_total'), 1);
      if (status === 302)
        assert.deepEqual(response.headers.get('contact'), ['<sip:a@b.example>', '<sip:juliet@example.com>']);
      if (status === 488) assert.match(response.startLine, /488 Not so$/);
      await pause(20);
      assert.equal(rig.xmpp.stanzas.all.length, 0);
    });
  }

  play(
    'rewrite: another recipient, sender, subject and text; later, in order',
    withHook(
      'onSipRequest',
      `return Promise.resolve().then(() => v.rewrite({ to: 'sip:nurse@example.com', from: 'sip:paris@example.net', body: 'changed ' + s.body, subject: 'S', headers: { 'Content-Language': 'it' } }));`,
    ),
    async (rig) => {
      assert.equal(await rig.status({ body: 'one' }), 202);
      const stanza = await rig.xmpp.stanzas.next('the message');
      assert.equal(stanza.attr('from'), 'paris@example.net');
      assert.equal(stanza.attr('to'), 'nurse@example.com');
      assert.equal(bodyOf(stanza), 'changed one');
      assert.equal(stanza.child('subject')?.text(), 'S');
      assert.equal(stanza.attr('xml:lang'), 'it');
    },
  );

  play(
    'rewrite: a sender whom no rule covers is the fault of the script: 500',
    withHook('onSipRequest', `return v.rewrite({ from: 'sip:a@elsewhere.example' });`, {
      expectedErrors: ['routes.failed'],
    }),
    async (rig) => {
      assert.equal(await rig.status({ body: 'x' }), 500);
      assert.equal(rig.counter('stoxgate_routes_failures_total'), 1);
    },
  );

  play(
    'the context: who, whence, by which rule; a target without a rule is shown all the same',
    withHook(
      'onSipRequest',
      `v.log('seen', { c: JSON.stringify(c), uri: s.requestUri.host }); return v.relay();`,
    ),
    async (rig) => {
      assert.equal(await rig.status({ body: 'x' }), 202);
      assert.equal(await rig.status({ body: 'x', uri: 'sip:a@unknown.example' }), 404);
      const seen = rig.log.filter(({ event }) => event === 'routes.log').map(({ fields }) => fields);
      assert.deepEqual(JSON.parse(String(seen[0]?.['c'])), {
        direction: 'sip-to-xmpp',
        source: { transport: 'udp', address: '127.0.0.1', port: rig.sip.port },
        sender: { sip: 'sip:romeo@example.net', xmpp: 'romeo@example.net' },
        target: { sip: 'sip:juliet@example.com', xmpp: 'juliet@example.com' },
        rule: { home: 'xmpp', sip: 'example.com', xmpp: 'example.com' },
      });
      assert.equal(JSON.parse(String(seen[1]?.['c'])).target, undefined);
      assert.equal(seen[1]?.['uri'], 'unknown.example');
    },
  );

  play(
    'nobody is shown who is not believed (promise 3)',
    withHook('onSipRequest', `v.count('asked'); return v.relay();`, { sip: { trusted: ['127.0.0.9/32'] } }),
    async (rig) => {
      assert.equal(await rig.status({ body: 'x' }), 403);
      assert.equal(rig.counter('stoxgate_routes_counted_total'), 0);
    },
  );

  for (const method of ['SUBSCRIBE', 'PUBLISH']) {
    play(
      `${method} can be refused, and not dropped`,
      withHook('onSipRequest', `return s.header('X-Drop') ? v.drop() : v.reject(403, s.method);`, {
        expectedErrors: ['routes.failed'],
      }),
      async (rig) => {
        const parts = {
          method,
          headers: [
            ['Event', 'presence'],
            ['Contact', `<sip:127.0.0.1:${rig.sip.port}>`],
          ] as const,
        };
        const response = await rig.ask(parts);
        assert.equal(response.startLine, `SIP/2.0 403 ${method}`);
        assert.equal(await rig.status({ ...parts, headers: [...parts.headers, ['X-Drop', '1']] }), 500);
      },
    );
  }

  play(
    'one that never answers: 500 after the deadline, and others go on meanwhile',
    {
      routes: {
        script: script(
          `export const onSipRequest = (s, c, v) => s.body === 'stuck' ? new Promise(() => {}) : v.relay();`,
        ),
        deadline: 200,
      },
      expectedErrors: ['routes.failed'],
    },
    async (rig) => {
      const before = performance.now();
      const stuck = rig.sip.sendRequest({ body: 'stuck' }, rig.port);
      assert.equal(await rig.status({ body: 'quick', from: '<sip:paris@example.net>' }), 202);
      assert.equal(statusOf(await rig.sip.final(stuck)), 500);
      const ms = performance.now() - before;
      assert.ok(ms >= 190 && ms < 5000, `${ms}`);
    },
  );

  play(
    'one that holds up the process is counted',
    withHook('onSipRequest', `const end = Date.now() + 80; while (Date.now() < end); return v.relay();`),
    async (rig) => {
      assert.equal(await rig.status({ body: 'x' }), 202);
      assert.equal(rig.counter('stoxgate_routes_blocked_total'), 1);
      assert.ok(rig.log.some(({ event }) => event === 'routes.blocked'));
    },
  );
});

describe('onStanza', () => {
  const CASES: readonly (readonly [string, string, string, string | undefined])[] = [
    ['reject by condition', "return v.reject('not-acceptable', 'Not so');", 'not-acceptable', 'Not so'],
    [
      'reject by status: the condition of RFC 7247 §7.2',
      'return v.reject(404);',
      'item-not-found',
      'Not Found',
    ],
    ['authorize', 'return v.authorize(false);', 'forbidden', 'Not authorized'],
    [
      'redirect: the XMPP name of a SIP user',
      "return v.redirect('sip:nurse@example.net');",
      'redirect',
      undefined,
    ],
    ['throws', "throw new Error('bug');", 'internal-server-error', undefined],
    ['rejects', "return Promise.reject(new Error('bug'));", 'internal-server-error', undefined],
    ['nonsense', 'return {};', 'internal-server-error', undefined],
  ];
  for (const [what, hook, condition, text] of CASES) {
    play(what, withHook('onStanza', hook, { expectedErrors: ['routes.failed'] }), async (rig) => {
      const error = await errorAbout(rig, await fromJuliet(rig));
      assert.deepEqual([error.attr('from'), error.attr('to'), error.attr('type')], [ROMEO, JULIET, 'error']);
      const read = errorOf(error);
      assert.deepEqual([read.condition, read.text], [condition, text]);
      if (condition === 'redirect') assert.equal(read.address, 'xmpp:nurse@example.net');
      assert.equal(outcome(rig, 'xmpp_to_sip', 'reported'), 1);
      assert.equal(rig.counter('stoxgate_messages_total'), 1);
      assert.equal(rig.sip.requests.all.length, 0);
    });
  }

  play(
    'drop: no word, and one outcome (promise 1)',
    withHook('onStanza', 'return v.drop();'),
    async (rig) => {
      await fromJuliet(rig);
      await rig.until('counted', () => outcome(rig, 'xmpp_to_sip', 'nothing') === 1);
      assert.equal(rig.counter('stoxgate_messages_total'), 1);
      assert.equal(rig.sip.requests.all.length + rig.xmpp.stanzas.all.length, 0);
    },
  );

  play(
    'rewrite: the SIP side gets the changed one; its sender hears of what she wrote',
    withHook(
      'onStanza',
      `return v.rewrite({ to: 'nurse@example.net', from: 'capulet@example.com', body: s.body + '!', subject: 'S' });`,
    ),
    async (rig) => {
      rig.sip.answer = () => 404;
      const id = await fromJuliet(rig, { body: 'hey' });
      const request = await rig.sip.requests.next('the request');
      assert.equal(request.startLine, 'MESSAGE sip:nurse@example.net SIP/2.0');
      assert.match(header(request, 'from'), /^<sip:capulet@example\.com>;tag=/);
      assert.deepEqual([textOf(request), header(request, 'subject')], ['hey!', 'S']);
      const error = await errorAbout(rig, id);
      assert.deepEqual([error.attr('from'), error.attr('to')], [ROMEO, JULIET]);
    },
  );

  play(
    'a request for presence can be refused; presence itself is not shown',
    withHook('onStanza', `v.count(s.kind); return v.reject('not-authorized', 'No');`),
    async (rig) => {
      rig.xmpp.write(`<presence from='juliet@example.com' to='${ROMEO}' type='subscribe' id='p1'/>`);
      const error = await rig.xmpp.stanzas.next('the error', ({ name }) => name === 'presence');
      assert.deepEqual([error.attr('id'), errorOf(error).condition], ['p1', 'not-authorized']);
      rig.xmpp.write(`<presence from='${JULIET}' to='${ROMEO}'/>`);
      await pause(20);
      assert.equal(rig.counter('stoxgate_routes_counted_total'), 1);
    },
  );

  play('the context', withHook('onStanza', `v.log('seen', { c: JSON.stringify(c) });`), async (rig) => {
    await fromJuliet(rig);
    await rig.sip.requests.next('the request');
    const seen = rig.log.find(({ event }) => event === 'routes.log');
    assert.deepEqual(JSON.parse(String(seen?.fields['c'])), {
      direction: 'xmpp-to-sip',
      source: { transport: 'component', domain: 'example.net' },
      sender: { sip: 'sip:juliet@example.com;gr=balcony', xmpp: JULIET },
      target: { sip: 'sip:romeo@example.net', xmpp: ROMEO },
      rule: { home: 'sip', sip: 'example.net', xmpp: 'example.net' },
    });
  });
});

describe('rules and limits of the operator come first', () => {
  play(
    'what `policy` denies is not shown, both ways',
    withHook('onStanza', `v.count('asked');`, { policy: [{ from: 'juliet@example.com', action: 'deny' }] }),
    async (rig) => {
      assert.equal(errorOf(await errorAbout(rig, await fromJuliet(rig))).condition, 'forbidden');
      assert.equal(rig.counter('stoxgate_routes_counted_total'), 0);
    },
  );
});

describe('onTranslated', () => {
  play(
    'towards XMPP: children added and taken out, another recipient and text',
    withHook(
      'onTranslated',
      `return v.rewrite({ to: 'nurse@example.com', body: s.body + '!', remove: [{ name: 'nick', namespace: 'http://jabber.org/protocol/nick' }], add: [v.element('store', 'urn:xmpp:hints')] });`,
    ),
    async (rig) => {
      assert.equal(await rig.status({ body: 'hey', from: '"Romeo" <sip:romeo@example.net>' }), 202);
      const stanza = await rig.xmpp.stanzas.next('the message');
      assert.deepEqual([stanza.attr('to'), bodyOf(stanza)], ['nurse@example.com', 'hey!']);
      assert.ok(stanza.child('store', 'urn:xmpp:hints'));
      assert.equal(stanza.child('nick'), undefined);
    },
  );

  const ENDED: readonly (readonly [string, string, number, string, string | undefined])[] = [
    ['reject', "return v.reject(603, 'No');", 603, 'rejected', 'recipient-unavailable'],
    ['drop', 'return v.drop();', 202, 'nothing', undefined],
    ['redirect', "return v.redirect('sip:nurse@example.net');", 302, 'rejected', 'redirect'],
    ['throws', "throw new Error('bug');", 500, 'rejected', 'internal-server-error'],
  ];
  for (const [what, hook, status, name, condition] of ENDED) {
    play(
      `both ways: ${what}`,
      withHook('onTranslated', hook, { expectedErrors: ['routes.failed'] }),
      async (rig) => {
        assert.equal(await rig.status({ body: 'x' }), status);
        assert.equal(outcome(rig, 'sip_to_xmpp', name), 1);
        const id = await fromJuliet(rig);
        if (condition === undefined) {
          await rig.until('counted', () => outcome(rig, 'xmpp_to_sip', 'nothing') === 1);
        } else {
          assert.equal(errorOf(await errorAbout(rig, id)).condition, condition);
          assert.equal(outcome(rig, 'xmpp_to_sip', 'reported'), 1);
        }
        assert.equal(rig.counter('stoxgate_messages_total'), 2);
        assert.equal(rig.sip.requests.all.length, 0);
      },
    );
  }

  play(
    'towards SIP: header fields, another target and sender',
    withHook(
      'onTranslated',
      `return v.rewrite({ to: 'sip:+4930@example.net', from: 'sip:desk@example.com', headers: { 'X-Account': 'k-7', Subject: null }, body: s.body + '!' });`,
    ),
    async (rig) => {
      await fromJuliet(rig, { body: 'hey', more: '<subject>S</subject>' });
      const request = await rig.sip.requests.next('the request');
      assert.equal(request.startLine, 'MESSAGE sip:+4930@example.net SIP/2.0');
      assert.match(header(request, 'from'), /^<sip:desk@example\.com>;tag=/);
      assert.deepEqual([header(request, 'x-account'), textOf(request)], ['k-7', 'hey!']);
      assert.equal(request.headers.has('subject'), false);
    },
  );

  play(
    'towards SIP: what is too long now is told as that (IM-30)',
    withHook('onTranslated', `return v.rewrite({ body: 'x'.repeat(1301) });`),
    async (rig) => {
      assert.equal(errorOf(await errorAbout(rig, await fromJuliet(rig))).condition, 'policy-violation');
    },
  );

  for (const [what, options, act] of [
    [
      'towards XMPP a sender of nobody’s',
      `return v.rewrite({ from: 'a@elsewhere.example' });`,
      async (rig: Rig) => assert.equal(await rig.status({ body: 'x' }), 500),
    ],
    [
      'towards SIP a sender of nobody’s',
      `return v.rewrite({ from: 'sip:a@elsewhere.example' });`,
      async (rig: Rig) =>
        assert.equal(
          errorOf(await errorAbout(rig, await fromJuliet(rig))).condition,
          'internal-server-error',
        ),
    ],
  ] as const) {
    play(what, withHook('onTranslated', options, { expectedErrors: ['routes.failed'] }), async (rig) => {
      await act(rig);
      assert.equal(rig.counter('stoxgate_routes_failures_total'), 1);
    });
  }
});

describe('onResponse', () => {
  play(
    'hears what has arrived, both ways; its own fault changes nothing',
    withHook(
      'onResponse',
      `v.count(c.direction.replaceAll('-', '_') + '_' + s.outcome + '_' + s.status); throw new Error('bug');`,
      {
        expectedErrors: ['routes.failed'],
      },
    ),
    async (rig) => {
      assert.equal(await rig.status({ body: 'x' }), 202);
      await fromJuliet(rig);
      await rig.until('heard', () => rig.counter('stoxgate_routes_counted_total') === 2);
      const text = rig.gateway.counters.text();
      assert.match(text, /\{name="sip_to_xmpp_accepted_202"\} 1\n/);
      assert.match(text, /\{name="xmpp_to_sip_delivered_200"\} 1\n/);
    },
  );
});

describe('the context of endings is that of the message', () => {
  const SIP = { sip: 'sip:romeo@example.net', xmpp: ROMEO };
  for (const hook of ['onResponse', 'onFailure']) {
    play(hook, withHook(hook, `v.log('seen', { c: JSON.stringify(c) });`), async (rig) => {
      if (hook === 'onFailure') {
        rig.xmpp.barrier = 'hold';
        rig.xmpp.react = (stanza) => errorXml(stanza, 'forbidden');
        rig.sip.answer = () => 404;
      }
      await rig.ask({ body: 'x', uri: 'sip:juliet@example.com;gr=balcony' });
      rig.xmpp.barrier = 'return';
      rig.xmpp.release();
      rig.xmpp.react = () => undefined;
      await fromJuliet(rig);
      const seen = (): unknown[] =>
        rig.log
          .filter(({ event }) => event === 'routes.log')
          .map(({ fields }) => JSON.parse(String(fields['c'])));
      await rig.until('both were heard', () => seen().length === 2);
      const juliet = { sip: 'sip:juliet@example.com;gr=balcony', xmpp: JULIET };
      assert.deepEqual(seen(), [
        {
          direction: 'sip-to-xmpp',
          source: { transport: 'udp', address: '127.0.0.1', port: rig.sip.port },
          sender: SIP,
          target: juliet,
          rule: { home: 'xmpp', sip: 'example.com', xmpp: 'example.com' },
        },
        {
          direction: 'xmpp-to-sip',
          source: { transport: 'component', domain: 'example.net' },
          sender: juliet,
          target: SIP,
          rule: { home: 'sip', sip: 'example.net', xmpp: 'example.net' },
        },
      ]);
    });
  }
});

describe('onFailure', () => {
  const react = (rig: Rig): void => {
    rig.xmpp.barrier = 'hold';
    rig.xmpp.react = (stanza) => errorXml(stanza, 'service-unavailable', { text: 'gone fishing' });
  };

  play(
    'towards XMPP: another status, in time, and one outcome',
    withHook(
      'onFailure',
      `return Promise.resolve(v.reject(404, s.condition + ' ' + s.status + ' ' + s.text));`,
    ),
    async (rig) => {
      react(rig);
      const response = await rig.ask({ body: 'x' });
      assert.equal(response.startLine, 'SIP/2.0 404 service-unavailable 480 gone fishing');
      assert.equal(outcome(rig, 'sip_to_xmpp', 'refused'), 1);
      assert.equal(rig.counter('stoxgate_messages_total'), 1);
      rig.xmpp.barrier = 'return';
      rig.xmpp.release();
    },
  );

  for (const hook of ["throw new Error('bug');", 'return v.drop();', 'return new Promise(() => {});']) {
    play(
      `towards XMPP, and it fails: what would have been told is told (${hook})`,
      {
        routes: { script: script(`export function onFailure(s, c, v) { ${hook} }`), deadline: 50 },
        expectedErrors: ['routes.failed'],
      },
      async (rig) => {
        react(rig);
        assert.equal(await rig.status({ body: 'x' }), 480);
        rig.xmpp.barrier = 'return';
        rig.xmpp.release();
        rig.sip.answer = () => 404;
        assert.equal(errorOf(await errorAbout(rig, await fromJuliet(rig))).condition, 'item-not-found');
      },
    );
  }

  play(
    'towards SIP: another error',
    withHook(
      'onFailure',
      `return v.reject('gone', [s.status, s.condition, s.attempts, s.requestUri].join(' '));`,
    ),
    async (rig) => {
      rig.sip.answer = () => 404;
      const { condition, text } = errorOf(await errorAbout(rig, await fromJuliet(rig)));
      assert.deepEqual([condition, text], ['gone', '404 item-not-found 1 sip:romeo@example.net']);
      assert.equal(outcome(rig, 'xmpp_to_sip', 'reported'), 1);
    },
  );

  for (const durability of ['full', 'none'] as const) {
    const store = durability === 'full' ? { store: new MemoryStore() } : {};
    play(
      `towards SIP: tried elsewhere, and delivered there: one outcome (durability ${durability})`,
      withHook('onFailure', `return v.rewrite({ to: 'sip:romeo@store.example.net' });`, {
        durability,
        ...store,
        sip: ({ sipPort }) => ({ next_hops: { '*': `sip:127.0.0.1:${sipPort};transport=udp;lr` } }),
      }),
      async (rig) => {
        rig.sip.answer = (request) => (request.startLine.includes('store') ? 202 : 480);
        await fromJuliet(rig, { body: 'keep me' });
        await rig.sip.requests.next('the first');
        const second = await rig.sip.requests.next('the second');
        assert.equal(second.startLine, 'MESSAGE sip:romeo@store.example.net SIP/2.0');
        assert.equal(textOf(second), 'keep me');
        await rig.until('delivered', () => outcome(rig, 'xmpp_to_sip', 'delivered') === 1);
        assert.equal(rig.counter('stoxgate_messages_total'), 1);
        assert.equal(rig.store('outbox').size, 0);
      },
    );
  }

  play(
    'towards SIP: elsewhere three times at most; then it is told, once',
    withHook('onFailure', `return v.rewrite({ to: 'sip:romeo@example.net' });`, {
      expectedErrors: ['routes.failed'],
    }),
    async (rig) => {
      rig.sip.answer = () => 480;
      const id = await fromJuliet(rig);
      assert.equal(errorOf(await errorAbout(rig, id)).condition, 'recipient-unavailable');
      assert.equal(rig.sip.requests.all.length, 4);
      assert.equal(outcome(rig, 'xmpp_to_sip', 'reported'), 1);
      assert.equal(rig.counter('stoxgate_messages_total'), 1);
    },
  );
});

play(
  'IM-29: what three hooks may take is taken off the time of the XMPP side, so that the answer is in time',
  {
    routes: {
      script: script(
        `const relay = (s, c, v) => v.relay();\nexport { relay as onSipRequest, relay as onTranslated, relay as onFailure };`,
      ),
      deadline: 2000,
    },
  },
  async (rig) => {
    rig.xmpp.barrier = 'hold';
    const before = performance.now();
    assert.equal(await rig.status({ body: 'x' }), 503);
    const ms = performance.now() - before;
    assert.ok(ms > 3000 && ms < 6000, `${ms}`);
    rig.xmpp.barrier = 'return';
    rig.xmpp.release();
  },
);

describe('order', () => {
  play(
    'messages of one pair arrive in their order, though the first waits for longer (IM-33)',
    withHook(
      'onStanza',
      `return new Promise((done) => setTimeout(() => done(v.relay()), s.body === '0' ? 100 : 1));`,
    ),
    async (rig) => {
      for (let i = 0; i < 5; i++) rig.xmpp.write(messageXml({ id: unique('m'), body: String(i) }));
      for (let i = 0; i < 5; i++) assert.equal(textOf(await rig.sip.requests.next('a request')), String(i));
    },
  );
});

describe('reload', () => {
  play(
    'what is under way ends on the old script, what comes is asked of the new one; nothing is lost',
    {},
    async (rig) => {
      const file = script('');
      const write = (name: string): void =>
        writeFileSync(
          file,
          `export function onSipRequest(s, c, v) { return new Promise((done) => setTimeout(() => done(v.rewrite({ body: s.body + ' by ${name}' })), 150)); }\n`,
        );
      write('old');
      await rig.gateway.reload(rig.config({ routes: file }));
      const open = Array.from({ length: 20 }, (_, i) =>
        rig.sip.ask({ body: `o${i}`, from: `<sip:u${i}@example.net>` }, rig.port),
      );
      await rig.until('asked', () => rig.held('route_runs') === 20);
      write('new');
      await rig.gateway.reload(rig.config({ routes: file }));
      const later = rig.ask({ body: 'n', from: '<sip:late@example.net>' });
      for (const response of await Promise.all([...open, later])) assert.equal(statusOf(response), 202);
      const bodies = rig.xmpp.stanzas.all.map(bodyOf);
      assert.deepEqual(bodies.filter((body) => body?.endsWith('by old')).length, 20);
      assert.deepEqual(
        bodies.filter((body) => body?.endsWith('by new')),
        ['n by new'],
      );
    },
  );

  play('the files that a script is made of are read again too', {}, async (rig) => {
    const part = script(`export const answer = 'one';`);
    const file = script(
      `import { answer } from '${part}';\nexport const onSipRequest = (s, c, v) => v.rewrite({ body: answer });`,
    );
    for (const answer of ['one', 'two']) {
      writeFileSync(part, `export const answer = '${answer}';`);
      await rig.gateway.reload(rig.config({ routes: file }));
      assert.equal(await rig.status({ body: 'x' }), 202);
      assert.equal(bodyOf(await rig.xmpp.stanzas.next('the message')), answer);
    }
  });

  play(
    'one that cannot be loaded keeps the old one and the old configuration, and says why',
    withHook('onSipRequest', `return v.rewrite({ body: 'old' });`),
    async (rig) => {
      const broken = script(`export const onSipRequest = 5;\nexport function onStanzas() {}\n`);
      await assert.rejects(rig.gateway.reload(rig.config({ routes: broken, messages: { accepted: 200 } })), {
        code: 'ERR_ROUTES_LOAD',
        message: new RegExp(
          `${broken}:1: "onSipRequest" must be a function, not a number; ${broken}:2: "onStanzas" is no hook; .* \\(did you mean onStanza\\?\\)$`,
        ),
      });
      assert.equal(await rig.status({ body: 'x' }), 202);
      assert.equal(bodyOf(await rig.xmpp.stanzas.next('the message')), 'old');
    },
  );

  play(
    'a script that is taken away is asked no more',
    withHook('onSipRequest', 'return v.reject(403);'),
    async (rig) => {
      assert.equal(await rig.status({ body: 'x' }), 403);
      const { routes: _gone, ...without } = rig.config();
      await rig.gateway.reload(without);
      assert.equal(await rig.status({ body: 'x' }), 202);
    },
  );

  test('a start with a broken script fails with its place, and leaves nothing open', async () => {
    const file = script('export const onSipRequest = (;\n');
    await assert.rejects(Rig.start({ routes: file }), {
      code: 'ERR_ROUTES_LOAD',
      message: new RegExp(`${file}:1: SyntaxError`),
    });
    // The next test counts the sockets that there are.
    await pause(50);
  });
});

describe('traffic both ways through reloads', () => {
  play('every message has its outcome; a script that cannot be loaded disturbs nothing', {}, async (rig) => {
    const waits = `const wait = (ms, v) => new Promise((done) => setTimeout(() => done(v.relay()), ms));\n`;
    const file = script('');
    const write = (number: number): void =>
      writeFileSync(
        file,
        number === 3
          ? 'export const onStanza = (;'
          : `${waits}export const onSipRequest = (s, c, v) => (v.count('sip_${number}'), wait(${number * 7}, v));
             export const onStanza = (s, c, v) => (v.count('xmpp_${number}'), wait(${20 - number}, v));
             export const onTranslated = (s, c, v) => v.relay();\n`,
      );
    const answers: Promise<number | undefined>[] = [];
    for (let number = 1; number <= 5; number++) {
      write(number);
      const reloaded = rig.gateway.reload(rig.config({ routes: file }));
      for (let i = 0; i < 20; i++) {
        answers.push(rig.status({ body: `s${number}-${i}`, from: `<sip:u${i % 5}@example.net>` }));
        rig.xmpp.write(messageXml({ id: unique('m'), body: `x${number}-${i}`, to: `p${i % 5}@example.net` }));
      }
      if (number === 3) await assert.rejects(reloaded, { code: 'ERR_ROUTES_LOAD' });
      else await reloaded;
    }
    for (const status of await Promise.all(answers)) assert.equal(status, 202);
    await rig.until('all are there', () => rig.sip.requests.all.length === 100);
    await rig.until('all are counted', () => outcome(rig, 'xmpp_to_sip', 'delivered') === 100);
    assert.equal(outcome(rig, 'sip_to_xmpp', 'accepted'), 100);
    assert.equal(rig.counter('stoxgate_routes_failures_total'), 0);
    // Each person's messages in their order.
    for (let person = 0; person < 5; person++) {
      const bodies = rig.sip.requests.all
        .filter(({ startLine }) => startLine.includes(`p${person}@`))
        .map(textOf);
      const sent = Array.from({ length: 100 }, (_, i) => `x${1 + Math.floor(i / 20)}-${i % 20}`).filter(
        (_, i) => i % 5 === person,
      );
      assert.deepEqual(bodies, sent);
    }
  });
});

describe('examples/routes-2007.ts in a whole gateway', () => {
  play(
    'domain test, registrar, and the store for who is not there',
    {
      routes: fileURLToPath(new URL('../../examples/routes-2007.ts', import.meta.url)),
      sip: ({ sipPort }) => ({ next_hops: { '*': `sip:127.0.0.1:${sipPort};transport=udp;lr` } }),
    },
    async (rig) => {
      assert.equal(await rig.status({ body: 'to XMPP' }), 202);
      assert.equal(bodyOf(await rig.xmpp.stanzas.next('the message')), 'to XMPP');
      const elsewhere = await rig.ask({ body: 'x', uri: 'sip:paris@example.net' });
      assert.equal(statusOf(elsewhere), 302);
      assert.equal(header(elsewhere, 'contact'), '<sip:paris@example.net;maddr=proxy.example.net>');
      rig.sip.answer = (request) => (request.startLine.includes('@store.') ? 202 : 480);
      await fromJuliet(rig, { body: 'for later' });
      const stored = await rig.sip.requests.next('the second', ({ startLine }) =>
        startLine.includes('@store.'),
      );
      assert.equal(textOf(stored), 'for later');
      await rig.until('delivered', () => outcome(rig, 'xmpp_to_sip', 'delivered') === 1);
      assert.match(
        rig.gateway.counters.text(),
        /stoxgate_routes_counted_total\{name="to_offline_store"\} 1\n/,
      );
    },
  );
});

describe('the end (ERR-G5)', () => {
  play(
    'a drain waits for what the script awaits',
    withHook('onSipRequest', `return new Promise((done) => setTimeout(() => done(v.reject(403)), 100));`),
    async (rig) => {
      const open = rig.sip.sendRequest({ body: 'x' }, rig.port);
      await rig.until('asked', () => rig.held('route_runs') === 1);
      await rig.gateway.drain();
      assert.equal(statusOf(await rig.sip.final(open)), 403);
    },
  );

  play(
    'a stop ends it at once',
    withHook('onSipRequest', 'return new Promise(() => {});', { mayHold: [] }),
    async (rig) => {
      const open = rig.sip.sendRequest({ body: 'x' }, rig.port);
      await rig.until('asked', () => rig.held('route_runs') === 1);
      await rig.gateway.stop();
      assert.equal(statusOf(await rig.sip.final(open)), 503);
    },
  );
});

play(
  'TypeScript, with its types stripped',
  {
    routes: script(
      `import type { OnSipRequest } from 'stoxgate/routes';\nexport const onSipRequest: OnSipRequest = (request, _context, { rewrite }) => rewrite({ body: request.body as string });\n`,
      'ts',
    ),
  },
  async (rig) => {
    assert.equal(await rig.status({ body: 'typed' }), 202);
    assert.equal(bodyOf(await rig.xmpp.stanzas.next('the message')), 'typed');
  },
);
