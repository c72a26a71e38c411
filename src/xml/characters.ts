// Which characters may stand where: XML 1.0 (Fifth Edition) productions Char [2], NameStartChar [4], NameChar [4a].
// ASCII goes through one table of bit classes, because the tokenizer looks at every character once.

/** May begin a name. */
export const NAME_START = 1;
/** May continue a name. */
export const NAME = 2;
/** S [3]: space, tab, line feed, carriage return. */
export const SPACE = 4;
/** Ends a run of plain character data: `<` `&` `]` carriage return, and what is no Char. */
export const TEXT_STOP = 8;
/** Ends a run of plain attribute value: quotes, `<` `&`, white space that is normalised, and what is no Char. */
export const VALUE_STOP = 16;

/** Bit classes of U+0000–U+007F. */
export const CLASS: Uint8Array = buildTable();

function buildTable(): Uint8Array {
  const table = new Uint8Array(128);
  const mark = (characters: string, bits: number): void => {
    for (let i = 0; i < characters.length; i++) {
      const code = characters.charCodeAt(i);
      table[code] = (table[code] ?? 0) | bits;
    }
  };
  for (let code = 0; code < 0x20; code++) table[code] = TEXT_STOP | VALUE_STOP;
  table[0x09] = VALUE_STOP;
  table[0x0a] = VALUE_STOP;
  mark('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_:', NAME_START | NAME);
  mark('-.0123456789', NAME);
  mark(' \t\n\r', SPACE);
  mark('<&]', TEXT_STOP);
  mark('<&"\'', VALUE_STOP);
  return table;
}

/** NameStartChar [4] outside ASCII. */
function isWideNameStart(code: number): boolean {
  return (
    (code >= 0xc0 && code <= 0x2ff && code !== 0xd7 && code !== 0xf7) ||
    (code >= 0x370 && code <= 0x1fff && code !== 0x37e) ||
    code === 0x200c ||
    code === 0x200d ||
    (code >= 0x2070 && code <= 0x218f) ||
    (code >= 0x2c00 && code <= 0x2fef) ||
    (code >= 0x3001 && code <= 0xd7ff) ||
    (code >= 0xf900 && code <= 0xfdcf) ||
    (code >= 0xfdf0 && code <= 0xfffd) ||
    (code >= 0x10000 && code <= 0xeffff)
  );
}

/** NameStartChar [4], for a code point. */
export function isNameStart(code: number): boolean {
  return code < 128 ? ((CLASS[code] ?? 0) & NAME_START) !== 0 : isWideNameStart(code);
}

/** NameChar [4a], for a code point. */
export function isNameChar(code: number): boolean {
  if (code < 128) return ((CLASS[code] ?? 0) & NAME) !== 0;
  return (
    isWideNameStart(code) ||
    code === 0xb7 ||
    (code >= 0x300 && code <= 0x36f) ||
    code === 0x203f ||
    code === 0x2040
  );
}

/** Char [2], for a code point. */
export function isXmlChar(code: number): boolean {
  if (code < 0x20) return code === 0x09 || code === 0x0a || code === 0x0d;
  return code <= 0xd7ff || (code >= 0xe000 && code <= 0xfffd) || (code >= 0x10000 && code <= 0x10ffff);
}

/** A name without colon (Namespaces in XML 1.0, NCName [4]), of at least one character. */
export function isNcName(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.codePointAt(i) ?? 0;
    if (code === 0x3a || !(i === 0 ? isNameStart(code) : isNameChar(code))) return false;
    if (code > 0xffff) i++;
  }
  return text !== '';
}
