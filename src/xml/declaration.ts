// The XML declaration (XML 1.0 §2.8 [23], RFC 6120 §11.5, §11.6, §11.8).

import { notWellFormed, restricted, type XmlStreamError } from './stream-error.ts';

const DECLARATION =
  /^xml[ \t\r\n]+version[ \t\r\n]*=[ \t\r\n]*(?:'1\.[0-9]+'|"1\.[0-9]+")(?:[ \t\r\n]+encoding[ \t\r\n]*=[ \t\r\n]*(?:'([A-Za-z][A-Za-z0-9._-]*)'|"([A-Za-z][A-Za-z0-9._-]*)"))?(?:[ \t\r\n]+standalone[ \t\r\n]*=[ \t\r\n]*(?:'(?:yes|no)'|"(?:yes|no)"))?[ \t\r\n]*$/;

/**
 * Reads what stood between `<?` and `?>` at the very start: the declared encoding in lower case ('utf-8' when none is),
 * or what is wrong. Any 1.x counts as 1.0 (XML 1.0 Fifth Edition §2.8); `standalone` is ignored (RFC 6120 §11.5).
 */
export function readDeclaration(content: string): string | XmlStreamError {
  if (!/^xml(?![^ \t\r\n])/.test(content)) return restricted('processing instruction');
  const match = DECLARATION.exec(content);
  if (match === null) return notWellFormed('bad XML declaration');
  return (match[1] ?? match[2] ?? 'utf-8').toLowerCase();
}
