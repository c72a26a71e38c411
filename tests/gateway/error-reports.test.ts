// Errors on their way back, while no link takes them: an error is the only outcome that its message has.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Counters, silentLog, VirtualTime } from '../../src/base/index.ts';
import { ErrorReports } from '../../src/gateway/messages/error-reports.ts';
import { LinkGroup, type GroupLink } from '../../src/gateway/link-group.ts';
import { XmlElement } from '../../src/xml/index.ts';

const DAY = 86_400_000;

function scene() {
  const time = new VirtualTime(Date.UTC(2026, 10, 25), 60_000);
  const counters = new Counters();
  const reports = new ErrorReports({ clock: time, log: silentLog, counters });
  const written: string[] = [];
  const link: GroupLink & { state: string } = {
    state: 'closed',
    answering: false,
    send: (stanza) => written.push(stanza.attr('id') ?? ''),
  };
  const group = new LinkGroup('example.net');
  group.replaceLinks([link]);
  const linkUp = (): void => {
    link.state = 'up';
    group.linkUp();
  };
  const send = (settled?: () => void): void => {
    reports.send(new XmlElement('message', 'jabber:client', ['id', 'one', 'type', 'error']), group, settled);
  };
  const lost = (): number => counters.total('stoxgate_reports_lost_total');
  return { time, reports, written, linkUp, send, lost };
}

describe('errors that no link takes', () => {
  test('wait out a server that is away for a weekend', () => {
    const { time, reports, written, linkUp, send, lost } = scene();
    send();
    time.advance(3 * DAY);
    reports.sweep();
    assert.equal(reports.waiting, 1);
    linkUp();
    assert.deepEqual(written, ['one']);
    assert.equal(lost(), 0);
  });

  test('are given up after seven days, aloud', () => {
    const { time, reports, written, linkUp, send, lost } = scene();
    let settled = 0;
    send(() => (settled += 1));
    time.advance(7 * DAY);
    reports.sweep();
    assert.deepEqual([reports.waiting, lost(), settled], [0, 1, 1]);
    linkUp();
    assert.deepEqual(written, []);
  });
});
