// Contacts of an XMPP user at a presence server that serves lists (RFC 4662, RFC 5367; row CSP-20): one subscription for all of
// them, and what each notification about the list means for each.

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { header, type SipText } from '../peers/sip-text.ts';
import { inWords, KEPT, listBody, LISTS, named, notifyList, tells, type Row } from './list-server.ts';
import { HOUR, JULIET, play as publishPlay, SECOND, type PublishRig } from './publish-rig.ts';
import { settle } from './watch-rig.ts';

const of = (user: string): string => `${user}@example.net`;

function play(name: string, act: (rig: PublishRig) => Promise<void>, lists = LISTS): void {
  publishPlay(name, act, { xmpp: (server) => ({ model: 'presence-server', server, lists }) });
}

/** She asks for them, and the SUBSCRIBE that comes of it. */
async function asked(rig: PublishRig, ...users: readonly string[]): Promise<SipText> {
  for (const user of users) rig.user('subscribe', JULIET, of(user));
  await rig.advance(600);
  return rig.next('SUBSCRIBE');
}

/** What was told, in short: "subscribed romeo", "romeo/phone available". */
function told(rig: PublishRig): string[] {
  return rig.told().flatMap((line) => {
    const [type = '', from = '', , to] = line.split(' ');
    if (to !== JULIET || from === 'example.net') return [];
    const [user = '', resource] = from.replace('@example.net', '').split('/');
    return type === 'available' || type === 'unavailable'
      ? [`${user}${resource === undefined ? '' : `/${resource}`} ${type}`]
      : [`${type} ${user}`];
  });
}

/** Romeo and Benvolio are there, and she has heard of it. */
async function established(rig: PublishRig): Promise<SipText> {
  const subscribe = await asked(rig, 'romeo', 'benvolio');
  const body = listBody(
    1,
    true,
    ['romeo +r', tells('romeo', 'phone')],
    ['benvolio +b', tells('benvolio', 'desk')],
  );
  assert.equal(await notifyList(rig, subscribe, body), 200);
  told(rig);
  rig.confirm();
  return subscribe;
}

const noRequest = (rig: PublishRig): void =>
  assert.deepEqual(
    rig.server.requests.untaken.filter(({ startLine }) => startLine.startsWith('SUBSCRIBE')).map(inWords),
    [],
  );

