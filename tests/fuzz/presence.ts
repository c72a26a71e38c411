// Fuzz target: presence documents of every form, watcher information and resource lists, and what becomes of them.
//
// An input is documents with a NUL between them; watcher information and lists go into one table each, in turn. Each is
// also taken for a stanza and for the payloads of events, and translated the other way.

import assert from 'node:assert/strict';
import {
  goneResources,
  toSipPresence,
  toXmppEvents,
  toXmppPresence,
  toXmppVCard,
} from '../../src/interwork/presence/index.ts';
import {
  formatPidf,
  mergeResourceList,
  mergeWatcherInfo,
  parseWatcherInfo,
  PRESENCE_TYPES,
  readPidf,
  readPresenceBody,
  readResourceList,
  type PidfDocument,
  type ResourceListTable,
  type WatcherTable,
} from '../../src/mime/index.ts';
import { element, NS_CLIENT, parseDocument, serialize } from '../../src/xml/index.ts';
import { parseJid } from '../../src/xmpp/index.ts';
import type { FuzzTarget } from './target.ts';

const NS = 'urn:ietf:params:xml:ns:pidf';
const RICH =
  `<?xml version="1.0"?><presence xmlns="${NS}" xmlns:dm="${NS}:data-model" xmlns:r="${NS}:rpid" xmlns:c="${NS}:cipid" ` +
  `xmlns:k="${NS}:caps" xmlns:l="urn:ietf:params:xml:ns:location-type" entity="pres:a@b" xml:lang="en"><tuple id="ID-a_x0020_b">` +
  `<status><basic>open</basic><show xmlns="jabber:client">xa</show></status><dm:deviceID>urn:d</dm:deviceID>` +
  `<r:relationship><r:self/></r:relationship><r:user-input idle-threshold="600" last-input="2004-10-21T13:20:00-05:00">idle</r:user-input>` +
  `<k:servcaps><k:audio>true</k:audio><k:methods><k:supported><k:MESSAGE/></k:supported></k:methods></k:servcaps>` +
  `<contact priority="0.8">im:a@b</contact><note xml:lang="fr">ne</note><timestamp>2005-10-27T16:49:29Z</timestamp></tuple>` +
  `<tuple id="t"><status/><contact>tel:+1</contact></tuple><note>x</note>` +
  `<dm:device id="d"><r:user-input>idle</r:user-input><dm:deviceID>urn:d</dm:deviceID></dm:device><dm:person id="p">` +
  `<r:activities from="2005-05-30T12:00:00+05:00"><r:note>far</r:note><r:away/><r:other>o</r:other></r:activities><r:class>c</r:class>` +
  `<r:mood><r:angry/><r:other>b</r:other></r:mood><r:place-is><r:audio><r:noisy/></r:audio></r:place-is><r:place-type><l:street/></r:place-type>` +
  `<r:privacy><r:text/></r:privacy><r:sphere><r:home/></r:sphere><r:status-icon>http://i</r:status-icon><r:time-offset description="d">-240</r:time-offset>` +
  `<c:display-name>A</c:display-name><c:icon>http://c</c:icon><dm:note>n</dm:note></dm:person></presence>`;
const PLACE =
  `<presence xmlns="${NS}" xmlns:g="${NS}:geopriv10" xmlns:p="${NS}:geopriv10:basicPolicy" xmlns:a="${NS}:geopriv10:civicAddr" xmlns:m="http://www.opengis.net/gml" entity="sip:a@b">` +
  `<tuple id="t"><status><g:geopriv><g:location-info><m:Point srsName="urn:ogc:def:crs:EPSG::4326"><m:pos>-43.5 172:30:00E</m:pos></m:Point>` +
  `<a:civicAddress><a:country>NZ</a:country><a:A6>Street</a:A6><a:HNO>1</a:HNO></a:civicAddress></g:location-info>` +
  `<g:usage-rules><p:retransmission-allowed>yes</p:retransmission-allowed></g:usage-rules></g:geopriv></status></tuple></presence>`;
const STANZAS = [
  `<presence xmlns="jabber:client" xml:lang="en"><show>xa</show><status xml:lang="de">d</status><priority>5</priority><idle xmlns="urn:xmpp:idle:1" since="2026-01-01T00:00:00Z"/></presence>`,
  `<mood xmlns="http://jabber.org/protocol/mood"><amorous/><text>t</text></mood>`,
  `<activity xmlns="http://jabber.org/protocol/activity"><talking><on_the_phone/></talking></activity>`,
  `<geoloc xmlns="http://jabber.org/protocol/geoloc"><lat>1.5</lat><lon>-2</lon><room>r</room><tzo>-07:00</tzo></geoloc>`,
].join('\0');
const OLD =
  `<?xml version="1.0"?>\n<!DOCTYPE presence PUBLIC "-//IETF//DTD RFCxxxx XPIDF 1.0//EN" "xpidf.dtd">\n<presence><presentity uri="sip:b@c;method=SUBSCRIBE"/>` +
  `<atom atomid="x" id="x"><address uri="sip:b@c" priority="0.8"><status status="inuse"/><msnsubstatus substatus="onthephone"/></address></atom></presence>`;
