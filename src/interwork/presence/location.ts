// Location and time zone of the person ⇄ XEP-0080 (row RPID-17). Only where the operator has allowed it.

import {
  formatDegrees,
  holdsAt,
  type CivicField,
  type PidfLocation,
  type PidfPerson,
  type RichPresence,
} from '../../mime/index.ts';
import { cleanText } from '../../mapping/index.ts';
import type { XmlElement } from '../../xml/index.ts';
import { geolocElement, readGeoloc, type Geoloc, type GeolocField } from '../../xmpp/index.ts';

/** Fields that are the same on both sides; the street has more parts in RFC 4119. */
const CIVIC: readonly (readonly [CivicField, GeolocField])[] = [
  ['country', 'countrycode'],
  ['A1', 'region'],
  ['A3', 'locality'],
  ['A5', 'area'],
  ['A6', 'street'],
  ['LMK', 'building'],
  ['LOC', 'text'],
  ['FLR', 'floor'],
  ['NAM', 'description'],
  ['PC', 'postalcode'],
];

/** RFC 4119 §2.2.2: how long a location may be kept where nothing is said, from its timestamp on. */
const RETENTION_MS = 24 * 3600 * 1000;

/** A tuple or person. */
type Owner = Pick<PidfPerson, 'rich' | 'timestampMs'>;

/**
 * The payload for the node NS_GEOLOC. A location that may not be shared does not go to XMPP, which has no place for the
 * rule (RFC 4119 §2.2.2), nor one that has to be forgotten by now.
 */
export function toXmppLocation(owners: readonly Owner[], wallMs: number): XmlElement | undefined {
  const location = owners.map((owner) => sharedBy(owner, wallMs)).find((each) => each !== undefined);
  const offset = owners
    .map(({ rich }) => rich.timeOffset)
    .find((each) => each !== undefined && holdsAt(each, wallMs));
  const geoloc: Partial<Record<GeolocField, string>> = location === undefined ? {} : geolocOf(location);
  if (offset !== undefined) geoloc.tzo = zoneOf(offset.minutes);
  return Object.keys(geoloc).length === 0 ? undefined : geolocElement(geoloc);
}

function sharedBy({ rich, timestampMs }: Owner, wallMs: number): PidfLocation | undefined {
  const { location } = rich;
  if (location?.retransmission !== true) return undefined;
  const expiryMs = location.expiryMs ?? (timestampMs === undefined ? wallMs : timestampMs + RETENTION_MS);
  return expiryMs < wallMs ? undefined : location;
}

function geolocOf({ point, civic }: PidfLocation): Partial<Record<GeolocField, string>> {
  const geoloc: Partial<Record<GeolocField, string>> = {};
  if (point !== undefined) {
    geoloc.lat = formatDegrees(point.latitude);
    geoloc.lon = formatDegrees(point.longitude);
  }
  for (const [field, name] of CIVIC) {
    const text = civic[field];
    if (text !== undefined) geoloc[name] = cleanText(text);
  }
  // "123A N Broadway Avenue SW": number, direction, name, kind, direction.
  const { PRD, A6, STS, POD } = civic;
  const number = (civic.HNO ?? '') + (civic.HNS ?? '');
  const street = [number, PRD, A6, STS, POD].filter((part) => part !== undefined && part !== '').join(' ');
  if (street !== '') geoloc.street = cleanText(street);
  return geoloc;
}

/** RPID of a `<geoloc/>`. Nobody has said that it may be shared: then "MUST include this field, with a value of 'no'". */
export function toSipLocation(payload: XmlElement): Pick<RichPresence, 'location' | 'timeOffset'> {
  const geoloc = readGeoloc(payload);
  if (geoloc === undefined) return {};
  const point = pointOf(geoloc);
  const civic: Partial<Record<CivicField, string>> = {};
  for (const [field, name] of CIVIC) {
    const text = geoloc[name];
    if (text !== undefined) civic[field] = text;
  }
  // RFC 4119 has no field for a room; its example of LOC is "Room 543".
  if (geoloc.room !== undefined) civic.LOC ??= geoloc.room;
  const minutes = minutesOf(geoloc.tzo ?? '');
  const some = point !== undefined || Object.keys(civic).length > 0;
  return {
    ...(some
      ? { location: { ...(point === undefined ? {} : { point }), civic, retransmission: false } }
      : {}),
    ...(minutes === undefined ? {} : { timeOffset: { minutes } }),
  };
}

function pointOf(geoloc: Geoloc): PidfLocation['point'] {
  const latitude = decimal(geoloc.lat, 90);
  const longitude = decimal(geoloc.lon, 180);
  return latitude === undefined || longitude === undefined ? undefined : { latitude, longitude };
}

function decimal(text: string | undefined, most: number): number | undefined {
  if (text === undefined || !/^[+-]?\d{1,3}(?:\.\d{1,15})?$/.test(text)) return undefined;
  const value = Number(formatDegrees(Number(text)));
  return Math.abs(value) <= most ? value : undefined;
}

/** XEP-0082: the time zone definition "Z" or "+hh:mm". */
function zoneOf(minutes: number): string {
  if (minutes === 0) return 'Z';
  const two = (value: number): string => String(value).padStart(2, '0');
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

function minutesOf(zone: string): number | undefined {
  if (zone === 'Z') return 0;
  const [, sign, hours, minutes] = /^([+-])(\d\d):([0-5]\d)$/.exec(zone) ?? [];
  if (hours === undefined || minutes === undefined || Number(hours) > 23) return undefined;
  const size = Number(hours) * 60 + Number(minutes);
  return sign === '-' ? -size + 0 : size;
}
