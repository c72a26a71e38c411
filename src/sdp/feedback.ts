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
  return attributes(section, 'rtcp-fb').flatMap((value): readonly Feedback[] => {
    const [, payload, type, parameter] = LINE.exec(value) ?? [];
    if (payload === undefined || type === undefined) return [];
    const which = payload === '*' ? '*' : Number(payload);
    return [{ payload: which, type, ...(parameter === undefined ? {} : { parameter }) }];
  });
}

export function feedbackAttribute({ payload, type, parameter }: Feedback): Attribute {
  return { name: 'rtcp-fb', value: `${payload} ${type}${parameter === undefined ? '' : ` ${parameter}`}` };
}
