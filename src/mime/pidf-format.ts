// The writer of presence documents (RFC 3863, 4479, 4480, 4482, 5196): application/pidf+xml.
//
// With the customary prefixes, declared at the root, where the serializer of `xml` would declare a namespace at each
// element: shorter in a datagram, and COMPAT(baresip 1.0) finds `<rpid:away/>` and `<basic>` by their letters.

import { formatDateTime, utf8Bytes, type Bytes } from '../base/index.ts';
import { escapeText, NS_CLIENT, type XmlElement } from '../xml/index.ts';
import { NS_CIVIC, NS_GEOPRIV, NS_GML, NS_LOCATION_POLICY } from './location.ts';
import { capabilitiesElement, NS_PIDF_CAPS } from './pidf-caps.ts';
import {
  NS_DATA_MODEL,
  NS_PIDF,
  type PidfContact,
  type PidfDevice,
  type PidfDocument,
  type PidfPerson,
  type PidfTuple,
} from './pidf.ts';
import { attribute, formatNote, tag } from './pidf-text.ts';
import { formatRichPresence } from './rpid-format.ts';
import { NS_CIPID, NS_LOCATION_TYPE, NS_RPID } from './rpid.ts';

const PREFIXES: readonly (readonly [string, string])[] = [
  ['dm', NS_DATA_MODEL],
  ['rpid', NS_RPID],
  ['c', NS_CIPID],
  ['caps', NS_PIDF_CAPS],
  ['lt', NS_LOCATION_TYPE],
  ['gp', NS_GEOPRIV],
  ['gbp', NS_LOCATION_POLICY],
  ['ca', NS_CIVIC],
  ['gml', NS_GML],
];

/** The document, with its XML declaration; elements in the order of the schemas. */
export function formatPidf(document: PidfDocument): Bytes {
  const content =
    document.tuples.map(tuple).join('') +
    document.notes.map((each) => formatNote('note', each)).join('') +
    document.devices.map(device).join('') +
    document.persons.map(person).join('');
  // Text is escaped, so that only tags begin with "<".
  const used = PREFIXES.filter(([prefix]) => content.includes(`<${prefix}:`));
  const declarations = used.map(([prefix, ns]) => ` xmlns:${prefix}="${ns}"`).join('');
  const root = `presence xmlns="${NS_PIDF}"${declarations}${attribute('entity', document.entity)}`;
  return utf8Bytes(`<?xml version="1.0" encoding="UTF-8"?>\r\n<${root}>${content}</presence>\r\n`);
}

function tuple(each: PidfTuple): string {
  const basic = each.basic === undefined ? '' : tag('basic', '', each.basic);
  const show = each.show === undefined ? '' : tag('show', ` xmlns="${NS_CLIENT}"`, each.show);
  return tag(
    'tuple',
    attribute('id', each.id),
    tag('status', '', basic + show) +
      each.deviceIds.map((id) => tag('dm:deviceID', '', escapeText(id))).join('') +
      formatRichPresence(each.rich) +
      (each.capabilities === undefined ? '' : prefixed(capabilitiesElement(each.capabilities))) +
      contact(each.contact) +
      each.notes.map((note) => formatNote('note', note)).join('') +
      timestamp('timestamp', each.timestampMs),
  );
}

function contact(each: PidfContact | undefined): string {
  if (each === undefined) return '';
  return tag('contact', attribute('priority', formatPriority(each.priority)), escapeText(each.uri));
}

/** RFC 3863 §4.1.5: "at most 3 digits after the decimal point". */
function formatPriority(priority: number | undefined): string | undefined {
  if (priority === undefined) return undefined;
  return String(Math.round(Math.min(Math.max(priority, 0), 1) * 1000) / 1000);
}

function person(each: PidfPerson): string {
  return tag('dm:person', attribute('id', each.id), formatRichPresence(each.rich) + ending(each));
}

function device(each: PidfDevice): string {
  const deviceId = each.deviceId === '' ? '' : tag('dm:deviceID', '', escapeText(each.deviceId));
  return tag('dm:device', attribute('id', each.id), formatRichPresence(each.rich) + deviceId + ending(each));
}

function ending({ notes, timestampMs }: PidfPerson | PidfDevice): string {
  return notes.map((note) => formatNote('dm:note', note)).join('') + timestamp('dm:timestamp', timestampMs);
}

function timestamp(name: string, wallMs: number | undefined): string {
  return wallMs === undefined ? '' : tag(name, '', formatDateTime(wallMs));
}

function prefixed(element: XmlElement): string {
  const content = element.children.map((node) =>
    typeof node === 'string' ? escapeText(node) : prefixed(node),
  );
  return tag(`caps:${element.name}`, '', content.join(''));
}
