// Names of media and groups of them: a=mid and a=group (RFC 5888), BUNDLE among them (RFC 9143).

import { attribute, attributes, type Attribute, type Section } from './description.ts';

export interface MediaGroup {
  /** BUNDLE, LS, FID … */
  readonly semantics: string;
  /** Names (a=mid) of its media. */
  readonly mids: readonly string[];
}

export function midOf(medium: Section): string | undefined {
  const mid = attribute(medium, 'mid')?.trim();
  return mid === '' ? undefined : mid;
}

export function groupsOf(session: Section): readonly MediaGroup[] {
  return attributes(session, 'group').flatMap((text): readonly MediaGroup[] => {
    const [semantics = '', ...mids] = text.trim().split(/ +/);
    return semantics === '' ? [] : [{ semantics, mids }];
  });
}

export function groupAttribute({ semantics, mids }: MediaGroup): Attribute {
  return { name: 'group', value: [semantics, ...mids].join(' ') };
}
