// What a presence stanza says, as far as the operator is shown it: made when he asks, and held nowhere.

import type { XmlElement } from '../../xml/index.ts';

export interface PresenceWords {
  /** undefined: none, which means that he is there (RFC 6121 §4.7.2.1). */
  readonly show: string | undefined;
  /** The first characters of the first one. */
  readonly status: string | undefined;
  readonly priority: string | undefined;
}

const MAX_STATUS = 60;
const MAX_WORD = 20;

export function presenceWords(stanza: XmlElement): PresenceWords {
  const text = (name: string, max: number): string | undefined => {
    const found = stanza.child(name)?.text();
    return found === undefined ? undefined : shortened(found, max);
  };
  return {
    show: text('show', MAX_WORD),
    status: text('status', MAX_STATUS),
    priority: text('priority', MAX_WORD),
  };
}

function shortened(text: string, max: number): string {
  // A character may take two places.
  const characters = Array.from(text.slice(0, 2 * max + 2));
  return characters.length <= max ? characters.join('') : `${characters.slice(0, max).join('')}…`;
}
