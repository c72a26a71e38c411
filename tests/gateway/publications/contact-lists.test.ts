// Lists of contacts (RFC 4662, row CSP-20) where sockets cannot show it: no room for a subscription, and what each contact hears.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Counters, ok, utf8Bytes, VirtualTime } from '../../../src/base/index.ts';
import { ContactLists } from '../../../src/gateway/publications/contact-lists.ts';
import type {
  SubscribeParts,
  SubscriberHandle,
  SubscriptionUsage,
} from '../../../src/gateway/subscriptions/types.ts';
import { LIST_TYPE, listBody, type Row } from '../../system/list-server.ts';
import { logInto, type LogEntry } from '../../system/rig.ts';

const LISTS = 'sip:rls@lists.example';
const MINUTE = 60_000;

const parts = (user: string, from = 'sip:juliet@example.com'): SubscribeParts => ({
  resource: `sip:${user}@example.net`,
  from,
  terms: {
    event: { package: 'presence' },
    accept: ['application/pidf+xml'],
    expires: 3600,
    forks: 'several',
  },
});

/** The lists, with subscriptions that are only written down. */
class Bench {
  readonly time = new VirtualTime(0, 20);
  readonly log: LogEntry[] = [];
  /** "list" or "alone romeo", for each SUBSCRIBE; and what contacts hear, as "romeo again later". */
  readonly lines: string[] = [];
  /** There is room. */
  room = true;
  readonly usages: SubscriptionUsage[] = [];
  readonly lists: ContactLists;

  constructor() {
    this.lists = new ContactLists({
      clock: this.time,
      timers: this.time.timers,
      log: logInto(this.log),
      counters: new Counters(),
      subscriptions: {
        subscribe: (_, usage) => {
          if (!this.room) return undefined;
          this.lines.push('list');
          this.usages.push(usage);
          return this.#handle('list');
        },
      },
      subscribeAlone: ({ resource }) => {
        if (!this.room) return undefined;
        const user = nameOf(resource);
        this.lines.push(`alone ${user}`);
        return this.#handle(user);
      },
    });
  }

  #handle(name: string): SubscriberHandle {
    return {
      unsubscribe: () => void this.lines.push(`${name} ends`),
      refresh: () => void this.lines.push(`${name} refreshed`),
      kept: [],
      dialogs: [],
      status: { state: 'subscribing', failures: 0, againMs: undefined, dialogs: [] },
    };
  }

  subscribe(user: string, from?: string, lists = LISTS): SubscriberHandle {
    const handle = this.lists.subscribe(parts(user, from), this.#usage(user), lists, undefined);
    assert.ok(handle);
    return handle;
  }

  #usage(user: string): SubscriptionUsage {
    return {
      notified: ({ dialog, state, body }) => {
        this.lines.push(`${user} ${state} by ${dialog}${body.length > 0 ? ' with a document' : ''}`);
        return ok('taken');
      },
      dialogEnded: (dialog) => void this.lines.push(`${user} loses ${dialog}`),
      over: ({ cause }) => void this.lines.push(`${user} over: ${cause}`),
      accepted: (closing) => void this.lines.push(`${user} ${closing ? 'closed' : 'accepted'}`),
      asksAgain: (_, when) => void this.lines.push(`${user} again ${when}`),
    };
  }

  notify(version: number, ...rows: readonly Row[]): void {
    const taken = this.usages.at(-1)?.notified({
      ...{ dialog: 'd', state: 'active', reason: undefined, language: undefined },
      ...{ contentType: 'multipart/related', contentTypeField: LIST_TYPE },
      body: utf8Bytes(listBody(version, version === 0, ...rows)),
    });
    assert.ok(taken?.ok);
  }

  /** Since the last time. */
  heard(): string[] {
    return this.lines.splice(0);
  }
}

function nameOf(uri: string): string {
  return uri.replace('sip:', '').replace('@example.net', '');
}

