// Text of a body by its charset parameter (RFC 2045 §5.2; RFC 3261 §7.4.1: UTF-8 when none is given).

import { utf8Text, utf8TextLossy, type Bytes } from '../base/index.ts';

const BOM = 0xfeff;

/**
 * Unicode text of octets; undefined for a charset that is not known. Octets that the charset does not have become
 * U+FFFD; a byte order mark at the start is dropped.
 */
export function decodeText(bytes: Bytes, charset = 'utf-8'): string | undefined {
  switch (charset.toLowerCase()) {
    case 'utf-8':
    case 'utf8':
    case '':
    // US-ASCII (RFC 20) is a part of UTF-8; what goes beyond it is most often UTF-8 under a careless label.
    case 'us-ascii':
    case 'ascii':
      return withoutBom(utf8Text(bytes) ?? utf8TextLossy(bytes));
    // RFC 2781 §4.3: the byte order mark decides, and big-endian when there is none.
    case 'utf-16':
      return decodeBy(bytes, bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : 'utf-16be');
    default:
      return decodeBy(bytes, charset);
  }
}

function decodeBy(bytes: Bytes, label: string): string | undefined {
  let decoder: InstanceType<typeof TextDecoder>;
  try {
    decoder = new TextDecoder(label);
  } catch {
    return undefined;
  }
  return withoutBom(decoder.decode(bytes));
}

function withoutBom(text: string): string {
  return text.charCodeAt(0) === BOM ? text.slice(1) : text;
}
