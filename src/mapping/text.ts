// Text that crosses: message bodies and subjects (rows IM-02, IM-49, IM-50).

import { fromByteString } from '../base/index.ts';
import { sanitizeText } from '../xml/index.ts';

// Whatever `cleanText` would change; a body seldom holds any.
const UNCLEAN = /[\u0000-\u0008\u000b-\u001f\ufffe\uffff\ud800-\udfff]/;

/** IM-49, IM-50: line ends as LF, and U+FFFD for what XML cannot hold. */
export function cleanText(text: string): string {
  if (!UNCLEAN.test(text)) return text;
  return sanitizeText(text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text);
}

/** IM-02: one line for a Subject field. Unicode; controls and line ends become single spaces. */
export function subjectForSip(subject: string): string {
  return subject
    .toWellFormed()
    .replace(/[\u0000-\u001f\u007f\u2028\u2029]+/g, ' ')
    .trim();
}

/** Text of a raw Subject value (a byte string). */
export function subjectForXml(raw: string): string {
  return cleanText(fromByteString(raw).trim());
}
