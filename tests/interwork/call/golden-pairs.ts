// The golden pairs of tests/vectors/jingle, and what "equal" means for them. NAME.xml is what a description, or a stanza,
// has to be in Jingle, written from the XEPs and table 7.3; it stands beside what it was read from:
//
// - from SDP: the comment of NAME.xml names the recorded description, and line by line what the way back loses (-) or
//   writes in other words (+), each with its row or clause;
// - from Jingle: NAME.sdp is what the recorded stanza has to be as a description, NAME.xml what that becomes again.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSdp, type SessionDescription } from '../../../src/sdp/index.ts';
import { parseDocument, type XmlElement } from '../../../src/xml/index.ts';

const VECTORS = join(import.meta.dirname, '../../vectors');

export interface GoldenPair {
  readonly name: string;
  readonly jingle: XmlElement;
  /** What an SDP of this side is, without o=. */
  readonly lines: readonly string[];
  /** The lines that Jingle has to be made of: the same, or those of the recording. */
  readonly from: readonly string[];
  /** The stanza that was recorded, of a pair from Jingle. */
  readonly stanza?: XmlElement | undefined;
  /** The offer that it answers. */
  readonly offer?: SessionDescription | undefined;
}

export function goldenPairs(): readonly GoldenPair[] {
  const names = readdirSync(join(VECTORS, 'jingle'));
  return names
    .filter((name) => name.endsWith('.xml'))
    .map((name) => name.slice(0, -'.xml'.length))
    .map((name) => (names.includes(`${name}.sdp`) ? pairFromJingle(name) : pairFromSdp(name)));
}

function pairFromSdp(name: string): GoldenPair {
  const text = vector(`jingle/${name}.xml`);
  const from = linesOf(vector(valueOf(text, 'source') ?? ''));
  return { name, jingle: xmlOf(text), lines: changed(from, text), from, ...offerOf(text) };
}

function pairFromJingle(name: string): GoldenPair {
  const text = vector(`jingle/${name}.sdp`);
  const [, file = '', line = ''] = /^(\S+), line (\d+)/.exec(valueOf(text, 'source') ?? '') ?? [];
  const recorded = vector(file).split('\n')[Number(line) - 1] ?? '';
  const stanza = xmlOf(/<jingle.*<\/jingle>/.exec(recorded)?.[0] ?? '');
  const lines = linesOf(text);
  return { name, jingle: xmlOf(vector(`jingle/${name}.xml`)), lines, from: lines, stanza, ...offerOf(text) };
}

/** The lines of a recording as its golden file says that they come back; a difference that is none is a mistake there. */
function changed(from: readonly string[], text: string): readonly string[] {
  const sections = sectionsOf(from);
  for (const [, section, sign, line = ''] of text.matchAll(
    /^ +(session|media(?: \d)?) +([+-]) (.*?) \| .+$/gm,
  )) {
    const of = sections[section === 'session' ? 0 : Number(section?.slice(6) || 1)];
    assert.ok(of !== undefined);
    const place = of.indexOf(line);
    assert.equal(place >= 0, sign === '-', `${sign} ${line}`);
    if (sign === '-') of.splice(place, 1);
    // RFC 8866 §5: m= comes first, then c=.
    else if (line.startsWith('m=')) of.unshift(line);
    else if (line.startsWith('c=')) of.splice(1, 0, line);
    else of.push(line);
  }
  // SDP-01: what the gateway makes itself.
  const isOurs = (line: string): boolean => /^[vst]=/.test(line);
  return [
    'v=0',
    's=-',
    't=0 0',
    ...(sections[0] ?? []).filter((line) => !isOurs(line)),
    ...sections.slice(1).flat(),
  ];
}

function vector(path: string): string {
  return readFileSync(join(VECTORS, path), 'utf8');
}

function valueOf(text: string, key: string): string | undefined {
  return new RegExp(`^(?:# )?${key}: (.+)`, 'm').exec(text)?.[1]?.trim();
}

function offerOf(text: string): { readonly offer?: SessionDescription } {
  const path = valueOf(text, 'offer');
  return path === undefined ? {} : { offer: sessionOf(linesOf(vector(path))) };
}

/** Without o=, which every side makes for itself (SDP-01). */
export function linesOf(text: string): readonly string[] {
  return text.split(/\r?\n/).filter((line) => /^[a-z]=/.test(line) && !line.startsWith('o='));
}

export function sessionOf([version = '', ...more]: readonly string[]): SessionDescription {
  const read = parseSdp([version, 'o=- 1 1 IN IP4 127.0.0.1', ...more, ''].join('\r\n'));
  assert.ok(read.ok, read.ok ? '' : read.error.message);
  return read.value;
}

function xmlOf(text: string): XmlElement {
  const read = parseDocument(text.trim());
  assert.ok(read.ok, read.ok ? '' : read.error.message);
  return read.value;
}

/** The session and its media. */
function sectionsOf(lines: readonly string[]): string[][] {
  const sections: string[][] = [[]];
  for (const line of lines) {
    if (line.startsWith('m=')) sections.push([]);
    sections.at(-1)?.push(line);
  }
  return sections;
}

/**
 * A description for comparison: the order of types is that of RFC 8866 §5 and stays; that of attributes means nothing
 * but for keys, where the first is liked best (RFC 4568 §5.1).
 */
export function comparableSdp(lines: readonly string[]): readonly string[] {
  const key = (line: string): string => (line.startsWith('a=crypto') ? 'a=crypto' : line);
  return sectionsOf(lines).flatMap((section) => [
    ...section.filter((line) => !line.startsWith('a=')),
    ...section
      .filter((line) => line.startsWith('a='))
      .toSorted((left, right) => (key(left) < key(right) ? -1 : Number(key(left) > key(right)))),
  ]);
}

/**
 * An element for comparison. Attributes: in any order. Children of its own namespace: in the order of its schema, as
 * the golden file has it; those of other XEPs, which no schema puts in a place: by name, in their order. White space
 * between elements and at the ends of a text: none. The id of a candidate is anything (SDP-25).
 */
export function comparableXml(element: XmlElement): unknown {
  const attributes: [string, string][] = [];
  for (let n = 0; n < element.attributes.length; n += 2) {
    const [name = '', value = ''] = element.attributes.slice(n, n + 2);
    attributes.push([name, element.name === 'candidate' && name === 'id' ? '*' : value]);
  }
  const children = [...element.elements()];
  const foreign = children.filter(({ ns }) => ns !== element.ns);
  return {
    name: `{${element.ns}}${element.name}`,
    attributes: Object.fromEntries(attributes),
    text: element.text().trim(),
    own: children.filter(({ ns }) => ns === element.ns).map(comparableXml),
    foreign: Object.fromEntries(
      [...Map.groupBy(foreign, ({ ns, name }) => `{${ns}}${name}`)].map(([name, all]) => [
        name,
        all.map(comparableXml),
      ]),
    ),
  };
}
