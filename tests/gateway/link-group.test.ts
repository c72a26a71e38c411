import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SendRefusal } from '../../src/edge/xmpp/index.ts';
import { LinkGroup, type ConfirmedStanza, type GroupLink } from '../../src/gateway/link-group.ts';
import { XmlElement } from '../../src/xml/index.ts';

class FakeLink implements GroupLink {
  state = 'up';
  answering = false;
  full = false;
  readonly written: string[] = [];
  static seq = 0;

  send(stanza: XmlElement): number {
    if (this.state !== 'up' && !this.answering) return SendRefusal.NotUp;
    if (this.full) return SendRefusal.Full;
    this.written.push(stanza.attr('id') ?? '');
    return ++FakeLink.seq;
  }
}

class Entry implements ConfirmedStanza {
  open = true;
  readonly events: string[] = [];
  readonly stanza: XmlElement;

  constructor(id: string) {
    this.stanza = new XmlElement('message', 'jabber:client', ['id', id]);
  }

  confirmed(): void {
    this.events.push('confirmed');
    this.open = false;
  }

  parked(): void {
    this.events.push('parked');
  }

  writtenAgain(): void {
    this.events.push('again');
  }
}

function group(...links: FakeLink[]): LinkGroup {
  const made = new LinkGroup('sip.test');
  made.replaceLinks(links);
  return made;
}

describe('acknowledgement of a domain’s stanzas', () => {
  test('a barrier confirms everything written before it, in order, and nothing after', () => {
    const link = new FakeLink();
    const links = group(link);
    const entries = ['a', 'b', 'c'].map((id) => new Entry(id));
    const seqs = entries.map((entry) => links.sendConfirmed(entry));
    links.linkConfirmed(link, seqs[1] ?? 0);
    assert.deepEqual(
      entries.map((entry) => entry.events),
      [['confirmed'], ['confirmed'], []],
    );
    assert.equal(links.waiting, 1);
    links.linkConfirmed(link, seqs[2] ?? 0);
    assert.equal(links.waiting, 0);
  });

  test('what wants no confirmation goes by a link that is not up but answers, the other does not', () => {
    const [first, second] = [new FakeLink(), new FakeLink()];
    const links = group(first, second);
    first.state = 'closed';
    second.state = 'handshaking';
    assert.equal(links.send(new Entry('x').stanza), SendRefusal.NotUp);
    second.answering = true;
    assert.ok(links.send(new Entry('y').stanza) > 0);
    assert.equal(links.sendConfirmed(new Entry('z')), SendRefusal.NotUp);
    assert.deepEqual(second.written, ['y']);
    assert.equal(links.up, false);
    first.state = 'up';
    links.send(new Entry('w').stanza);
    assert.deepEqual(first.written, ['w']);
  });

  test('the first link that is up is used; nothing is written while none is', () => {
    const [first, second] = [new FakeLink(), new FakeLink()];
    const links = group(first, second);
    first.state = 'connecting';
    links.sendConfirmed(new Entry('a'));
    assert.deepEqual(second.written, ['a']);
    second.state = 'connecting';
    assert.equal(links.up, false);
    assert.equal(links.sendConfirmed(new Entry('b')), SendRefusal.NotUp);
    assert.equal(links.waiting, 1);
  });

  test('a domain of which every link was taken out of the configuration is empty', () => {
    const links = group(new FakeLink());
    assert.equal(links.empty, false);
    links.replaceLinks([]);
    assert.equal(links.empty, true);
    assert.equal(links.up, false);
  });

  test('what was not confirmed is written again, same id and order, when a link is there', () => {
    const link = new FakeLink();
    const links = group(link);
    const entries = ['a', 'b', 'c'].map((id) => new Entry(id));
    for (const entry of entries) links.sendConfirmed(entry);
    link.state = 'connecting';
    links.linkDown(link);
    const [, b] = entries;
    if (b !== undefined) b.open = false; // answered with an error meanwhile: withdrawn, never sent
    link.state = 'up';
    links.linkUp();
    assert.deepEqual(link.written, ['a', 'b', 'c', 'a', 'c']);
    assert.deepEqual(entries[0]?.events, ['parked', 'again']);
    links.linkConfirmed(link, FakeLink.seq);
    assert.deepEqual(entries[2]?.events, ['parked', 'again', 'confirmed']);
    assert.equal(links.waiting, 0);
  });

  test('another link of the domain takes over at once', () => {
    const [first, second] = [new FakeLink(), new FakeLink()];
    const links = group(first, second);
    const entry = new Entry('a');
    links.sendConfirmed(entry);
    first.state = 'closed';
    links.linkDown(first);
    assert.deepEqual(second.written, ['a']);
    assert.deepEqual(entry.events, ['parked', 'again']);
  });

  test('a late barrier of the old link confirms nothing', () => {
    const link = new FakeLink();
    const links = group(link);
    const entry = new Entry('a');
    const seq = links.sendConfirmed(entry);
    link.state = 'closed';
    links.linkDown(link);
    links.linkConfirmed(link, seq);
    assert.deepEqual(entry.events, ['parked']);
  });

  test('a link that fills up while writing again keeps the rest parked', () => {
    const link = new FakeLink();
    const links = group(link);
    for (const id of ['a', 'b']) links.sendConfirmed(new Entry(id));
    link.state = 'closed';
    links.linkDown(link);
    link.state = 'up';
    link.full = true;
    links.linkUp();
    assert.equal(links.waiting, 2);
    link.full = false;
    links.linkUp();
    assert.deepEqual(link.written, ['a', 'b', 'a', 'b']);
  });

  test('thousands in flight are confirmed in linear time and leave nothing', () => {
    const link = new FakeLink();
    const links = group(link);
    let last = 0;
    for (let i = 0; i < 20_000; i++) {
      last = links.sendConfirmed(new Entry(String(i)));
      if (i % 7 === 0) links.linkConfirmed(link, last - 3);
    }
    links.linkConfirmed(link, last);
    assert.equal(links.waiting, 0);
  });

  test('parked entries whose owners lost interest are forgotten', () => {
    const link = new FakeLink();
    link.state = 'closed';
    const links = group(link);
    const entry = new Entry('a');
    links.park(entry);
    entry.open = false;
    links.sweep();
    assert.equal(links.waiting, 0);
  });
});
