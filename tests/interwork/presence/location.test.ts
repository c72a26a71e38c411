// Location and time zone (row RPID-17): PIDF-LO (RFC 4119) ⇄ XEP-0080.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { utf8Bytes, utf8Text } from '../../../src/base/index.ts';
import { toSipEvents, toSipPresence, toXmppEvents } from '../../../src/interwork/presence/index.ts';
import { formatPidf, readPidf, type PidfDocument, type PidfLocation } from '../../../src/mime/index.ts';
import { serialize } from '../../../src/xml/index.ts';
import { geolocElement, readGeoloc } from '../../../src/xmpp/index.ts';
import { readStanza } from '../../xmpp/read-xml.ts';

const NS = 'urn:ietf:params:xml:ns:pidf';

function parsed(text: string): PidfDocument {
  const result = readPidf(utf8Bytes(text));
  return result.ok ? result.value : assert.fail(result.error.message);
}

/** RFC 4119 §2.3, the first example and the second one, without the space in the namespace that is printed there. */
const document = (info: string, rules: string): PidfDocument =>
  parsed(`<?xml version="1.0" encoding="UTF-8"?>
 <presence xmlns="${NS}"
    xmlns:gp="${NS}:geopriv10" xmlns:cl="${NS}:geopriv10:civicLoc" xmlns:p="${NS}:geopriv10:basicPolicy"
    xmlns:gml="urn:opengis:specification:gml:schema-xsd:feature:v3.0" xmlns:gml31="http://www.opengis.net/gml"
    entity="pres:geotarget@example.com">
  <tuple id="sg89ae">
   <status>
    <gp:geopriv>
      <gp:location-info>${info}</gp:location-info>
      <gp:usage-rules>${rules}</gp:usage-rules>
    </gp:geopriv>
   </status>
   <timestamp>2003-06-22T20:57:29Z</timestamp>
  </tuple>
 </presence>`);
const POINT = `<gml:location><gml:Point gml:id="point1" srsName="epsg:4326">
  <gml:coordinates>37:46:30N 122:25:10W</gml:coordinates></gml:Point></gml:location>`;
const ADDRESS = `<cl:civicAddress><cl:country>US</cl:country><cl:A1>New York</cl:A1><cl:A3>New York</cl:A3>
  <cl:A6>Broadway</cl:A6><cl:HNO>123</cl:HNO><cl:LOC>Suite 75</cl:LOC><cl:PC>10027-0401</cl:PC></cl:civicAddress>`;
const YES = '<p:retransmission-allowed>yes</p:retransmission-allowed>';
const NO = '<p:retransmission-allowed>no</p:retransmission-allowed>';
const EXPIRY = '<p:retention-expiry>2003-06-23T04:57:29Z</p:retention-expiry>';

const locationOf = (each: PidfDocument): PidfLocation | undefined => each.tuples[0]?.rich.location;

describe('RFC 4119 §2.3, the examples', () => {
  test('a point, in degrees, minutes and seconds', () => {
    const location = locationOf(document(POINT, NO + EXPIRY));
    assert.ok(Math.abs((location?.point?.latitude ?? 0) - 37.775) < 1e-9);
    assert.ok(Math.abs((location?.point?.longitude ?? 0) + 122.419444444) < 1e-9);
    assert.deepEqual(
      { ...location, point: undefined },
      { point: undefined, civic: {}, retransmission: false, expiryMs: Date.UTC(2003, 5, 23, 4, 57, 29) },
    );
  });
  test('an address', () => {
    assert.deepEqual(locationOf(document(ADDRESS, YES)), {
      civic: {
        country: 'US',
        A1: 'New York',
        A3: 'New York',
        A6: 'Broadway',
        HNO: '123',
        LOC: 'Suite 75',
        PC: '10027-0401',
      },
      retransmission: true,
    });
  });
});

