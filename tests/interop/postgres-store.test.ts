// The store on a real PostgreSQL: the contract, and what only a server can do: go away, come back, be shared.

import assert from 'node:assert/strict';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { openStore } from '../../src/edge/store/index.ts';
import { contract } from '../edge/store/contract.ts';
import { migrations } from '../edge/store/migrations.ts';
import { modelTest } from '../edge/store/model.ts';
import { closeAll, codeOf, noteSpec, outcome, placeAt, realEnv, type Place } from '../edge/store/rig.ts';
import { freePort } from '../peers/ports.ts';
import { Postgres } from '../peers/postgres.ts';
import { TempFolder } from '../peers/temp-folder.ts';
import { pause } from '../peers/wait.ts';

const folder = new TempFolder('postgres');
const server = new Postgres(folder.path);
before(() => server.start());
after(async () => {
  await closeAll();
  await server.stop();
  folder.remove();
});

const newPlace = async (): Promise<Place> => placeAt(server.url(await server.database()), true);

contract('PostgreSQL', newPlace);
migrations('PostgreSQL', newPlace);
modelTest('PostgreSQL', newPlace, 25);

/** Between the store and the server: can cut a connection when the answer to a COMMIT is on its way. */
class Cutter {
  readonly port: number;
  cuts = 0;
  readonly #server: Server;
  #armed: 'answer' | 'question' | undefined;

  constructor(port: number) {
    this.port = port;
    this.#server = createServer((client) => this.#join(client));
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(this.port, '127.0.0.1', resolve));
  }

  /** `answer`: the server commits and nobody hears it; `question`: the server never hears of it. */
  cutAtCommit(what: 'answer' | 'question'): void {
    this.#armed = what;
  }

  stop(): void {
    this.#server.close();
  }

  #join(client: Socket): void {
    const upstream = connect(server.port, '127.0.0.1');
    let deaf = false;
    client.on('data', (data) => {
      const isCommit = this.#armed !== undefined && data.includes('COMMIT');
      if (isCommit) {
        deaf = true;
        this.cuts += 1;
        if (this.#armed === 'question') upstream.destroy();
        this.#armed = undefined;
      }
      upstream.write(data);
    });
    upstream.on('data', (data) => {
      if (deaf) client.destroy();
      else client.write(data);
    });
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      one.on('error', () => {});
      one.on('close', () => other.destroy());
    }
  }
}

describe('PostgreSQL: a connection that is cut at COMMIT', () => {
  for (const what of ['answer', 'question'] as const) {
    test(`the ${what} is lost: what is told is true, and the write is there once`, async () => {
      const cutter = new Cutter(await freePort());
      await cutter.start();
      const name = await server.database();
      const store = await openStore(server.url(name, cutter.port), realEnv());
      const notes = await store.collection(noteSpec());
      notes.put('a', { to: 'x', text: '1' });
      await store.flush();
      // One transaction was tried twice when its COMMIT never came to the server, and once when only the answer was lost.
      const identities = async (): Promise<number> => {
        const [row] = await server.query(
          name,
          'SELECT last_value::int AS last FROM "stoxgate_c_notes_seq_seq"',
        );
        return Number(row?.['last']);
      };
      const before = await identities();
      cutter.cutAtCommit(what);
      assert.equal(await outcome((written) => notes.put('b', { to: 'x', text: '2' }, written)), undefined);
      assert.equal(cutter.cuts, 1);
      assert.equal((await identities()) - before, what === 'answer' ? 1 : 2);
      assert.equal((await notes.get('b'))?.text, '2');
      assert.equal(await notes.count(), 2);
      await store.close();
      cutter.stop();
    });
  }
});

describe('PostgreSQL: the server goes away', () => {
  test('crashes under load: every acknowledged write is there, and it goes on by itself', async () => {
    const env = realEnv();
    const store = await openStore(server.url(await server.database()), env, { patienceMs: 10_000 });
    const notes = await store.collection(noteSpec());
    const acknowledged = new Set<string>();
    const failed = new Set<string>();
    let told = 0;
    const ending = new AbortController();
    let count = 0;
    const load = (async () => {
      while (!ending.signal.aborted) {
        for (let i = 0; i < 20; i++) {
          const key = `k${count++}`;
          notes.put(key, { to: 'x', text: key }, (error) => {
            told += 1;
            (error === undefined ? acknowledged : failed).add(key);
          });
        }
        await pause(2);
      }
    })();
    let before = 0;
    try {
      await pause(200);
      await server.crash();
      await pause(300);
      await server.start();
      before = acknowledged.size;
      await pause(700);
    } finally {
      // Whatever happened, the load ends: it would keep the process.
      ending.abort();
      await load;
    }
    await store.flush();
    assert.ok(acknowledged.size > before, 'it goes on');
    assert.equal(told, count);
    const there = new Set((await notes.scan()).map(({ key }) => key));
    assert.deepEqual(
      [...acknowledged].filter((key) => !there.has(key)),
      [],
    );
    assert.deepEqual([...failed], [], 'a restart is within its patience');
    await store.close();
  });

  test('for longer: writers hear it, status says so, and it recovers', async () => {
    const env = realEnv();
    const store = await openStore(server.url(await server.database()), env, { patienceMs: 300 });
    const notes = await store.collection(noteSpec());
    await server.stop();
    assert.equal(codeOf(await outcome((w) => notes.put('a', { to: 'x', text: '1' }, w))), 'ERR_STORE_FAILED');
    assert.equal(store.status().writable, false);
    await assert.rejects(notes.get('a'), (error) => codeOf(error) === 'ERR_STORE_FAILED');
    await server.start();
    assert.equal(await outcome((w) => notes.put('a', { to: 'x', text: '2' }, w)), undefined);
    assert.equal(store.status().writable, true);
    assert.equal((await notes.get('a'))?.text, '2');
    await store.close();
  });
});

