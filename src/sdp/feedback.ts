// a=rtcp-fb (RFC 4585 §4.2): which feedback may be sent, for one payload or for all.

import { attributes, type Attribute, type Section } from './description.ts';

export interface Feedback {
  /** Number of the payload, or '*' for all of the medium. */
  readonly payload: number | '*';
  /** For example "nack", "ccm", "trr-int", "transport-cc". */
  readonly type: string;
  /** What follows it: "pli", "fir", for trr-int the milliseconds. */
  readonly parameter?: string | undefined;
}

const LINE = /^(\*|\d{1,3}) +([^\s]+)(?: +(\S.*?))?\s*$/;

export function feedbackOf(section: Section): readonly Feedback[] {
  const found: Feedback[] = [];
  for (const value of attributes(section, 'rtcp-fb')) {
    const parts = LINE.exec(value);
    const type = parts?.[2];
    if (parts === null || type === undefined) continue;
    const payload = parts[1] === '*' ? '*' : Number(parts[1]);
    const parameter = parts[3];
    found.push(parameter === undefined ? { payload, type } : { payload, type, parameter });
  }
  return found;
}

export function feedbackAttribute({ payload, type, parameter }: Feedback): Attribute {
  return { name: 'rtcp-fb', value: `${payload} ${type}${parameter === undefined ? '' : ` ${parameter}`}` };
}
