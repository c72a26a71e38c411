// Messages for SIP users who cannot be reached: kept where the operator allows it, delivered in order with their times
// when the user is seen, refused with an honest error otherwise; and what a restart finds in the store.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TestDnsServer } from '../edge/dns/dns-server.ts';
import { TempFolder } from '../peers/temp-folder.ts';
import { header } from '../peers/sip-text.ts';
import { pause, play, Rig } from './rig.ts';
import { branchOf, textOf, unique } from './sip-peer.ts';
import { MemoryStore } from './memory-store.ts';
import { errorOf, messageXml, ROMEO } from './xmpp-peer.ts';

const KEEP = { offline: { keep: true } } as const;

/** The SIP user answers so to everything from now on. */
function answers(rig: Rig, status: number): void {
  rig.sip.answer = () => status;
}

async function write(rig: Rig, ...bodies: readonly string[]): Promise<void> {
  for (const body of bodies) rig.xmpp.write(messageXml({ id: unique('m'), body }));
}

async function nextBody(rig: Rig): Promise<string> {
  return textOf(await rig.sip.requests.next('a MESSAGE'));
}

/** A request of the SIP user: he is there. */
async function shows(rig: Rig): Promise<void> {
  assert.equal(await rig.status({ body: 'I am here' }), 202);
  await rig.xmpp.stanzas.next('what he wrote');
}