describe('PostgreSQL: refused at the start', () => {
  const cases: readonly (readonly [string, () => string | Promise<string>])[] = [
    ['no such database', () => server.url('nowhere')],
    ['nobody listens', async () => server.url('postgres', await freePort())],
    ['no such user', () => server.url('postgres').replace('stoxgate@', 'nobody:secret@')],
  ];
  for (const [what, url] of cases) {
    test(what, async () => {
      await assert.rejects(openStore(await url(), realEnv()), (error: Error) => {
        assert.equal(codeOf(error), 'ERR_STORE_OPEN');
        assert.doesNotMatch(error.message, /secret/);
        return true;
      });
    });
  }
  test('tables of a newer program', async () => {
    const name = await server.database();
    await (await openStore(server.url(name), realEnv())).close();
    await server.query(name, "UPDATE stoxgate_schema SET version = 2 WHERE collection = ''");
    await assert.rejects(
      openStore(server.url(name), realEnv()),
      (error) => codeOf(error) === 'ERR_STORE_NEWER',
    );
  });
});

describe('PostgreSQL: several gateways', () => {
  test('each sees what the other wrote; expired records go to one of them', async () => {
    const url = server.url(await server.database());
    const [one, two] = await Promise.all([openStore(url, realEnv()), openStore(url, realEnv())]);
    const [left, right] = await Promise.all([one.collection(noteSpec()), two.collection(noteSpec())]);
    left.put('a', { to: 'x', text: 'left' });
    await one.flush();
    assert.equal((await right.get('a'))?.text, 'left');
    // A put that is withdrawn takes the other one's record with it.
    right.put('a', { to: 'x', text: 'right' });
    right.delete('a');
    await two.flush();
    assert.equal(await left.get('a'), undefined);
    for (let i = 0; i < 1000; i++) left.put(`k${i}`, { to: 'x', text: 'e', expiresMs: 1 });
    await one.flush();
    const taken = (await Promise.all([left.takeExpired(5, 800), right.takeExpired(5, 800)])).flat();
    const rest = await left.takeExpired(5, 1000);
    const keys = [...taken, ...rest].map(({ key }) => key);
    assert.equal(keys.length, 1000);
    assert.equal(new Set(keys).size, 1000);
    await Promise.all([one.close(), two.close()]);
  });

  test('the same keys in opposite orders: nobody fails', async () => {
    const url = server.url(await server.database());
    const [one, two] = await Promise.all([openStore(url, realEnv()), openStore(url, realEnv())]);
    const [left, right] = await Promise.all([one.collection(noteSpec()), two.collection(noteSpec())]);
    const writes: Promise<Error | undefined>[] = [];
    for (let round = 0; round < 20; round++) {
      for (let i = 0; i < 100; i++) {
        writes.push(outcome((written) => left.put(`k${i}`, { to: 'x', text: 'l' }, written)));
        writes.push(outcome((written) => right.put(`k${99 - i}`, { to: 'x', text: 'r' }, written)));
      }
      await Promise.all([one.flush(), two.flush()]);
    }
    assert.deepEqual(new Set(await Promise.all(writes)), new Set([undefined]));
    assert.equal(await left.count(), 100);
    await Promise.all([one.close(), two.close()]);
  });

  test('one that was left behind by a migration does not write any more', async () => {
    const url = server.url(await server.database());
    const old = await openStore(url, realEnv());
    const notes = await old.collection(noteSpec());
    assert.equal(await outcome((w) => notes.put('a', { to: 'x', text: '1' }, w)), undefined);
    const young = await openStore(url, realEnv());
    await young.collection({ ...noteSpec(), version: 2 });
    assert.equal(codeOf(await outcome((w) => notes.put('b', { to: 'x', text: '2' }, w))), 'ERR_STORE_NEWER');
    assert.equal(old.status().writable, false);
    await Promise.all([old.close(), young.close()]);
  });
});
