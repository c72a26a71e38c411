// Decisions on their way to an XCAP server (RFC 4825 §7; rows CSP-12, CSP-13): what is sent, in which order, and what becomes of
// it when the server says no or is away. The server here is a few lines; a real one is in tests/interop/presence-server.test.ts.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Counters, SecureRandom, utf8Bytes, VirtualTime } from '../../../src/base/index.ts';
import type { HttpRequest, HttpResponse } from '../../../src/edge/http/index.ts';
import { DECISIONS, type DecisionRecord } from '../../../src/interwork/presence/index.ts';
import type { Config } from '../../../src/gateway/config/schema.ts';
import { PresenceModels } from '../../../src/gateway/presence-models.ts';
import { Decisions } from '../../../src/gateway/publications/decisions.ts';
import { RulesClient } from '../../../src/gateway/publications/rules-client.ts';
import { AddressBook } from '../../../src/mapping/index.ts';
import { digestResponse } from '../../../src/sip/index.ts';
import { logInto, type LogEntry } from '../../system/rig.ts';
import { MemoryCollection } from '../memory-collection.ts';

const ALICE = 'alice@example.org';
const BOB = 'sip:bob@example.net';
const EVE = 'sip:eve@example.net';
const PATH = '/xcap-root/pres-rules/users/sip:alice@example.org/index';

/** An XCAP server for one document, with digest. */
class Server {
  readonly requests: HttpRequest[] = [];
  body: string | undefined;
  version = 0;
  /** Statuses in the place of its own, in order; 0: it is not there. */
  readonly statuses: (number | undefined)[] = [];
  /** Somebody else writes between a GET and the PUT behind it, so many times. */
  races = 0;
  challenges = false;
  away = false;

  readonly send = async (request: HttpRequest): Promise<HttpResponse> => {
    this.requests.push(request);
    const status = this.statuses.shift();
    if (status === 0 || this.away) throw new Error('connect ECONNREFUSED');
    if (status !== undefined) return answer(status);
    const authorization = request.headers?.['Authorization'];
    if (this.challenges && authorization === undefined) {
      return answer(401, {
        'www-authenticate': [
          'Basic realm="x"',
          'Digest realm="xcap", nonce="n1", qop="auth,auth-int", opaque="o"',
        ],
      });
    }
    if (authorization !== undefined) assertDigest(authorization, request.method);
    const etag = `"v${this.version}"`;
    if (request.method === 'GET') {
      const read = this.body === undefined ? answer(404) : answer(200, { etag: [etag] }, this.body);
      if (this.races > 0) {
        this.races -= 1;
        this.version += 1;
      }
      return read;
    }
    const { 'If-Match': match, 'If-None-Match': none } = request.headers ?? {};
    if ((match !== undefined && match !== etag) || (none === '*' && this.body !== undefined))
      return answer(412);
    this.body = new TextDecoder().decode(request.body);
    this.version += 1;
    return answer(200);
  };

  get lines(): string[] {
    return this.requests.map(({ method, headers }) =>
      [method, headers?.['If-Match'], headers?.['If-None-Match']].filter(Boolean).join(' '),
    );
  }
}

function answer(status: number, fields: Readonly<Record<string, string[]>> = {}, body = ''): HttpResponse {
  return { status, header: (name) => fields[name] ?? [], body: utf8Bytes(body) };
}

function assertDigest(authorization: string, method: string): void {
  const field = (name: string): string => new RegExp(`${name}="?([^",]*)`).exec(authorization)?.[1] ?? '';
  const expected = digestResponse({
    ...{ algorithm: 'MD5', user: 'gw', realm: 'xcap', password: 'secret', nonce: 'n1', method, uri: PATH },
    protection: { qop: 'auth', nc: '00000001', cnonce: field('cnonce'), body: utf8Bytes('') },
  });
  assert.equal(field('response'), expected);
  assert.equal(field('opaque'), 'o');
}

/** Writes and removals in their order, as a store commits them. */
class Records extends MemoryCollection<DecisionRecord> {
  override delete(key: string): void {
    setImmediate(() => super.delete(key));
  }
}

interface Rig {
  readonly server: Server;
  readonly decisions: Decisions;
  readonly time: VirtualTime;
  readonly log: LogEntry[];
  readonly count: (decision: string, outcome: string) => number;
  readonly records: Records;
}

type Presence = Omit<Config['presence'], 'location'>;

