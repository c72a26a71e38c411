// What is held of an XMPP contact for one SIP watcher, and what all watchers have in common.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { utf8Bytes } from '../../src/base/index.ts';
import { Contact } from '../../src/gateway/presence/contact.ts';
import type { NotifyDocument } from '../../src/gateway/subscriptions/notifier-types.ts';
import { SharedContact } from '../../src/gateway/presence/shared-contact.ts';
import { element, NS_CLIENT, type XmlElement } from '../../src/xml/index.ts';

const ADDRESSES = { watcher: 'romeo@example.net', contact: 'juliet@example.com' };
const presence = (show: string, to = 'romeo@example.net'): XmlElement =>
  element(
    'presence',
    NS_CLIENT,
    { from: 'juliet@example.com/balcony', to },
    element('show', NS_CLIENT, {}, show),
  );

describe('what all watchers of a contact have in common', () => {
  test('PRES-55: the same words are held once, whoever got them; other words are not', () => {
    const shared = new SharedContact();
    const first = shared.intern('balcony', presence('away'), 1);
    assert.equal(shared.intern('balcony', presence('away', 'benvolio@example.net'), 2), first);
    const other = shared.intern('balcony', presence('dnd'), 3);
    assert.notEqual(other, first);
    assert.equal(other.stanza.attr('to'), undefined, 'no address of a watcher is held');
    assert.notEqual(shared.intern('chamber', presence('away'), 4), first);
  });

  test('a document is made once for the same resources, and anew for others', () => {
    const shared = new SharedContact();
    shared.holders = 2;
    const a = shared.intern('a', presence('away'), 1);
    const b = shared.intern('b', presence('dnd'), 1);
    let made = 0;
    const make = (): NotifyDocument => ({ contentType: 'x/y', body: utf8Bytes(String((made += 1))) });
    const first = shared.document([a, b], make);
    assert.equal(shared.document([a, b], make), first);
    assert.notEqual(shared.document([a], make), first);
    assert.equal(made, 2);
  });

  test('of a contact with one watcher no document is held', () => {
    const shared = new SharedContact();
    shared.holders = 1;
    const a = shared.intern('a', presence('away'), 1);
    let made = 0;
    const make = (): NotifyDocument => ({ contentType: 'x/y', body: utf8Bytes(String((made += 1))) });
    shared.document([a], make);
    shared.document([a], make);
    assert.equal(made, 2);
  });

  test('a resource beyond the sixty-fourth is held all the same', () => {
    const shared = new SharedContact();
    for (let i = 0; i < 200; i++) {
      assert.equal(
        shared.intern(`r${i}`, presence('away'), i),
        shared.intern(`r${i}`, presence('away'), i + 1),
      );
    }
  });
});

describe('what one watcher is shown', () => {
  const contact = (): Contact => new Contact(ADDRESSES, new SharedContact());
  const come = (to: Contact, ...resources: string[]): void => {
    for (const each of resources) to.available(to.shared.intern(each, presence('away'), 1));
  };
  const names = (of: Contact): string[] => of.resources.map(({ resource }) => resource);

  test('resources come and go; of the last one the name stays (PRES-71)', () => {
    const one = contact();
    come(one, 'a', 'b');
    one.unavailable('a');
    one.unavailable('b');
    assert.deepEqual([names(one), one.lastResource], [[], 'b']);
    come(one, 'c', 'd');
    one.unavailable('');
    assert.deepEqual(names(one), []);
  });

  test('what is in doubt goes unless it is heard of again', () => {
    const one = contact();
    come(one, 'a', 'b', 'c');
    one.doubt();
    come(one, 'b');
    one.unavailable('c');
    assert.equal(one.doubtful, true);
    one.dropDoubted();
    assert.deepEqual([names(one), one.doubtful], [['b'], false]);
  });

  test('no more than twenty resources, the newest', () => {
    const one = contact();
    come(one, ...Array.from({ length: 1000 }, (_, n) => `r${n}`));
    assert.deepEqual([names(one).length, names(one).at(-1)], [20, 'r999']);
  });
});