describe('kept messages', () => {
  for (const status of [408, 410, 430, 480, 503, 504]) {
    play(`${status}: kept; the sender hears nothing; delivered when the user is seen`, KEEP, async (rig) => {
      answers(rig, status);
      await write(rig, 'one');
      assert.equal(await nextBody(rig), 'one');
      await rig.until('it is kept', () => rig.held('kept_messages') === 1);
      answers(rig, 200);
      const before = Math.floor(Date.now() / 1000) * 1000;
      await shows(rig);
      const again = await rig.sip.requests.next('the kept message');
      assert.equal(textOf(again), 'one');
      const date = Date.parse(header(again, 'date'));
      assert.ok(Math.abs(date - before) < 30_000, 'Date is when it was written');
      await rig.until('nothing is kept', () => rig.held('kept_messages') === 0);
      assert.deepEqual(rig.xmpp.stanzas.untaken, []);
    });
  }

  play('in the order in which they were written, each with its Call-ID and tag', KEEP, async (rig) => {
    answers(rig, 480);
    await write(rig, 'one');
    const first = await rig.sip.requests.next('the first attempt');
    await rig.until('it is kept', () => rig.held('kept_messages') === 1);
    await write(rig, 'two', 'three');
    await rig.until('all are kept', () => rig.held('kept_messages') === 3);
    // A new message is a reason to try again, from the first one on.
    assert.equal(await nextBody(rig), 'one');
    await pause(50);
    answers(rig, 200);
    await shows(rig);
    const again = await rig.sip.requests.next('the first message');
    assert.equal(textOf(again), 'one');
    for (const name of ['call-id', 'from']) assert.equal(header(again, name), header(first, name));
    assert.equal(await nextBody(rig), 'two');
    assert.equal(await nextBody(rig), 'three');
  });

  play(
    'RFC 3261 §8.2.2.2: a receiver who refused it, and answers 482 to the same request, still gets it',
    KEEP,
    async (rig) => {
      const seen = new Set<string>();
      let there = false;
      rig.sip.answer = (request) => {
        const name = header(request, 'cseq');
        if (seen.has(name)) return 482;
        seen.add(name);
        return there ? 200 : 480;
      };
      await write(rig, 'one');
      assert.equal(await nextBody(rig), 'one');
      await rig.until('it is kept', () => rig.held('kept_messages') === 1);
      there = true;
      await shows(rig);
      assert.equal(await nextBody(rig), 'one');
      await rig.until('nothing is kept', () => rig.held('kept_messages') === 0);
      // §8.1.3.5: one higher.
      assert.deepEqual([...seen], ['1 MESSAGE', '2 MESSAGE']);
    },
  );

  play('each transaction has a branch of its own, whatever is sent again', KEEP, async (rig) => {
    const branches: string[] = [];
    rig.sip.answer = (request) => {
      branches.push(branchOf(request));
      return branches.length < 3 ? 480 : 200;
    };
    await write(rig, 'one');
    for (let attempt = 1; attempt < 3; attempt++) {
      await rig.until('it is kept', () => rig.held('messages_to_sip') === 0 && branches.length === attempt);
      await shows(rig);
    }
    await rig.until('nothing is kept', () => rig.held('kept_messages') === 0);
    assert.equal(new Set(branches).size, 3);
  });

  play(
    'RFC 3261 §8.2.2.2: a receiver whose answer did not come, and who answers 482, has it',
    { ...KEEP, timing: { t1Ms: 10 } },
    async (rig) => {
      const seen = new Set<string>();
      rig.sip.answer = (request) => {
        const name = header(request, 'cseq');
        if (seen.has(name)) return 482;
        seen.add(name);
        return undefined;
      };
      await write(rig, 'one');
      await rig.sip.requests.next('the request');
      await rig.until('it is kept', () => rig.held('kept_messages') === 1);
      await shows(rig);
      await rig.sip.requests.next('the same request');
      await rig.until('nothing is kept', () => rig.held('kept_messages') === 0);
      assert.deepEqual([...seen], ['1 MESSAGE']);
      assert.deepEqual(rig.xmpp.stanzas.untaken, []);
    },
  );

  play('one that is refused for good is reported and the next ones follow', KEEP, async (rig) => {
    answers(rig, 480);
    await write(rig, 'one');
    await nextBody(rig);
    await rig.until('it is kept', () => rig.held('kept_messages') === 1);
    await write(rig, 'two');
    await nextBody(rig);
    await rig.until('both are kept', () => rig.held('kept_messages') === 2);
    await pause(50);
    rig.sip.answer = (request) => (textOf(request) === 'one' ? 403 : 200);
    await shows(rig);
    assert.equal(await nextBody(rig), 'one');
    assert.equal(errorOf(await rig.xmpp.stanzas.next('the error')).condition, 'forbidden');
    assert.equal(await nextBody(rig), 'two');
  });

  for (const hint of ['no-store', 'no-permanent-store']) {
    play(`XEP-0334: ${hint} is never kept`, KEEP, async (rig) => {
      answers(rig, 480);
      rig.xmpp.write(messageXml({ body: 'x', more: `<${hint} xmlns='urn:xmpp:hints'/>` }));
      const error = errorOf(await rig.xmpp.stanzas.next('the error'));
      assert.equal(error.condition, 'recipient-unavailable');
      assert.equal(rig.held('kept_messages'), 0);
    });
  }

  play('without leave of the operator nothing is kept', {}, async (rig) => {
    answers(rig, 480);
    await write(rig, 'x');
    assert.equal(errorOf(await rig.xmpp.stanzas.next('the error')).condition, 'recipient-unavailable');
  });

  play('404 is an error, unless unknown users count as absent', KEEP, async (rig) => {
    answers(rig, 404);
    await write(rig, 'x');
    assert.equal(errorOf(await rig.xmpp.stanzas.next('the error')).condition, 'item-not-found');
  });

  play('404 with unknown_users: keep', { offline: { keep: true, unknown_users: 'keep' } }, async (rig) => {
    answers(rig, 404);
    await write(rig, 'x');
    await rig.until('it is kept', () => rig.held('kept_messages') === 1);
    answers(rig, 200);
    await shows(rig);
    await rig.until('nothing is kept', () => rig.held('kept_messages') === 0);
  });

  play('the quota of a user: an honest error', { offline: { keep: true, per_user: 2 } }, async (rig) => {
    answers(rig, 480);
    for (const body of ['one', 'two', 'three']) {
      await write(rig, body);
      await rig.until('it was tried or put behind', () => rig.held('messages_to_sip') === 0);
    }
    const stanza = await rig.xmpp.stanzas.next('the error');
    const error = errorOf(stanza);
    assert.deepEqual(
      [error.condition, error.type, stanza.attr('from')],
      ['resource-constraint', 'wait', ROMEO],
    );
    assert.equal(rig.held('kept_messages'), 2);
    answers(rig, 200);
    await shows(rig);
    await rig.until('nothing is kept', () => rig.held('kept_messages') === 0);
  });

  const store = new MemoryStore();
  play(
    'ERR-G4: a store that fails: the sender is told, and other messages go on',
    { ...KEEP, store, expectedErrors: ['outbox.write.failed'] },
    async (rig) => {
      store.failure = new Error('disk full');
      answers(rig, 480);
      await write(rig, 'one');
      const error = errorOf(await rig.xmpp.stanzas.next('the error'));
      assert.deepEqual([error.condition, error.type], ['internal-server-error', 'wait']);
      assert.equal(rig.held('kept_messages'), 0);
      assert.ok(rig.counter('stoxgate_outbox_failed_writes_total') > 0);
      answers(rig, 200);
      await shows(rig);
      await write(rig, 'two');
      assert.deepEqual([await nextBody(rig), await nextBody(rig)], ['one', 'two']);
      await rig.until('it is delivered', () => rig.held('messages_to_sip') === 0);
      store.failure = undefined;
      answers(rig, 480);
      await write(rig, 'three');
      await rig.until('it is kept', () => rig.held('kept_messages') === 1);
      answers(rig, 200);
      await shows(rig);
      await rig.until('nothing is kept', () => rig.held('kept_messages') === 0);
      // What could not be deleted is tried again by and by.
      await rig.until('nothing is left', () => rig.held('undeleted_records') === 0, 30_000);
      assert.deepEqual(rig.xmpp.stanzas.untaken, []);
    },
  );

  play('the quota of a domain', { offline: { keep: true, per_domain: 1 } }, async (rig) => {
    answers(rig, 480);
    await write(rig, 'one');
    await rig.until('it is kept', () => rig.held('kept_messages') === 1);
    rig.xmpp.write(messageXml({ to: 'benvolio@example.net', body: 'two' }));
    assert.equal(errorOf(await rig.xmpp.stanzas.next('the error')).condition, 'resource-constraint');
    answers(rig, 200);
    await shows(rig);
    await rig.until('nothing is kept', () => rig.held('kept_messages') === 0);
  });
});