const NO_XCAP = 'no xcap';

/** `before`: a gateway that ran before, whose server and records are there. */
function rig(
  xcap: { user?: string; password?: string } | typeof NO_XCAP = {},
  before?: Pick<Rig, 'server' | 'records'>,
  node = 'gw1',
): Rig {
  const server = before?.server ?? new Server();
  const records = before?.records ?? new Records(DECISIONS);
  const time = new VirtualTime(0, 20);
  const counters = new Counters();
  const log: LogEntry[] = [];
  const rules = new RulesClient(server, new SecureRandom());
  const presence: Presence = { model: 'presence-server', server: 'sip:p.example.org' };
  if (xcap !== NO_XCAP) presence.xcap = { root: 'http://xcap.example.org/xcap-root', ...xcap };
  const domains: Config['domains'] = [
    { home: 'sip', sip: 'example.net', xmpp: 'example.net' },
    { home: 'xmpp', sip: 'example.org', xmpp: 'example.org' },
  ];
  const live = { book: new AddressBook(domains), models: new PresenceModels({ domains, presence }) };
  const decisions = new Decisions({
    ...{
      clock: time,
      timers: time.timers,
      random: new SecureRandom(),
      log: logInto(log),
      counters,
      live,
      rules,
    },
    ...{ node, records, shared: true },
  });
  const count = (decision: string, outcome: string): number =>
    counters.counter('stoxgate_presence_decisions_total', '', { decision, outcome }).value;
  return { server, decisions, time, log, count, records };
}

const settled = async (): Promise<void> => {
  for (let i = 0; i < 50; i++) await Promise.resolve();
  // The collection writes at the end of the turn.
  await new Promise((resolve) => setImmediate(resolve));
};