describe('no room for a further subscription', () => {
  test('the list is asked for when there is', () => {
    const bench = new Bench();
    bench.room = false;
    bench.subscribe('romeo');
    bench.time.advance(MINUTE);
    assert.deepEqual(bench.heard(), []);
    bench.room = true;
    bench.time.advance(MINUTE);
    assert.deepEqual(bench.heard(), ['list']);
  });

  test('so is a contact, after the list was refused; who leaves meanwhile is not', () => {
    const bench = new Bench();
    bench.subscribe('romeo');
    const other = bench.subscribe('benvolio');
    bench.time.advance(1000);
    bench.room = false;
    bench.usages[0]?.over({ cause: 'refused', status: 420 });
    assert.deepEqual(bench.heard(), ['list', 'list ends']);
    other.unsubscribe();
    assert.deepEqual(bench.heard(), ['benvolio closed', 'benvolio over: unsubscribed']);
    bench.room = true;
    bench.time.advance(MINUTE);
    assert.deepEqual(bench.heard(), ['alone romeo']);
  });

  test('when the gateway stops, nobody is waited for', () => {
    const bench = new Bench();
    bench.subscribe('romeo');
    bench.time.advance(1000);
    bench.room = false;
    bench.usages[0]?.over({ cause: 'refused', status: 420 });
    bench.subscribe('tybalt', 'sip:nurse@example.com');
    bench.lists.stop();
    bench.heard();
    bench.room = true;
    bench.time.advance(MINUTE);
    assert.deepEqual(bench.heard(), []);
    assert.equal(bench.time.timers.size, 0);
  });
});

describe('refused', () => {
  test('one user’s refusal is his own, and lasts for an hour', () => {
    const bench = new Bench();
    bench.subscribe('romeo');
    bench.time.advance(1000);
    bench.usages[0]?.over({ cause: 'refused', status: 403 });
    bench.heard();
    bench.subscribe('benvolio');
    bench.subscribe('benvolio', 'sip:nurse@example.com');
    bench.time.advance(1000);
    assert.deepEqual(bench.heard(), ['alone benvolio', 'list']);
    bench.time.advance(60 * MINUTE);
    bench.subscribe('mercutio');
    bench.time.advance(1000);
    assert.deepEqual(bench.heard(), ['list']);
  });

  test('one that the gateway wanted to end, or that ends with it: nobody is told', () => {
    for (const end of [{ cause: 'unsubscribed' }, { cause: 'failed', reason: 'stopped' }] as const) {
      const bench = new Bench();
      bench.subscribe('romeo');
      bench.time.advance(1000);
      bench.usages[0]?.over(end);
      assert.deepEqual(bench.heard(), ['list']);
    }
  });
});

test('RFC 4662 §4.5: what a contact hears of his instances, once', () => {
  const bench = new Bench();
  bench.subscribe('romeo');
  bench.time.advance(1000);
  bench.usages[0]?.accepted?.(false);
  bench.usages[0]?.accepted?.(false);
  assert.deepEqual(bench.heard(), ['list', 'romeo accepted']);
  const steps: readonly (readonly [Row, readonly string[]])[] = [
    [['romeo'], []],
    [['romeo ?1'], ['romeo pending by d 1']],
    [['romeo ?1'], []],
    [['romeo +1', '<presence/>'], ['romeo active by d 1 with a document']],
    [['romeo +1', undefined], []],
    [['romeo -1=probation'], ['romeo loses d 1', 'romeo again later']],
    [['romeo -1=probation'], []],
    [['romeo'], []],
    [['romeo +2', '<presence/>'], ['romeo active by d 2 with a document']],
    [['romeo -2=timeout'], ['romeo loses d 2', 'romeo again later']],
  ];
  for (const [version, [row, heard]] of steps.entries()) {
    bench.notify(version, row);
    assert.deepEqual(bench.heard(), heard, row[0]);
  }
});

test('each contact has ten seconds from when the server took the list to be named in it', () => {
  const bench = new Bench();
  const join = (user: string): SubscriberHandle => bench.subscribe(user, undefined, 'sip:*-l@lists.example');
  for (const user of ['romeo', 'benvolio']) join(user);
  bench.time.advance(1000);
  bench.usages[0]?.accepted?.(false);
  bench.notify(0, ['benvolio']);
  bench.time.advance(5000);
  join('tybalt');
  bench.time.advance(1000);
  bench.usages[0]?.accepted?.(false);
  bench.heard();
  bench.time.advance(3900);
  assert.deepEqual(bench.heard(), []);
  bench.time.advance(200);
  assert.deepEqual(bench.heard(), ['alone romeo']);
  bench.time.advance(5800);
  assert.deepEqual(bench.heard(), []);
  bench.time.advance(200);
  assert.deepEqual(bench.heard(), ['alone tybalt']);
});