describe('a restart', () => {
  test('an error that no link took before the stop is not the end of its message', async () => {
    const folder = new TempFolder('offline');
    try {
      const rig = await Rig.start({ storeUrl: `sqlite:${folder.file('store.db')}` });
      rig.sip.answer = () => undefined;
      await write(rig, 'one');
      const request = await rig.sip.requests.next('the request');
      await rig.xmpp.close();
      await rig.unlinked();
      rig.sip.respond(request, 403);
      await rig.until('the error waits for a link', () => rig.held('error_reports') === 1);
      await rig.gateway.stop();
      await rig.xmpp.listen();
      answers(rig, 403);
      await rig.again();
      assert.equal(errorOf(await rig.xmpp.stanzas.next('the error')).condition, 'forbidden');
      await rig.stop();
    } finally {
      folder.remove();
    }
  });

  test('finds what was kept, and delivers it once', async () => {
    const folder = new TempFolder('offline');
    try {
      const rig = await Rig.start({ ...KEEP, storeUrl: `sqlite:${folder.file('store.db')}` });
      answers(rig, 480);
      await write(rig, 'one', 'two');
      await rig.until('both are kept', () => rig.held('kept_messages') === 2);
      await rig.sip.requests.next('the first attempt');
      await rig.restart();
      assert.equal(rig.held('kept_messages'), 2);
      answers(rig, 200);
      await shows(rig);
      await rig.until('nothing is kept', () => rig.held('kept_messages') === 0);
      await rig.restart();
      assert.equal(rig.held('kept_messages'), 0);
      await shows(rig);
      await rig.stop();
    } finally {
      folder.remove();
    }
  });
});

// The last: the resolver's sockets outlive it by a moment.
describe('a domain', () => {
  test('a domain name system that does not answer is no reason to refuse, a domain that is not there is', async () => {
    const dns = new TestDnsServer({});
    const silent = ['NAPTR', 'A', 'AAAA'].map((type) => [`${type} example.net`, 'silent'] as const);
    const services = ['udp', 'tcp'].map(
      (transport) => [`SRV _sip._${transport}.example.net`, 'silent'] as const,
    );
    dns.zone = Object.fromEntries([...silent, ...services]);
    const server = await dns.start();
    try {
      const rig = await Rig.start({
        ...KEEP,
        sip: { next_hops: {} },
        dns: { servers: [server], private_targets: 'allow' },
      });
      await write(rig, 'one');
      await rig.until('it is kept', () => rig.held('kept_messages') === 1);
      assert.deepEqual(rig.xmpp.stanzas.untaken, []);
      dns.zone = {};
      // It forgets what it knew of names.
      await rig.gateway.reload(rig.config());
      assert.equal(await rig.status({ body: 'I am here' }), 202);
      await rig.xmpp.stanzas.next('what he wrote');
      assert.equal(errorOf(await rig.xmpp.stanzas.next('the error')).condition, 'remote-server-not-found');
      await rig.stop();
    } finally {
      await dns.stop();
    }
  });
});