describe('points', () => {
  const at = (inside: string, srs = 'urn:ogc:def:crs:EPSG::4326') =>
    locationOf(document(`<gml31:Point srsName="${srs}">${inside}</gml31:Point>`, YES))?.point;
  const pos = (text: string) => at(`<gml31:pos>${text}</gml31:pos>`);
  const cases: readonly (readonly [string, readonly [number, number] | undefined])[] = [
    ['-34.407 150.88001', [-34.407, 150.88001]],
    [' 0\n0 ', [0, 0]],
    ['90 -180', [90, -180]],
    ['0:30S 0:0:36E', [-0.5, 0.01]],
    ['90.1 0', undefined],
    ['0 180.1', undefined],
    ['1E 2N', undefined],
    ['-1S 0', undefined],
    ['0:60N 0', undefined],
    ['1 2 3', undefined],
    ['1', undefined],
    ['1e1 2', undefined],
    ['', undefined],
  ];
  for (const [text, expected] of cases) {
    test(JSON.stringify(text), () => {
      const point = pos(text);
      assert.deepEqual(point && [point.latitude, point.longitude], expected);
    });
  }
  test('another reference system is not understood', () => {
    assert.equal(at('<gml31:pos>1 2</gml31:pos>', 'urn:ogc:def:crs:EPSG::4979'), undefined);
    assert.equal(at('<gml31:pos>1 2</gml31:pos>', ''), undefined);
  });
});

const options = { location: true };
const geolocOf = (each: PidfDocument, wallMs: number): string | undefined => {
  const { geoloc } = toXmppEvents(each, wallMs, options);
  return geoloc && serialize(geoloc);
};
const T0 = Date.UTC(2003, 5, 22, 21);
const geoloc = (inside: string): string =>
  `<geoloc xmlns='http://jabber.org/protocol/geoloc'>${inside}</geoloc>`;

describe('PIDF-LO → XEP-0080', () => {
  const expected = geoloc(
    '<countrycode>US</countrycode><locality>New York</locality><postalcode>10027-0401</postalcode>' +
      '<region>New York</region><street>123 Broadway</street><text>Suite 75</text>',
  );
  test('an address', () => assert.equal(geolocOf(document(ADDRESS, YES), T0), expected));
  test('a point', () => {
    assert.equal(geolocOf(document(POINT, YES), T0), geoloc('<lat>37.775</lat><lon>-122.419444444</lon>'));
  });
  test('off by default', () => assert.deepEqual(toXmppEvents(document(ADDRESS, YES), T0), {}));
  test('RFC 4119 §2.2.2: not what may not be shared; "no" is the default', () => {
    assert.equal(geolocOf(document(ADDRESS, NO), T0), undefined);
    assert.equal(geolocOf(document(ADDRESS, ''), T0), undefined);
  });
  test('RFC 4119 §2.2.2: not what has to be forgotten', () => {
    const expiry = Date.UTC(2003, 5, 23, 4, 57, 29);
    assert.equal(geolocOf(document(ADDRESS, YES + EXPIRY), expiry), expected);
    assert.equal(geolocOf(document(ADDRESS, YES + EXPIRY), expiry + 1), undefined);
  });
  test('RFC 4119 §2.2.2: by default 24 hours from the timestamp', () => {
    const day = Date.UTC(2003, 5, 23, 20, 57, 29);
    assert.equal(geolocOf(document(ADDRESS, YES), day), expected);
    assert.equal(geolocOf(document(ADDRESS, YES), day + 1), undefined);
  });
  for (const [minutes, tzo] of [
    ['-240', '-04:00'],
    ['330', '+05:30'],
    ['0', 'Z'],
  ] as const) {
    test(`RPID time-offset ${minutes}`, () => {
      const text = `<presence xmlns="${NS}" entity="sip:a@b"><person xmlns="${NS}:data-model" id="p"><time-offset xmlns="${NS}:rpid">${minutes}</time-offset></person></presence>`;
      assert.equal(geolocOf(parsed(text), T0), geoloc(`<tzo>${tzo}</tzo>`));
    });
  }
});