describe('the list in the request (RFC 5367)', () => {
  play('§3, RFC 4662 §4.1: one SUBSCRIBE for all, and one notification of all', async (rig) => {
    const subscribe = await asked(rig, 'romeo', 'benvolio', 'mercutio', 'tybalt');
    assert.equal(inWords(subscribe), `SUBSCRIBE ${LISTS} 3600`);
    assert.match(header(subscribe, 'from'), new RegExp(`^<sip:${JULIET}>;tag=`));
    assert.equal(header(subscribe, 'to'), `<${LISTS}>`);
    assert.equal(header(subscribe, 'route'), `<${rig.serverUri}>`);
    assert.equal(header(subscribe, 'event'), 'presence');
    assert.equal(header(subscribe, 'supported'), 'eventlist');
    assert.equal(header(subscribe, 'require'), 'recipient-list-subscribe');
    assert.equal(header(subscribe, 'content-disposition'), 'recipient-list');
    assert.equal(header(subscribe, 'content-type'), 'application/resource-lists+xml');
    assert.deepEqual(header(subscribe, 'accept').split(', ').toSorted(), [
      'application/pidf+xml',
      'application/rlmi+xml',
      'multipart/related',
    ]);
    assert.deepEqual(named(subscribe), ['romeo', 'benvolio', 'mercutio', 'tybalt']);
    noRequest(rig);
    // A resource whose state is not known has no instance (RFC 4662 §4.5).
    const body = listBody(
      0,
      true,
      ['romeo +r', tells('romeo', 'phone', 'desk')],
      ['benvolio ?b'],
      ['mercutio'],
      ['tybalt -t=rejected'],
    );
    assert.equal(await notifyList(rig, subscribe, body), 200);
    assert.deepEqual(told(rig), [
      'subscribed romeo',
      'romeo/phone available',
      'romeo/desk available',
      'unsubscribed tybalt',
    ]);
    // §5.6.2: of the others nothing has changed.
    const next = listBody(1, false, ['mercutio +m', tells('mercutio', '!phone')]);
    assert.equal(await notifyList(rig, subscribe, next), 200);
    assert.deepEqual(told(rig), ['subscribed mercutio', 'mercutio/phone unavailable']);
  });

  play('§3.2: refreshed without the list; whoever is asked about is asked once', async (rig) => {
    const subscribe = await established(rig);
    let waited = 0;
    while (rig.link.stanzas.every((each) => each.attr('type') !== 'probe') && waited < HOUR) {
      rig.time.advance(5000);
      waited += 5000;
    }
    // PRES-08.
    assert.deepEqual(told(rig), ['probe romeo', 'probe benvolio']);
    for (const user of ['romeo', 'benvolio']) rig.user(undefined, `${JULIET}/balcony`, of(user));
    await rig.advance(SECOND);
    const refresh = await rig.next('SUBSCRIBE');
    assert.equal(header(refresh, 'call-id'), header(subscribe, 'call-id'));
    assert.equal(header(refresh, 'expires'), '3600');
    assert.equal(header(refresh, 'supported'), 'eventlist');
    assert.ok(!refresh.headers.has('require') && refresh.body.length === 0);
    await rig.advance(5 * SECOND);
    noRequest(rig);
  });

  play('who comes later is in another list; who leaves is told nothing', async (rig) => {
    const subscribe = await established(rig);
    const other = await asked(rig, 'mercutio');
    assert.notEqual(header(other, 'call-id'), header(subscribe, 'call-id'));
    assert.deepEqual(named(other), ['mercutio']);
    assert.equal(rig.feature.sizes()['presence_lists'], 2);
    rig.user('unsubscribe', JULIET, of('benvolio'));
    await settle();
    assert.deepEqual(told(rig), ['benvolio/desk unavailable', 'unsubscribed benvolio']);
    noRequest(rig);
    const body = listBody(
      2,
      false,
      ['benvolio +b', tells('benvolio', 'phone')],
      ['romeo +r', tells('romeo', 'car')],
    );
    assert.equal(await notifyList(rig, subscribe, body), 200);
    assert.deepEqual(told(rig), ['romeo/car available', 'romeo/phone unavailable']);
    // The last one ends it.
    rig.user('unsubscribe', JULIET, of('romeo'));
    const last = await rig.next('SUBSCRIBE');
    assert.deepEqual([header(last, 'expires'), header(last, 'call-id')], ['0', header(subscribe, 'call-id')]);
    assert.ok(!last.headers.has('require') && last.body.length === 0);
    assert.equal(rig.feature.sizes()['presence_lists'], 1);
  });

  play('51 contacts: two lists', async (rig) => {
    const users = Array.from({ length: 51 }, (_, index) => `user${index}`);
    const requests = [await asked(rig, ...users), await rig.next('SUBSCRIBE')];
    assert.deepEqual(new Set(requests.map((each) => named(each).length)), new Set([1, 50]));
    noRequest(rig);
  });

  play('a list that ends is asked for anew, with those who are still wanted', async (rig) => {
    const subscribe = await established(rig);
    rig.user('unsubscribe', JULIET, of('benvolio'));
    told(rig);
    assert.equal(await notifyList(rig, subscribe, '', { state: 'terminated;reason=deactivated' }), 200);
    const again = await rig.next('SUBSCRIBE');
    assert.notEqual(header(again, 'call-id'), header(subscribe, 'call-id'));
    assert.deepEqual(named(again), ['romeo']);
    // What was known holds until there is more; the version begins anew (§5.2).
    assert.deepEqual(told(rig), []);
    const body = listBody(0, true, ['romeo +r', tells('romeo', 'car')]);
    assert.equal(await notifyList(rig, again, body), 200);
    assert.deepEqual(told(rig), ['romeo/car available', 'romeo/phone unavailable']);
  });

  play('481 to its refresh (RFC 6665 §4.1.2.2): a list anew; 404 to that: each by himself', async (rig) => {
    const subscribe = await established(rig);
    rig.server.answer = ({ headers }) => (headers.has('require') ? 404 : 481);
    // One was lost.
    await notifyList(rig, subscribe, listBody(3, false));
    assert.equal(header(await rig.next('SUBSCRIBE'), 'call-id'), header(subscribe, 'call-id'));
    rig.server.answer = ({ startLine }) => (startLine.includes(LISTS) ? 404 : 200);
    assert.deepEqual(named(await rig.next('SUBSCRIBE')), ['romeo', 'benvolio']);
    const own = [await rig.next('SUBSCRIBE'), await rig.next('SUBSCRIBE')];
    assert.deepEqual(own.map(inWords).toSorted(), [
      'SUBSCRIBE sip:benvolio@example.net 3600',
      'SUBSCRIBE sip:romeo@example.net 3600',
    ]);
    assert.deepEqual(told(rig), [], 'what was known holds');
  });

  play('a question without a subscription (PRES-17) is asked of the contact himself', async (rig) => {
    rig.user('probe', JULIET, of('romeo'));
    assert.equal(inWords(await rig.next('SUBSCRIBE')), 'SUBSCRIBE sip:romeo@example.net 0');
  });

  play('all leave: nothing is left', async (rig) => {
    await established(rig);
    await asked(rig, 'mercutio');
    for (const user of ['romeo', 'benvolio', 'mercutio']) rig.user('unsubscribe', JULIET, of(user));
    const last = [await rig.next('SUBSCRIBE'), await rig.next('SUBSCRIBE')];
    assert.deepEqual(
      last.map((each) => header(each, 'expires')),
      ['0', '0'],
    );
    for (const each of last) await notifyList(rig, each, '', { state: 'terminated;reason=timeout' });
    // Who leaves before anything was asked.
    rig.user('subscribe', JULIET, of('tybalt'));
    rig.user('unsubscribe', JULIET, of('tybalt'));
    await rig.advance(60 * SECOND);
    noRequest(rig);
    rig.confirm();
    const sizes = rig.feature.sizes();
    assert.deepEqual([sizes['presence_lists'], sizes['presence_watchers'], rig.subscribers], [0, 0, 0]);
  });

  play('a drain ends the list and takes nothing back; the next start asks anew, for all', async (rig) => {
    const subscribe = await established(rig);
    const restarted = rig.restart();
    const last = await rig.next('SUBSCRIBE');
    assert.deepEqual([header(last, 'expires'), header(last, 'call-id')], ['0', header(subscribe, 'call-id')]);
    await notifyList(rig, last, '', { state: 'terminated;reason=timeout' });
    await restarted;
    assert.deepEqual(told(rig), []);
    assert.ok(rig.log.every(({ event }) => event !== 'lists.refused'));
    await rig.advance(SECOND);
    const again = await rig.next('SUBSCRIBE');
    assert.deepEqual(named(again).toSorted(), ['benvolio', 'romeo']);
    const body = listBody(0, true, ['romeo +r', tells('romeo', 'car')], ['benvolio']);
    assert.equal(await notifyList(rig, again, body), 200);
    assert.deepEqual(told(rig), ['romeo/car available', 'romeo/phone unavailable']);
  });
});

