// Where somebody is, in a presence document (PIDF-LO, RFC 4119, with the points of RFC 5491 §5.2.1): a point and a civic
// address. What else there is, shapes and motions, is left out.

import { formatDateTime } from '../base/index.ts';
import { escapeText, type XmlElement } from '../xml/index.ts';
import { parseDateTime } from './date-time.ts';
import { attribute, tag } from './pidf-text.ts';

export const NS_GEOPRIV = 'urn:ietf:params:xml:ns:pidf:geopriv10';
export const NS_LOCATION_POLICY = `${NS_GEOPRIV}:basicPolicy`;
/** RFC 4119 §2.2.5; the second name is that of RFC 5139, which has the same elements and more. */
const CIVIC_NAMESPACES: readonly string[] = [`${NS_GEOPRIV}:civicLoc`, `${NS_GEOPRIV}:civicAddr`];
export const NS_CIVIC = `${NS_GEOPRIV}:civicAddr`;
/** GML 3.1 (RFC 5491), and the name that RFC 4119 gave to 3.0. */
export const NS_GML = 'http://www.opengis.net/gml';
const GML_NAMESPACES: readonly string[] = [NS_GML, 'urn:opengis:specification:gml:schema-xsd:feature:v3.0'];

export const LOCATION_NAMESPACES: readonly string[] = [
  NS_GEOPRIV,
  NS_LOCATION_POLICY,
  ...CIVIC_NAMESPACES,
  ...GML_NAMESPACES,
];

/** RFC 4119 §2.2.1, in the order of its schema. */
export const CIVIC_FIELDS = [
  ...['country', 'A1', 'A2', 'A3', 'A4', 'A5', 'A6', 'PRD', 'POD', 'STS', 'HNO', 'HNS', 'LMK', 'LOC', 'FLR'],
  ...['NAM', 'PC'],
] as const;
export type CivicField = (typeof CIVIC_FIELDS)[number];

export interface PidfLocation {
  /** WGS 84, degrees north and east. */
  readonly point?: { readonly latitude: number; readonly longitude: number };
  readonly civic: Readonly<Partial<Record<CivicField, string>>>;
  /** RFC 4119 §2.2.2: whether the recipient may share it; "by default, the value MUST be assumed to be 'no'". */
  readonly retransmission: boolean;
  /** When it has to be forgotten, ms. */
  readonly expiryMs?: number;
}

/** Reads a <geopriv/>; undefined when it has neither a point nor an address that is understood. */
export function readLocation(geopriv: XmlElement): PidfLocation | undefined {
  const info = geopriv.child('location-info', NS_GEOPRIV);
  if (info === undefined) return undefined;
  const point = pointOf(info);
  const civic = civicOf(info);
  if (point === undefined && Object.keys(civic).length === 0) return undefined;
  const rules = geopriv.child('usage-rules', NS_GEOPRIV);
  const allowed = rules?.child('retransmission-allowed', NS_LOCATION_POLICY)?.text().trim();
  const expiryMs = parseDateTime(rules?.child('retention-expiry', NS_LOCATION_POLICY)?.text() ?? '');
  return {
    ...(point === undefined ? {} : { point }),
    civic,
    // §2.2.2 speaks of 'yes' and 'no', the schema of a boolean.
    retransmission: allowed === 'yes' || allowed === 'true' || allowed === '1',
    ...(expiryMs === undefined ? {} : { expiryMs }),
  };
}

function civicOf(info: XmlElement): Partial<Record<CivicField, string>> {
  const civic: Partial<Record<CivicField, string>> = {};
  for (const address of info.elements()) {
    if (address.name !== 'civicAddress' || !CIVIC_NAMESPACES.includes(address.ns)) continue;
    for (const field of CIVIC_FIELDS) {
      const text = address.child(field, address.ns)?.text().trim() ?? '';
      if (text !== '') civic[field] ??= text;
    }
  }
  return civic;
}

function pointOf(info: XmlElement): PidfLocation['point'] {
  for (const shape of info.elements()) {
    if (!GML_NAMESPACES.includes(shape.ns)) continue;
    // RFC 4119 has the point in a <location/>.
    const point = shape.name === 'location' ? shape.child('Point', shape.ns) : shape;
    // Another reference system would need a conversion.
    if (point?.name !== 'Point' || !/(?:^|:)4326$/.test(point.attr('srsName') ?? '')) continue;
    const text = (point.child('pos', point.ns) ?? point.child('coordinates', point.ns))?.text().trim() ?? '';
    const [first, second, third] = text.split(/[\s,]+/);
    const latitude = degrees(first ?? '', 'NS', 90);
    const longitude = degrees(second ?? '', 'EW', 180);
    if (latitude !== undefined && longitude !== undefined && third === undefined)
      return { latitude, longitude };
  }
  return undefined;
}

/** "-34.407" or, as in the examples of RFC 4119, "31:56:00S". */
function degrees(text: string, directions: string, most: number): number | undefined {
  const match = /^([+-]?)(\d{1,3}(?:\.\d{1,15})?)(?::(\d{1,2})(?::(\d{1,2}(?:\.\d{1,9})?))?)?([NSEW]?)$/.exec(
    text,
  );
  if (match === null) return undefined;
  const [, sign = '', whole = '', minutes = '0', seconds = '0', direction = ''] = match;
  if (direction !== '' && (sign !== '' || !directions.includes(direction))) return undefined;
  const value = Number(whole) + Number(minutes) / 60 + Number(seconds) / 3600;
  if (value > most || Number(minutes) >= 60 || Number(seconds) >= 60) return undefined;
  const south = sign === '-' || direction === 'S' || direction === 'W';
  // As exact as it is written again.
  return Number(formatDegrees(south ? -value : value));
}

/** The <geopriv/>, as text; prefixes are those of pidf-format.ts. */
export function formatLocation({ point, civic, retransmission, expiryMs }: PidfLocation): string {
  const position =
    point === undefined
      ? ''
      : tag(
          'gml:Point',
          attribute('srsName', 'urn:ogc:def:crs:EPSG::4326'),
          tag('gml:pos', '', `${formatDegrees(point.latitude)} ${formatDegrees(point.longitude)}`),
        );
  const fields = CIVIC_FIELDS.map((field) => {
    const text = civic[field];
    return text === undefined ? '' : tag(`ca:${field}`, '', escapeText(text));
  }).join('');
  const rules =
    tag('gbp:retransmission-allowed', '', retransmission ? 'yes' : 'no') +
    (expiryMs === undefined ? '' : tag('gbp:retention-expiry', '', formatDateTime(expiryMs)));
  const address = fields === '' ? '' : tag('ca:civicAddress', '', fields);
  return tag(
    'gp:geopriv',
    '',
    tag('gp:location-info', '', position + address) + tag('gp:usage-rules', '', rules),
  );
}

/** An xs:decimal: never with an exponent; a tenth of a millimetre is enough. */
export function formatDegrees(value: number): string {
  const text = value.toFixed(9).replace(/\.?0+$/, '');
  return text === '-0' ? '0' : text;
}