describe('XEP-0080 → PIDF-LO', () => {
  const back = (inside: string) => toSipEvents({ geoloc: readStanza(geoloc(inside)) }, options);
  test('XEP-0080, example 1: a point; nobody has said that it may be shared', () => {
    assert.deepEqual(
      back(
        '<accuracy>20</accuracy><country>Italy</country><lat>45.44</lat><locality>Venice</locality><lon>12.33</lon>',
      ),
      {
        location: {
          point: { latitude: 45.44, longitude: 12.33 },
          civic: { A3: 'Venice' },
          retransmission: false,
        },
      },
    );
  });
  test('an address, a room, a time zone', () => {
    assert.deepEqual(
      back(
        '<area>Centre</area><building>Tower</building><countrycode>US</countrycode><description>home</description><floor>102</floor>' +
          '<postalcode>10118</postalcode><region>NY</region><room>Observatory</room><street>Fifth Avenue</street><tzo>-07:00</tzo>',
      ),
      {
        location: {
          civic: {
            country: 'US',
            A1: 'NY',
            A5: 'Centre',
            A6: 'Fifth Avenue',
            LMK: 'Tower',
            LOC: 'Observatory',
            FLR: '102',
            NAM: 'home',
            PC: '10118',
          },
          retransmission: false,
        },
        timeOffset: { minutes: -420 },
      },
    );
  });
  test('half a point, and what is no number, are none', () => {
    assert.deepEqual(back('<lat>45.44</lat>'), {});
    assert.deepEqual(back('<lat>91</lat><lon>0</lon>'), {});
    assert.deepEqual(back('<lat>1e1</lat><lon>0</lon>'), {});
    assert.deepEqual(back('<tzo>+25:00</tzo>'), {});
  });
  test('off by default; the empty one takes back', () => {
    assert.deepEqual(toSipEvents({ geoloc: readStanza(geoloc('<locality>Venice</locality>')) }), {});
    assert.deepEqual(toSipEvents({ geoloc: readStanza(geoloc('')) }, options), {});
    assert.equal(readGeoloc(readStanza(`<geoloc xmlns='urn:x'><lat>1</lat></geoloc>`)), undefined);
    assert.equal(serialize(geolocElement(undefined)), `<geoloc xmlns='http://jabber.org/protocol/geoloc'/>`);
  });
  test('in the document, of the person', () => {
    const stanza = readStanza(`<presence/>`);
    const events = { geoloc: readStanza(geoloc('<lat>-0.5</lat><locality>V</locality><lon>12.33</lon>')) };
    const written = (location: boolean) =>
      utf8Text(
        formatPidf(
          toSipPresence('sip:a@b', [{ resource: 'a', stanza, receivedMs: 0 }], { events, location }),
        ),
      ) ?? '';
    assert.ok(
      written(true).includes(
        '<dm:person id="person"><gp:geopriv><gp:location-info><gml:Point srsName="urn:ogc:def:crs:EPSG::4326"><gml:pos>-0.5 12.33</gml:pos></gml:Point>' +
          '<ca:civicAddress><ca:A3>V</ca:A3></ca:civicAddress></gp:location-info>' +
          '<gp:usage-rules><gbp:retransmission-allowed>no</gbp:retransmission-allowed></gp:usage-rules></gp:geopriv></dm:person>',
      ),
      written(true),
    );
    assert.ok(!written(false).includes('person'));
  });
});

test('property: what is written is read as it was', () => {
  const degrees = (most: number) =>
    fc.integer({ min: -most * 1_000_000, max: most * 1_000_000 }).map((value) => value / 1_000_000 + 0);
  const locations = fc
    .record({
      point: fc.record({ latitude: degrees(90), longitude: degrees(180) }),
      civic: fc.record({ A1: fc.constant('x & y'), PC: fc.constant('<1>') }, { requiredKeys: [] }),
      retransmission: fc.boolean(),
      expiryMs: fc.integer({ min: 0, max: 4_000_000_000_000 }),
    })
    .map((each) => structuredClone(each));
  fc.assert(
    fc.property(locations, (location) => {
      const person = { id: 'p', rich: { location }, notes: [] };
      const again = readPidf(
        formatPidf({ entity: 'sip:a@b', tuples: [], persons: [person], devices: [], notes: [] }),
      );
      assert.deepEqual(again.ok && again.value.persons, [person]);
    }),
  );
});
