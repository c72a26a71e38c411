// User location, the payload of a personal event (XEP-0163). Source: XEP-0080 1.10.

import { element, type XmlElement } from '../../xml/index.ts';
import { NS_GEOLOC } from './namespaces.ts';

/** The elements of XEP-0080 that are read and written here, in the order of its table. */
const FIELDS = [
  ...['area', 'building', 'countrycode', 'description', 'floor', 'lat', 'locality', 'lon', 'postalcode'],
  ...['region', 'room', 'street', 'text', 'tzo'],
] as const;
export type GeolocField = (typeof FIELDS)[number];

export type Geoloc = Readonly<Partial<Record<GeolocField, string>>>;

/** Reads a `<geoloc/>`, texts as written; undefined when it is none, or the empty one that takes the location back. */
export function readGeoloc(geoloc: XmlElement): Geoloc | undefined {
  if (geoloc.name !== 'geoloc' || geoloc.ns !== NS_GEOLOC) return undefined;
  const found: Partial<Record<GeolocField, string>> = {};
  for (const field of FIELDS) {
    const text = geoloc.child(field, NS_GEOLOC)?.text().trim() ?? '';
    if (text !== '') found[field] = text;
  }
  return Object.keys(found).length === 0 ? undefined : found;
}

/** Without a location: the empty element, which takes it back. */
export function geolocElement(geoloc: Geoloc | undefined): XmlElement {
  const children = FIELDS.map((field) => {
    const text = geoloc?.[field];
    return text === undefined ? undefined : element(field, NS_GEOLOC, {}, text);
  });
  return element('geoloc', NS_GEOLOC, {}, ...children);
}