describe('RFC 4662 §4.5, §5.5: what becomes of an instance', () => {
  const cases: readonly (readonly [string, boolean, readonly Row[], readonly string[]])[] = [
    [
      'active, with another state',
      false,
      [['romeo +r', tells('romeo', '!phone')]],
      ['romeo/phone unavailable'],
    ],
    ['active, and its part is not there: nothing changes', false, [['romeo +r', undefined]], []],
    ['pending: what was told is taken back (PRES-03)', false, [['romeo ?r']], ['romeo/phone unavailable']],
    [
      'a second instance: both are told (PRES-22)',
      false,
      [['romeo +r +s', undefined, tells('romeo', 'car')]],
      ['romeo/phone available', 'romeo/car available'],
    ],
    [
      'another instance in its place',
      false,
      [['romeo +s', tells('romeo', 'car')]],
      ['romeo/car available', 'romeo/phone unavailable'],
    ],
    [
      'terminated, to be tried again by the server',
      false,
      [['romeo -r=probation']],
      ['romeo/phone unavailable'],
    ],
    ['gone without a word', false, [['romeo']], ['romeo/phone unavailable']],
    [
      'terminated; rejected (PRES-30)',
      false,
      [['romeo -r=rejected']],
      ['romeo/phone unavailable', 'unsubscribed romeo'],
    ],
    [
      'terminated; NoResource (PRES-31; reasons are compared without case)',
      false,
      [['romeo -r=NoResource']],
      ['romeo/phone unavailable', 'unsubscribed romeo'],
    ],
    [
      'rejected by one notifier of two',
      false,
      [['romeo -r=rejected +s', tells('romeo', 'car')]],
      ['romeo/car available', 'romeo/phone unavailable'],
    ],
    [
      '§5.6.1: the full state does not name him',
      true,
      [['benvolio +b', tells('benvolio', 'desk')]],
      ['benvolio/desk available', 'romeo/phone unavailable'],
    ],
    [
      'somebody whom nobody asked about',
      false,
      [
        ['tybalt +t', tells('tybalt', 'phone')],
        ['romeo +r', tells('romeo', 'car')],
      ],
      ['romeo/car available', 'romeo/phone unavailable'],
    ],
    [
      'one document of two is about somebody else (PRES-91): it concerns its contact alone',
      false,
      [
        ['benvolio +b', tells('tybalt', 'phone')],
        ['romeo +r', tells('romeo', 'car')],
      ],
      ['romeo/car available', 'romeo/phone unavailable'],
    ],
    [
      'one document of two is no XML',
      false,
      [
        ['benvolio +b', '<presence'],
        ['romeo +r', tells('romeo', 'car')],
      ],
      ['romeo/car available', 'romeo/phone unavailable'],
    ],
  ];
  for (const [name, full, rows, expected] of cases) {
    play(name, async (rig) => {
      const subscribe = await established(rig);
      assert.equal(await notifyList(rig, subscribe, listBody(2, full, ...rows)), 200);
      assert.deepEqual(told(rig), expected);
    });
  }

  play('a terminated instance that the server recovers', async (rig) => {
    const subscribe = await established(rig);
    await notifyList(rig, subscribe, listBody(2, false, ['romeo -r=timeout']));
    await notifyList(rig, subscribe, listBody(3, false, ['romeo -r=timeout']));
    assert.deepEqual(told(rig), ['romeo/phone unavailable'], 'said once');
    await notifyList(rig, subscribe, listBody(4, false, ['romeo +s', tells('romeo', 'phone')]));
    assert.deepEqual(told(rig), ['romeo/phone available']);
    noRequest(rig);
  });
});

