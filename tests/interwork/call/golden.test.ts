// SDP ⇄ Jingle against golden pairs: what real endpoints said, and what it has to be on the other side. The expected sides were
// written from the XEPs and table 7.3, not from what the translation says.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { toJingle, toSdp, withContent, type ContentTable } from '../../../src/interwork/call/index.ts';
import { formatSdp, midOf } from '../../../src/sdp/index.ts';
import type { XmlElement } from '../../../src/xml/index.ts';
import { jingleElement, readJingle } from '../../../src/xmpp/index.ts';
import {
  comparableSdp,
  comparableXml,
  goldenPairs,
  linesOf,
  sessionOf,
  type GoldenPair,
} from './golden-pairs.ts';

const isAnswer = ({ jingle }: GoldenPair): boolean => jingle.attr('action') === 'session-accept';

/** Both sides know the lines of an answer from its offer: the names of the golden content, the mids of the description. */
function tableOf(pair: GoldenPair): ContentTable {
  const { media } = sessionOf(pair.from);
  const contents = [...pair.jingle.elements()].filter(({ name }) => name === 'content');
  return contents.map((content, place) => {
    const medium = media[place];
    const mid = medium === undefined ? undefined : midOf(medium);
    return {
      ...{ name: content.attr('name') ?? '', creator: 'initiator' as const },
      ...(mid === undefined ? {} : { mid }),
    };
  });
}

/** What the description becomes in Jingle. */
function jingleOf(pair: GoldenPair): XmlElement {
  let ids = 0;
  const { contents, groups, unsupported, rejected } = toJingle(sessionOf(pair.from), {
    party: isAnswer(pair) ? 'responder' : 'initiator',
    table: isAnswer(pair) ? tableOf(pair) : [],
    newId: () => `c${++ids}`,
  });
  assert.deepEqual([unsupported, rejected], [[], []]);
  const action = isAnswer(pair) ? 'session-accept' : 'session-initiate';
  return jingleElement({ action, sid: 'golden', contents, groups, infos: [] });
}

/** What a stanza becomes as a description. An offer has mids where it has groups, as those of the machine do. */
function sdpOf(pair: GoldenPair, stanza: XmlElement): readonly string[] {
  const read = readJingle(stanza);
  assert.ok(read.ok, read.ok ? '' : read.error.message);
  const { contents, groups } = read.value;
  let table: ContentTable = [];
  for (const { name, creator } of contents) table = withContent(table, name, creator, groups.length > 0);
  const trickle = contents.some(({ transport }) => transport?.kind === 'ice-udp' && transport.trickle);
  const { description, unsupported } = toSdp(contents, groups, {
    party: isAnswer(pair) ? 'responder' : 'initiator',
    table: isAnswer(pair) ? tableOf(pair) : table,
    origin: sessionOf(pair.from).origin,
    offer: pair.offer,
    trickle,
  });
  assert.deepEqual(unsupported, []);
  return linesOf(formatSdp(description));
}

function candidateIds(element: XmlElement): readonly string[] {
  const own = element.name === 'candidate' ? [element.attr('id') ?? ''] : [];
  return [...own, ...[...element.elements()].flatMap(candidateIds)];
}

describe('golden pairs of SDP and Jingle (SDP-01 to SDP-40)', () => {
  for (const pair of goldenPairs()) {
    test(`${pair.name}: SDP as Jingle`, () => {
      const got = jingleOf(pair);
      assert.deepEqual(comparableXml(got), comparableXml(pair.jingle));
      // SDP-25, and NCName of XEP-0176 §13.
      const ids = candidateIds(got);
      assert.equal(new Set(ids).size, ids.length);
      for (const id of ids) assert.match(id, /^[A-Za-z_][\w.-]*$/);
    });
    test(`${pair.name}: Jingle as SDP`, () => {
      assert.deepEqual(comparableSdp(sdpOf(pair, pair.jingle)), comparableSdp(pair.lines));
    });
    const { stanza } = pair;
    if (stanza === undefined) continue;
    test(`${pair.name}: the stanza that was recorded as SDP`, () => {
      assert.deepEqual(comparableSdp(sdpOf(pair, stanza)), comparableSdp(pair.lines));
    });
  }
});
