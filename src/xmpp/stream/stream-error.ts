// Stream errors: the defined conditions, reading one, and what each means for the next attempt.
// Sources: RFC 6120 §4.9.3; RFC 3920 §4.7.3 for the older names; XEP-0114 1.6 for those of component streams.

import { element, type XmlElement } from '../../xml/index.ts';

export const NS_STREAM = 'http://etherx.jabber.org/streams';
export const NS_STREAM_ERRORS = 'urn:ietf:params:xml:ns:xmpp-streams';

/**
 * `configuration`: somebody has to change something, so attempts may be rare; `quick`: the peer says it will be back;
 * `ordinary`: it passes.
 */
export type RetryClass = 'quick' | 'ordinary' | 'configuration';

interface Meaning {
  readonly retry: RetryClass;
  /** What an operator can do; '' when there is nothing. */
  readonly remedy: string;
}

const PASSES: Meaning = { retry: 'ordinary', remedy: '' };
const OUR_FAULT: Meaning = {
  retry: 'ordinary',
  remedy: 'the server did not like what was sent to it: please report this, with the server and its version',
};

const meanings = {
  'bad-format': OUR_FAULT,
  'bad-namespace-prefix': OUR_FAULT,
  conflict: {
    // Also what a server says whose old connection of ours is not yet known to be dead: worth trying soon.
    retry: 'ordinary',
    remedy: 'another component is connected under this domain: stop it, or give each its own domain',
  },
  'connection-timeout': PASSES,
  'host-gone': {
    retry: 'configuration',
    remedy: 'the server no longer serves this component domain: configure it there',
  },
  'host-unknown': {
    retry: 'configuration',
    remedy:
      'the server does not know this component domain: configure it there, or correct xmpp.components.domain',
  },
  'improper-addressing': OUR_FAULT,
  'internal-server-error': PASSES,
  'invalid-from': OUR_FAULT,
  'invalid-namespace': {
    retry: 'configuration',
    remedy:
      'this port does not take components (XEP-0114): give the component port of the server, often 5347',
  },
  'invalid-xml': OUR_FAULT,
  'not-authorized': {
    retry: 'configuration',
    remedy: 'the secret differs from that of the server: make xmpp.components.secret and the server agree',
  },
  'not-well-formed': OUR_FAULT,
  'policy-violation': {
    retry: 'ordinary',
    remedy:
      'the server has a limit that was exceeded, perhaps of stanza size or rate: raise it for this component',
  },
  'remote-connection-failed': PASSES,
  reset: { retry: 'quick', remedy: '' },
  'resource-constraint': PASSES,
  'restricted-xml': OUR_FAULT,
  'see-other-host': {
    retry: 'configuration',
    remedy: 'the server names another host for components: correct xmpp.components.host',
  },
  'system-shutdown': { retry: 'quick', remedy: '' },
  'undefined-condition': PASSES,
  'unsupported-encoding': OUR_FAULT,
  'unsupported-feature': OUR_FAULT,
  'unsupported-stanza-type': OUR_FAULT,
  'unsupported-version': OUR_FAULT,
} as const satisfies Readonly<Record<string, Meaning>>;

/** RFC 6120 §4.9.3. */
export type StreamCondition = keyof typeof meanings;

/** All conditions, in alphabetical order. */
export const streamConditions: readonly StreamCondition[] = Object.keys(meanings).filter(isStreamCondition);

export interface StreamError {
  readonly condition: StreamCondition;
  /** The peer's words, for the log; shortened. */
  readonly text: string | undefined;
}

const MAX_TEXT = 200;

export function isStreamCondition(name: string): name is StreamCondition {
  return Object.hasOwn(meanings, name);
}

/** How a stream error bears on the next attempt, and what an operator can do about it. */
export function streamErrorMeaning(condition: StreamCondition): Meaning {
  return meanings[condition];
}

export function isStreamError(el: XmlElement): boolean {
  return el.name === 'error' && el.ns === NS_STREAM;
}

/** Reads `<stream:error/>`. Never fails: an unknown condition is `undefined-condition`. */
export function readStreamError(el: XmlElement): StreamError {
  let condition: StreamCondition | undefined;
  let text: string | undefined;
  for (const child of el.elements()) {
    if (child.ns !== NS_STREAM_ERRORS) continue;
    if (child.name === 'text') text ??= child.text().trim().slice(0, MAX_TEXT) || undefined;
    else condition ??= knownCondition(child.name);
  }
  // jabberd 1.4 and some since send nothing but text.
  text ??= el.text().trim().slice(0, MAX_TEXT) || undefined;
  return { condition: condition ?? 'undefined-condition', text };
}

/** `<stream:error/>` to be sent; `text` is ours and English. */
export function streamErrorElement(condition: StreamCondition, text?: string): XmlElement {
  const children = [element(condition, NS_STREAM_ERRORS)];
  if (text !== undefined) children.push(element('text', NS_STREAM_ERRORS, { 'xml:lang': 'en' }, text));
  return element('error', NS_STREAM, {}, ...children);
}

function knownCondition(name: string): StreamCondition | undefined {
  if (isStreamCondition(name)) return name;
  // RFC 3920 §4.7.3 called it so.
  return name === 'xml-not-well-formed' ? 'not-well-formed' : undefined;
}