describe('RFC 4662 §5.6: the order of notifications', () => {
  const car: Row = ['romeo +r', tells('romeo', 'car')];
  for (const [name, version, full] of [
    ['a version that is known: discarded', 1, false],
    ['the same of the full state', 1, true],
    ['an older one', 0, true],
  ] as const) {
    play(name, async (rig) => {
      const subscribe = await established(rig);
      assert.equal(await notifyList(rig, subscribe, listBody(version, full, car)), 200);
      assert.deepEqual(told(rig), []);
      noRequest(rig);
    });
  }
  play('§5.6.2: one was lost: taken, and the full state is asked for', async (rig) => {
    const subscribe = await established(rig);
    assert.equal(await notifyList(rig, subscribe, listBody(3, false, car)), 200);
    assert.deepEqual(told(rig), ['romeo/car available', 'romeo/phone unavailable']);
    const refresh = await rig.next('SUBSCRIBE');
    assert.equal(header(refresh, 'call-id'), header(subscribe, 'call-id'));
    const body = listBody(4, true, car, ['benvolio +b', tells('benvolio', 'phone')]);
    assert.equal(await notifyList(rig, refresh, body), 200);
    assert.deepEqual(told(rig), [
      'romeo/car available',
      'benvolio/phone available',
      'benvolio/desk unavailable',
    ]);
  });
});

