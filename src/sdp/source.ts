// Sources of RTP: a=ssrc, a=ssrc-group (RFC 5576 §4) and a=msid (RFC 8830).

import { attributes, type Attribute, type Section } from './description.ts';
import { wordsOf } from './scan.ts';

export interface SourceParameter {
  readonly name: string;
  /** Absent for an attribute without a value. */
  readonly value?: string | undefined;
}

export interface Source {
  /** 32 bits. */
  readonly ssrc: number;
  readonly parameters: readonly SourceParameter[];
}

export interface SourceGroup {
  /** FID, SIM, FEC-FR … */
  readonly semantics: string;
  readonly sources: readonly number[];
}

const SOURCE = /^(\d{1,10})(?: +([^\s:]+)(?::(.*))?)?\s*$/;
const GROUP = /^([^\s]+)((?: +\d{1,10})*)\s*$/;

function isSsrc(value: number): boolean {
  return value <= 0xffff_ffff;
}

/** Sources in the order in which they are first named, each with all of its parameters. */
export function sourcesOf(section: Section): readonly Source[] {
  const found: { readonly ssrc: number; readonly parameters: SourceParameter[] }[] = [];
  const places = new Map<number, SourceParameter[]>();
  for (const text of attributes(section, 'ssrc')) {
    const parts = SOURCE.exec(text);
    const ssrc = Number(parts?.[1] ?? Number.NaN);
    if (parts === null || !isSsrc(ssrc)) continue;
    let parameters = places.get(ssrc);
    if (parameters === undefined) {
      parameters = [];
      places.set(ssrc, parameters);
      found.push({ ssrc, parameters });
    }
    const name = parts[2];
    const value = parts[3];
    if (name !== undefined) parameters.push(value === undefined ? { name } : { name, value });
  }
  return found;
}

export function sourceAttributes({ ssrc, parameters }: Source): readonly Attribute[] {
  // RFC 5576 §4.1: an attribute is not optional; a source that has none is named by its group alone.
  return parameters.map(({ name, value }) => ({
    name: 'ssrc',
    value: value === undefined ? `${ssrc} ${name}` : `${ssrc} ${name}:${value}`,
  }));
}

export function sourceGroupsOf(section: Section): readonly SourceGroup[] {
  const found: SourceGroup[] = [];
  for (const text of attributes(section, 'ssrc-group')) {
    const [, semantics, list = ''] = GROUP.exec(text) ?? [];
    const sources = list.trim() === '' ? [] : wordsOf(list).map(Number);
    if (semantics !== undefined && sources.every(isSsrc)) found.push({ semantics, sources });
  }
  return found;
}

export function sourceGroupAttribute({ semantics, sources }: SourceGroup): Attribute {
  return { name: 'ssrc-group', value: [semantics, ...sources].join(' ') };
}

/** The stream and the track of a medium, as written; '-' stands for no stream (RFC 8830 §2). */
export function msidsOf(section: Section): readonly string[] {
  return attributes(section, 'msid');
}