const CPIM = `<presence xmlns="urn:ietf:params:xml:ns:cpim-pidf:"><presentity id="pres:a@b"/><tuple id="1"><status><basic>closed</basic></status></tuple></presence>`;
const winfo = (version: number, state: string, inside: string): string =>
  `<watcherinfo xmlns="urn:ietf:params:xml:ns:watcherinfo" version="${version}" state="${state}"><watcher-list resource="sip:a@b" package="presence">${inside}</watcher-list></watcherinfo>`;
const WATCHERS = [
  winfo(0, 'full', '<watcher id="1" status="pending" event="subscribe" display-name="B">sip:b@c</watcher>'),
  winfo(1, 'partial', '<watcher id="1" status="active" event="approved" expiration="60">sip:b@c</watcher>'),
].join('\0');
const LIST =
  `--b\r\nContent-Type: application/rlmi+xml\r\n\r\n<list xmlns="urn:ietf:params:xml:ns:rlmi" uri="sip:l" version="1" fullState="true"><resource uri="sip:a"><name>A</name>` +
  `<instance id="1" state="active" cid="x"/></resource></list>\r\n--b\r\nContent-ID: <x>\r\nContent-Type: application/pidf+xml\r\n\r\n${CPIM}\r\n--b--`;

const WALL_MS = Date.UTC(2026, 0, 1);

export const target: FuzzTarget = {
  name: 'presence',
  seeds: () => [RICH, PLACE, OLD, CPIM, WATCHERS, LIST, STANZAS].map((text) => Buffer.from(text)),
  run(input) {
    let watchers: WatcherTable | undefined;
    let list: ResourceListTable | undefined;
    let last: readonly string[] = [];
    let start = 0;
    for (let end = 0; end >= 0; start = end + 1) {
      end = input.indexOf(0, start);
      const body = input.subarray(start, end < 0 ? undefined : end);
      for (const type of PRESENCE_TYPES) {
        const document = readPresenceBody(type, body);
        if (document?.ok === true) last = checkDocument(document.value, last);
      }
      watchers = checkWatchers(watchers, body);
      list = checkList(list, body);
      checkStanza(body);
    }
  },
};

/** Written and read it is the same; its stanzas are XML, of resources that are all different. */
function checkDocument(document: PidfDocument, last: readonly string[]): readonly string[] {
  const again = readPidf(formatPidf(document));
  // What was read from 64 KiB may be longer when written; ids and entities are trimmed, as are texts.
  if (again.ok) assert.deepEqual(again.value, document);
  else assert.equal(again.error.code, 'policy-violation');
  const presences = toXmppPresence(document, { wallMs: WALL_MS, noteWords: true });
  const resources = presences.map(({ resource }) => resource);
  assert.equal(new Set(resources).size, resources.length, 'two stanzas of one resource');
  for (const { resource, children } of [...presences, ...goneResources(last, presences)]) {
    if (resource !== '') assert.ok(parseJid(`a@b/${resource}`).ok, `no resource: ${resource}`);
    assert.ok(parseDocument(serialize(element('presence', NS_CLIENT, {}, ...children), '')).ok);
  }
  const events = toXmppEvents(document, WALL_MS, { location: true });
  for (const payload of [events.mood, events.activity, events.geoloc, toXmppVCard(document)]) {
    if (payload !== undefined) assert.ok(parseDocument(serialize(payload, '')).ok);
  }
  return resources;
}

/** What it becomes is a document, whatever it is. */
function checkStanza(body: Uint8Array): void {
  const root = parseDocument(body);
  if (!root.ok) return;
  const stanza = root.value;
  const resource = stanza.attr('xml:lang') ?? stanza.text().slice(0, 40);
  const document = toSipPresence('sip:a@b', [{ resource, stanza, receivedMs: WALL_MS }], {
    contact: () => 'sip:a@b',
    events: { mood: stanza, activity: stanza, geoloc: stanza },
    location: true,
  });
  const again = readPidf(formatPidf(document));
  if (again.ok) assert.deepEqual(again.value, document);
  else assert.equal(again.error.code, 'policy-violation');
}

function checkWatchers(table: WatcherTable | undefined, body: Uint8Array): WatcherTable | undefined {
  const document = parseWatcherInfo(body);
  if (!document.ok) return table;
  const merged = mergeWatcherInfo(table, document.value);
  if (!merged.ok) return table;
  const after = merged.value.table;
  assert.ok(table === undefined || after.version >= table.version, 'the version falls');
  if (!merged.value.taken) assert.equal(after, table);
  for (const { watchers } of after.lists) assert.ok(watchers.every(({ status }) => status !== 'terminated'));
  return after;
}

function checkList(table: ResourceListTable | undefined, body: Uint8Array): ResourceListTable | undefined {
  const list = readResourceList('multipart/related;boundary=b', body);
  if (!list.ok) return table;
  const merged = mergeResourceList(table, list.value);
  if (!merged.ok) return table;
  assert.ok(table === undefined || merged.value.table.version >= table.version, 'the version falls');
  return merged.value.table;
}