describe('notifications that are none: 400, with the code in the log, and no state changed', () => {
  const good = listBody(2, true, ['romeo +r', tells('romeo', 'car')]);
  const cases: readonly (readonly [string, string, string, string?])[] = [
    ['a document in the place of the list', tells('romeo', 'car'), 'ERR_MIME_RLMI', 'application/pidf+xml'],
    ['no root', good.replace('rlmi+xml', 'other+xml'), 'ERR_MIME_RLMI'],
    ['no version', good.replace(' version="2"', ''), 'ERR_MIME_RLMI'],
    ['an unknown state', good.replace('state="active"', 'state="lively"'), 'ERR_MIME_RLMI'],
    ['no XML', good.replace('</list>', ''), 'not-well-formed'],
    ['cut off', good.slice(0, -10), 'ERR_MIME_MULTIPART'],
  ];
  for (const [name, body, code, contentType] of cases) {
    play(name, async (rig) => {
      const subscribe = await established(rig);
      const parts = contentType === undefined ? {} : { contentType };
      assert.equal(await notifyList(rig, subscribe, body, parts), 400);
      assert.deepEqual(told(rig), []);
      const refused = rig.log
        .filter(({ event }) => event === 'notify.refused')
        .map(({ fields }) => fields['code']);
      assert.deepEqual(refused, [code]);
      // The number that it had is still to come.
      assert.equal(await notifyList(rig, subscribe, good), 200);
      assert.deepEqual(told(rig), [
        'romeo/car available',
        'romeo/phone unavailable',
        'benvolio/desk unavailable',
      ]);
    });
  }
  play('another extension is required: 420', async (rig) => {
    const subscribe = await established(rig);
    assert.equal(await notifyList(rig, subscribe, good, { headers: [['Require', 'eventlist, magic']] }), 420);
    assert.deepEqual(told(rig), []);
  });
});

describe('a server without such a list: each contact is subscribed to by himself', () => {
  const alone = async (rig: PublishRig): Promise<string[]> => {
    await settle();
    const requests = [await rig.next('SUBSCRIBE'), await rig.next('SUBSCRIBE')];
    for (const [index, each] of requests.entries()) {
      const user = each.startLine.includes('romeo') ? 'romeo' : 'benvolio';
      const parts = { contentType: 'application/pidf+xml', cseq: 1000 + index };
      assert.equal(await rig.server.notify(each, { ...parts, body: tells(user, 'phone') }), 200);
    }
    return requests.map(inWords).toSorted();
  };
  const BOTH = ['SUBSCRIBE sip:benvolio@example.net 3600', 'SUBSCRIBE sip:romeo@example.net 3600'];
  const SEEN = [
    'benvolio/phone available',
    'romeo/phone available',
    'subscribed benvolio',
    'subscribed romeo',
  ];

  // RFC 5367 §5.1: 420 where the extension is not known; a refusal of the list is none of the contact (PRES-10 … PRES-13).
  for (const status of [400, 403, 404, 415, 420, 489, 500, 603]) {
    play(`${status}, and for an hour the list is not asked for`, async (rig) => {
      rig.server.answer = ({ startLine }) => (startLine.includes(LISTS) ? status : 200);
      const list = await asked(rig, 'romeo', 'benvolio');
      assert.deepEqual(named(list), ['romeo', 'benvolio']);
      assert.deepEqual(await alone(rig), BOTH);
      assert.deepEqual(told(rig).toSorted(), SEEN);
      assert.equal(rig.feature.sizes()['presence_lists'], 0);
      const later = await asked(rig, 'mercutio');
      assert.equal(inWords(later), `SUBSCRIBE sip:${of('mercutio')} 3600`);
      await rig.advance(HOUR);
      rig.server.requests.all.splice(0);
    });
  }

  play('503: the list is asked for again, as a contact would be', async (rig) => {
    rig.server.answer = () => 503;
    await asked(rig, 'romeo', 'benvolio');
    await rig.advanceToRequest(HOUR);
    assert.deepEqual(named(await rig.next('SUBSCRIBE')), ['romeo', 'benvolio']);
    assert.deepEqual(told(rig), []);
  });

  play('no NOTIFY within 32 s (RFC 6665 §4.1.2.4)', async (rig) => {
    await asked(rig, 'romeo', 'benvolio');
    await rig.advance(40 * SECOND);
    assert.deepEqual(await alone(rig), BOTH);
  });

  play('refused in the end, after it was a list', async (rig) => {
    const subscribe = await established(rig);
    await notifyList(rig, subscribe, '', { state: 'terminated;reason=rejected' });
    assert.deepEqual(await alone(rig), BOTH);
    assert.deepEqual(told(rig).toSorted(), [
      'benvolio/desk unavailable',
      'benvolio/phone available',
      'romeo/phone available',
    ]);
  });

  play('whoever is not in it within ten seconds', async (rig) => {
    const subscribe = await asked(rig, 'romeo', 'benvolio');
    await notifyList(rig, subscribe, listBody(0, true, ['romeo +r', tells('romeo', 'phone')]));
    await rig.advance(9 * SECOND);
    noRequest(rig);
    await rig.advance(1 * SECOND);
    const own = await rig.next('SUBSCRIBE');
    assert.equal(inWords(own), BOTH[0]);
    assert.equal(
      await rig.server.notify(own, { contentType: 'application/pidf+xml', body: tells('benvolio', 'desk') }),
      200,
    );
    assert.deepEqual(told(rig), [
      'subscribed romeo',
      'romeo/phone available',
      'subscribed benvolio',
      'benvolio/desk available',
    ]);
    rig.user('unsubscribe', JULIET, of('benvolio'));
    assert.equal(
      inWords(await rig.next('SUBSCRIBE')),
      `SUBSCRIBE sip:notifier@127.0.0.1:${rig.server.port} 0`,
    );
  });
});