describe('decisions at an XCAP server', () => {
  test('RFC 4825 §7.2: there is no document: put on the condition that there is none', async () => {
    const { server, decisions, count } = rig();
    decisions.decide(ALICE, BOB, 'allow');
    await settled();
    assert.equal(server.requests[0]?.url, `http://xcap.example.org${PATH}`);
    assert.deepEqual(server.lines, ['GET', 'PUT *']);
    assert.equal(server.requests[1]?.headers?.['Content-Type'], 'application/auth-policy+xml');
    assert.match(server.body ?? '', /<one id=["']sip:bob@example.net["']/);
    assert.equal(count('allow', 'written'), 1);
    assert.equal(decisions.size, 0);
  });

  test('RFC 4825 §7.11: somebody else was quicker: read again, and nothing of his is lost', async () => {
    const { server, decisions, count } = rig();
    server.body = '<ruleset xmlns="urn:ietf:params:xml:ns:common-policy"><rule id="own"/></ruleset>';
    server.races = 2;
    decisions.decide(ALICE, BOB, 'block');
    await settled();
    assert.deepEqual(server.lines, ['GET', 'PUT "v0"', 'GET', 'PUT "v1"', 'GET', 'PUT "v2"']);
    assert.match(server.body ?? '', /<rule id=["']own["']/);
    assert.equal(count('block', 'written'), 1);
  });

  test('what the rules say already is not put', async () => {
    const { server, decisions, count } = rig();
    decisions.decide(ALICE, BOB, 'allow');
    await settled();
    decisions.decide(ALICE, BOB, 'allow');
    await settled();
    assert.deepEqual(server.lines, ['GET', 'PUT *', 'GET']);
    assert.equal(count('allow', 'unchanged'), 1);
  });

  test('digest (RFC 7616)', async () => {
    const { server, decisions, count } = rig({ user: 'gw', password: 'secret' });
    server.challenges = true;
    decisions.decide(ALICE, BOB, 'allow');
    await settled();
    assert.deepEqual(server.lines, ['GET', 'GET', 'PUT *', 'PUT *']);
    assert.equal(count('allow', 'written'), 1);
  });

  test('one after the other; of two about one watcher the last one', async () => {
    const { server, decisions } = rig();
    decisions.decide(ALICE, BOB, 'allow');
    decisions.decide(ALICE, EVE, 'allow');
    decisions.decide(ALICE, EVE, 'block');
    decisions.decide(ALICE, BOB, 'block');
    await settled();
    await settled();
    assert.doesNotMatch(server.body ?? '', /stoxgate-allow/);
    for (const watcher of [BOB, EVE]) assert.ok(server.body?.includes(watcher));
    assert.equal(decisions.size, 0);
  });

  for (const [what, statuses, outcome] of [
    ['403', [403], 'refused'],
    ['409 to the PUT', [undefined, 409], 'refused'],
    ['401 without a user to answer with', [401], 'refused'],
  ] as const) {
    test(`${what}: not asked again; told in the log`, async () => {
      const { server, decisions, time, log, count } = rig();
      server.statuses.push(...statuses);
      decisions.decide(ALICE, BOB, 'block');
      await settled();
      assert.equal(count('block', outcome), 1);
      const lost = log.filter(({ event }) => event === 'presence.decision.lost');
      assert.equal(lost[0]?.fields['code'], 'ERR_XCAP_REFUSED');
      const sent = server.requests.length;
      time.advance(7_200_000);
      await settled();
      assert.equal(server.requests.length, sent);
    });
  }

  test('a document that is no ruleset is left as it is', async () => {
    const { server, decisions, log } = rig();
    server.body = '<other/>';
    decisions.decide(ALICE, BOB, 'allow');
    await settled();
    assert.equal(server.body, '<other/>');
    assert.equal(log.at(-1)?.fields['code'], 'ERR_XCAP_UNREADABLE');
  });

  test('503, and nobody there: again after pauses, with what is true then', async () => {
    const { server, decisions, time, log, count } = rig();
    server.statuses.push(503, 0);
    decisions.decide(ALICE, BOB, 'allow');
    await settled();
    assert.equal(log.filter(({ event }) => event === 'presence.decision.delayed').length, 1);
    decisions.decide(ALICE, BOB, 'block');
    time.advance(6300);
    await settled();
    assert.equal(server.requests.length, 2);
    time.advance(14_900);
    await settled();
    assert.equal(server.requests.length, 2, 'not sooner than 15 s');
    time.advance(10_200);
    await settled();
    assert.deepEqual(server.lines, ['GET', 'GET', 'GET', 'PUT *']);
    assert.match(server.body ?? '', /stoxgate-block/);
    assert.equal(count('block', 'written'), 1);
    assert.equal(count('allow', 'written'), 0);
  });

  test('a server that never comes back: given up, and nothing is left', async () => {
    const { server, decisions, time, count } = rig();
    server.statuses.push(...Array.from({ length: 100 }, () => 0));
    decisions.decide(ALICE, BOB, 'allow');
    for (let hours = 0; hours < 20; hours++) {
      await settled();
      time.advance(5_400_000);
    }
    await settled();
    assert.equal(count('allow', 'given-up'), 1);
    assert.equal(decisions.size, 0);
    assert.equal(time.timers.size, 0);
  });

  test('no XCAP server: told in the log, and nothing is sent', async () => {
    const { server, decisions, log, count } = rig(NO_XCAP);
    decisions.decide(ALICE, BOB, 'allow');
    await settled();
    assert.equal(count('allow', 'untold'), 1);
    assert.equal(log[0]?.event, 'presence.decision.untold');
    assert.equal(server.requests.length, 0);
  });

  test('after a stop nothing is sent', async () => {
    const { server, decisions, time } = rig();
    server.statuses.push(503);
    decisions.decide(ALICE, BOB, 'allow');
    await settled();
    decisions.stop();
    time.advance(60_000);
    await settled();
    assert.equal(server.requests.length, 1);
    assert.equal(time.timers.size, 0);
  });
});

describe('decisions beyond a restart', () => {
  /** A gateway that stops while its server is away, and the next one. */
  async function acrossRestart(
    decide: (decisions: Decisions) => void,
    xcap: Parameters<typeof rig>[0] = {},
    node = 'gw1',
  ): Promise<Rig> {
    const first = rig();
    first.server.away = true;
    decide(first.decisions);
    await settled();
    first.decisions.stop();
    first.server.away = false;
    first.server.requests.length = 0;
    const next = rig(xcap, first, node);
    await next.decisions.restore();
    await settled();
    assert.equal(first.server.requests.length, 0, 'nothing goes out before the start');
    next.decisions.start();
    await settled();
    return next;
  }

  test('what is at its server leaves no record', async () => {
    const { decisions, records } = rig();
    decisions.decide(ALICE, BOB, 'allow');
    await settled();
    await settled();
    assert.equal(records.puts, 1);
    assert.equal(records.size, 0);
  });

  test('what was not there is sent after the start', async () => {
    const next = await acrossRestart((decisions) => decisions.decide(ALICE, BOB, 'allow'));
    assert.match(next.server.body ?? '', /<one id=["']sip:bob@example.net["']/);
    assert.equal(next.count('allow', 'written'), 1);
    assert.equal(next.records.size, 0);
    assert.equal(next.decisions.size, 0);
  });

  test('of several about one watcher the last one, and those about others', async () => {
    const next = await acrossRestart((decisions) => {
      decisions.decide(ALICE, BOB, 'allow');
      decisions.decide(ALICE, EVE, 'allow');
      decisions.decide(ALICE, BOB, 'block');
      decisions.decide('bert@example.org', EVE, 'block');
    });
    await settled();
    assert.equal(next.count('block', 'written'), 2);
    assert.equal(next.count('allow', 'written'), 1);
    assert.equal(next.records.size, 0);
  });

  test('a decision of now takes the place of the one that was kept', async () => {
    const first = rig();
    first.server.statuses.push(0);
    first.decisions.decide(ALICE, BOB, 'allow');
    await settled();
    first.decisions.stop();
    const next = rig({}, first);
    await next.decisions.restore();
    next.decisions.decide(ALICE, BOB, 'block');
    next.decisions.start();
    await settled();
    assert.match(next.server.body ?? '', /stoxgate-block/);
    assert.doesNotMatch(next.server.body ?? '', /stoxgate-allow/);
    assert.equal(next.records.size, 0);
  });

  test('under way at the stop: sent once more, and it changes nothing', async () => {
    const first = rig();
    first.decisions.decide(ALICE, BOB, 'allow');
    first.decisions.stop();
    await settled();
    assert.equal(first.records.size, 1);
    const next = rig({}, first);
    await next.decisions.restore();
    next.decisions.start();
    await settled();
    assert.equal(next.count('allow', 'unchanged'), 1);
    assert.equal(next.records.size, 0);
  });

  test('there is no XCAP server any more: told in the log, and forgotten', async () => {
    const next = await acrossRestart((decisions) => decisions.decide(ALICE, BOB, 'allow'), NO_XCAP);
    assert.equal(next.count('allow', 'untold'), 1);
    assert.equal(next.log.at(-1)?.event, 'presence.decision.untold');
    assert.equal(next.records.size, 0);
    assert.equal(next.decisions.size, 0);
  });

  test('another gateway on the same database leaves it alone', async () => {
    const next = await acrossRestart((decisions) => decisions.decide(ALICE, BOB, 'allow'), {}, 'gw2');
    assert.equal(next.server.requests.length, 0);
    assert.equal(next.records.size, 1);
  });

  test('a refused one leaves no record', async () => {
    const { server, decisions, records } = rig();
    server.statuses.push(403);
    decisions.decide(ALICE, BOB, 'block');
    await settled();
    assert.equal(records.size, 0);
  });

  test('many users at once after a start: 200, and the others in their turn', async () => {
    const next = await acrossRestart((decisions) => {
      for (let i = 0; i < 300; i++) decisions.decide(`u${i}@example.org`, BOB, 'allow');
    });
    assert.ok(next.decisions.size >= 100, `${next.decisions.size} wait`);
    next.time.advance(2000);
    await settled();
    await settled();
    assert.equal(next.decisions.size, 0);
    assert.equal(next.time.timers.size, 0);
  });

  test('a store that fails costs a line in the log', async () => {
    const { decisions, records, log, count } = rig();
    records.failure = new Error('disk full');
    decisions.decide(ALICE, BOB, 'allow');
    await settled();
    assert.equal(
      log.find(({ event }) => event === 'presence.decision.unwritten')?.fields['error'],
      'disk full',
    );
    assert.equal(count('allow', 'written'), 1);
  });

  test('a record that is none is told by the store as unreadable', () => {
    const record = { node: 'n', user: 'u', watcher: 'w', decision: 'ask' } as const;
    assert.deepEqual(DECISIONS.decode(1, DECISIONS.encode(record)), record);
    for (const text of ['[]', 'null', '{"node":"n","user":"u","watcher":"w","decision":"maybe"}']) {
      assert.throws(() => DECISIONS.decode(1, text), TypeError);
    }
    assert.throws(() => DECISIONS.decode(2, DECISIONS.encode(record)), RangeError);
  });
});
