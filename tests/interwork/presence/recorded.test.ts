// Every presence document that real phones and servers were seen to send, as stanzas, and every presence stanza of real
// clients, as a document. What each says was read from it by a person, by the clause or row that is named.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { utf8Bytes, utf8Text } from '../../../src/base/index.ts';
import {
  toSipPresence,
  toXmppPresence,
  type ResourcePresence,
} from '../../../src/interwork/presence/index.ts';
import { formatPidf, readPidf, type PidfDocument } from '../../../src/mime/index.ts';
import { element, serialize } from '../../../src/xml/index.ts';
import { readStanza } from '../../xmpp/read-xml.ts';

const NOW = Date.UTC(2026, 10, 25, 12);

function recorded(path: string, separator: string): readonly string[] {
  const text = readFileSync(new URL(`../../vectors/${path}`, import.meta.url), 'utf8');
  return text.split(separator).filter((each) => each.trim() !== '');
}

function read(body: Uint8Array): PidfDocument {
  const result = readPidf(body);
  return result.ok ? result.value : assert.fail(result.error.message);
}

const stanza = ({ available, children }: ResourcePresence): string =>
  serialize(
    element('presence', 'jabber:client', { type: available ? undefined : 'unavailable' }, ...children),
  );

/** "t4109", "t4109 away: gone fishing", "t4109 gone". */
function inWords(presence: ResourcePresence): string {
  if (!presence.available) return `${presence.resource} gone`;
  const text = (name: string): string | undefined =>
    presence.children.find((child) => child.name === name)?.text();
  const status = text('status');
  const words = [presence.resource, text('show')].filter((word) => word !== undefined).join(' ');
  return status === undefined ? words : `${words}: ${status}`;
}

/** Of each document of the file, in order. PRES-80, 81, 85; RPID-01 (away), RPID-03 (on the phone). */
const SAID: Readonly<Record<string, readonly string[]>> = {
  // It names one tuple for all users; its person does nothing (an empty list of activities).
  baresip: ['t4109', 't4109', 't4109 gone', 't4109', 't4109', 't4109 gone'],
  // The first two are its own, after a publication has ended; the others it handed on.
  kamailio: [
    ...['t4109 gone', 't4109 gone'],
    ...['adu50- away: gone fishing', 'xqpgkg gone', 'hrhouy dnd'],
    ...['dfdvo5 away: gone fishing', 'dfdvo5 away: gone fishing'],
    ...['hd8e.k gone', 'hd8e.k gone', 'omtwkt dnd', 'omtwkt dnd'],
  ],
  // The last is Kamailio's, after its publication has ended: closed, with linphone's own "online" left in it.
  linphone: [
    ...['m5-l2h', 'e32srs', 'h1zsm9', 'x10l-1', 'dd7g5h', 'owbf.q', 'at38pg', 'l5-q86', 'd.i5qc', 'dm17bh'],
    ...['bj22rh', 'wx3lvw', 'wx3lvw', 'bj22rh', 'pshaw7', 'pshaw7', 'pshaw7 gone'],
  ],
};

describe('documents of phones and servers', () => {
  for (const [peer, said] of Object.entries(SAID)) {
    const documents = recorded(`presence/${peer}.pidf`, '----\n');
    test(`${peer}: what each says`, () => {
      const words = documents.map((text) =>
        toXmppPresence(read(utf8Bytes(text)), { wallMs: NOW })
          .map(inWords)
          .join(', '),
      );
      assert.deepEqual(words, said);
    });
    test(`${peer}: there and back, the stanzas are the same`, () => {
      for (const text of documents) {
        const there = toXmppPresence(read(utf8Bytes(text)), { wallMs: NOW });
        const resources = there.map((presence) => ({
          resource: presence.resource,
          stanza: readStanza(stanza(presence)),
          receivedMs: NOW,
        }));
        const last = there[0]?.resource;
        const document = toSipPresence('sip:bob@sip.test', resources, {
          ...(last === undefined ? {} : { lastResource: last }),
        });
        const back = toXmppPresence(read(formatPidf(document)), { wallMs: NOW });
        assert.deepEqual(back.map(inWords), there.map(inWords));
      }
    });
  }
});

const tuple = (id: string, rest: string, time: string): string =>
  `<tuple id="${id}"><status><basic>open</basic>${rest}<timestamp>${time}</timestamp></tuple>`;
const AWAY = '<show xmlns="jabber:client">away</show></status>';
const AWAY_PERSON = '<dm:person id="person"><rpid:activities><rpid:away/></rpid:activities></dm:person>';
const ARRIVED = '2026-11-25T12:00:00Z';

/**
 * Of each stanza of the file, in order: Dino, profanity, slixmpp, stanza.io. The tuple, its status, notes in the stanza's language
 * and the time of a delay (PRES-61, 65, 68, 69, 72), what the person does (RPID-14); no capabilities and no avatar (PRES-73). The
 * last has no resource (PRES-71).
 */
const WRITTEN: readonly string[] = [
  tuple('ID-dino', '</status>', ARRIVED),
  tuple('ID-profanity.CTjY', '</status>', ARRIVED),
  tuple('ID-profanity.CTjY', `${AWAY}<note xml:lang="en">In a meeting</note>`, ARRIVED) + AWAY_PERSON,
  tuple('ID-slix', `${AWAY}<note xml:lang="en">Zzz</note>`, ARRIVED) + AWAY_PERSON,
  tuple('ID-slix', '</status>', '2026-11-22T21:25:03Z'),
  tuple('ID-web', '</status>', '2026-11-22T21:23:26Z'),
  `<tuple id="ID-"><status><basic>closed</basic></status><timestamp>${ARRIVED}</timestamp></tuple>`,
];

describe('stanzas of clients', () => {
  const stanzas = recorded('xmpp/presence.txt', '\n').map((line) => line.replace(/^<< /, ''));
  test('what is written of each', () => {
    const texts = stanzas.map((text) => {
      const own = readStanza(text);
      const resource = (own.attr('from') ?? '').split('/')[1] ?? '';
      const document = toSipPresence('pres:a@b', [{ resource, stanza: own, receivedMs: NOW }]);
      return (utf8Text(formatPidf(document)) ?? '').replace(/^[^]*entity="pres:a@b">|<\/presence>\r\n$/g, '');
    });
    assert.deepEqual(texts, WRITTEN);
  });
});