describe('the list that the server keeps (RFC 4662)', () => {
  play(
    'one for each user, whose name stands for the star; who joins is told by a refresh',
    async (rig) => {
      const subscribe = await asked(rig, 'romeo');
      assert.equal(inWords(subscribe), 'SUBSCRIBE sip:juliet-contacts@lists.example 3600');
      assert.ok(!subscribe.headers.has('require') && subscribe.body.length === 0);
      assert.equal(header(subscribe, 'supported'), 'eventlist');
      const rows: readonly Row[] = [
        ['romeo +r', tells('romeo', 'phone')],
        ['benvolio +b', tells('benvolio', 'desk')],
      ];
      assert.equal(await notifyList(rig, subscribe, listBody(0, true, ...rows)), 200);
      assert.deepEqual(told(rig), ['subscribed romeo', 'romeo/phone available']);
      rig.user('subscribe', JULIET, of('benvolio'));
      await rig.advance(SECOND);
      const refresh = await rig.next('SUBSCRIBE');
      assert.equal(header(refresh, 'call-id'), header(subscribe, 'call-id'));
      assert.equal(await notifyList(rig, refresh, listBody(1, true, ...rows)), 200);
      assert.deepEqual(told(rig), [
        'romeo/phone available',
        'subscribed benvolio',
        'benvolio/desk available',
      ]);
      assert.equal(rig.feature.sizes()['presence_lists'], 1);
    },
    KEPT,
  );

  play(
    'who is not in it is asked for by himself, after he had ten seconds of his own',
    async (rig) => {
      const subscribe = await asked(rig, 'romeo');
      const body = (version: number): string =>
        listBody(version, true, ['romeo +r', tells('romeo', 'phone')]);
      await notifyList(rig, subscribe, body(0));
      await rig.advance(HOUR / 10);
      rig.user('subscribe', JULIET, of('tybalt'));
      await rig.advance(SECOND);
      await notifyList(rig, await rig.next('SUBSCRIBE'), body(1));
      await rig.advance(9 * SECOND);
      noRequest(rig);
      await rig.advance(2 * SECOND);
      assert.equal(inWords(await rig.next('SUBSCRIBE')), `SUBSCRIBE sip:${of('tybalt')} 3600`);
    },
    KEPT,
  );
});

describe('where no list was asked for', () => {
  publishPlay(
    'a list: what it says of the contact is taken, else it is answered and ignored',
    async (rig) => {
      rig.user('subscribe', JULIET, of('romeo'));
      const subscribe = await rig.next('SUBSCRIBE');
      assert.ok(!subscribe.headers.has('supported'), 'not offered');
      const rows: Row[] = [
        ['benvolio +b', tells('benvolio', 'desk')],
        ['romeo -x=timeout +r', tells('romeo', 'phone')],
      ];
      assert.equal(await notifyList(rig, subscribe, listBody(0, true, ...rows)), 200);
      assert.deepEqual(told(rig), ['subscribed romeo', 'romeo/phone available']);
      for (const row of [['benvolio +b', tells('benvolio', 'car')], ['romeo ?r'], ['romeo']] as const) {
        assert.equal(await notifyList(rig, subscribe, listBody(1, true, row)), 200);
        assert.deepEqual(told(rig), ['romeo/phone available']);
      }
      assert.equal(await notifyList(rig, subscribe, listBody(1, true).replace('rlmi+xml', 'x')), 400);
      assert.equal(
        await notifyList(rig, subscribe, listBody(1, true, ['romeo +r', tells('tybalt', 'x')])),
        400,
      );
      assert.deepEqual(told(rig), []);
    },
  );
});
