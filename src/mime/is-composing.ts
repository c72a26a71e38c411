// Indication of message composition (RFC 3994): application/im-iscomposing+xml. Rows IM-60 … IM-67.

import { formatDateTime, fault, ok, type Bytes, type Result } from '../base/index.ts';
import { element, parseDocument, serialize } from '../xml/index.ts';
import { parseDateTime } from './date-time.ts';

export const NS_IS_COMPOSING = 'urn:ietf:params:xml:ns:im-iscomposing';

export const IS_COMPOSING_TYPE = 'application/im-iscomposing+xml';

/** RFC 3994 §3.3: without <refresh/> the state falls back to idle after this time. */
export const DEFAULT_REFRESH_SECONDS = 120;

/** RFC 3994 §3.2: "The interval SHOULD be no shorter than 60 seconds". */
export const MIN_REFRESH_SECONDS = 60;

export interface IsComposing {
  readonly state: 'active' | 'idle';
  /** As given; undefined when absent or unreadable. */
  readonly refreshSeconds?: number;
  readonly lastActiveMs?: number;
  /** A media type, or only its first half ("audio"). */
  readonly contentType?: string;
}

const MAX_REFRESH_SECONDS = 86_400;

/** Reads a document. Faults: ERR_MIME_IS_COMPOSING, and those of the XML parser. */
export function parseIsComposing(body: Bytes): Result<IsComposing> {
  const document = parseDocument(body);
  if (!document.ok) return document;
  const root = document.value;
  if (root.name !== 'isComposing' || root.ns !== NS_IS_COMPOSING)
    return broken('the root is not isComposing');
  const state = root.child('state', NS_IS_COMPOSING);
  if (state === undefined) return broken('no state');
  const refresh = root.child('refresh', NS_IS_COMPOSING)?.text().trim() ?? '';
  const lastActiveMs = parseDateTime(root.child('lastactive', NS_IS_COMPOSING)?.text() ?? '');
  const contentType = root.child('contenttype', NS_IS_COMPOSING)?.text().trim() ?? '';
  return ok({
    // §3.5: recipients "MUST treat state tokens other than "idle" and "active" as "idle"".
    state: state.text().trim() === 'active' ? 'active' : 'idle',
    ...(/^\+?0*[1-9][0-9]{0,9}$/.test(refresh)
      ? { refreshSeconds: Math.min(Number(refresh), MAX_REFRESH_SECONDS) }
      : {}),
    ...(lastActiveMs === undefined ? {} : { lastActiveMs }),
    ...(contentType === '' ? {} : { contentType }),
  });
}

/** The document, with its XML declaration; elements in the order of the schema (RFC 3994 §6.1). */
export function formatIsComposing(status: IsComposing): string {
  const { state, lastActiveMs, contentType, refreshSeconds } = status;
  const child = (name: string, text: string) => element(name, NS_IS_COMPOSING, {}, text);
  const children = [child('state', state)];
  if (lastActiveMs !== undefined) children.push(child('lastactive', formatDateTime(lastActiveMs)));
  if (contentType !== undefined) children.push(child('contenttype', contentType));
  if (refreshSeconds !== undefined) children.push(child('refresh', String(Math.ceil(refreshSeconds))));
  const document = element('isComposing', NS_IS_COMPOSING, {}, ...children);
  return `<?xml version="1.0" encoding="UTF-8"?>\r\n${serialize(document)}`;
}

function broken(message: string): Result<never> {
  return fault('ERR_MIME_IS_COMPOSING', `isComposing: ${message}`, 'RFC 3994 §6');
}
