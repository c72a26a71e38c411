// The body of a NOTIFY or PUBLISH of the package presence, by its media type (RFC 3856 §6.5, row PRES-92).

import type { Bytes, Result } from '../base/index.ts';
import { CPIM_PIDF_TYPE, readCpimPidf, readXpidf, XPIDF_TYPE } from './old-pidf.ts';
import { readPidf } from './pidf-read.ts';
import { PIDF_TYPE, type PidfDocument } from './pidf.ts';

/** What `readPresenceBody` reads, the one that is written first. */
export const PRESENCE_TYPES: readonly string[] = [PIDF_TYPE, CPIM_PIDF_TYPE, XPIDF_TYPE];

/**
 * Reads a body of the type `type` ("type/subtype", lower case); undefined: not one of PRESENCE_TYPES, so 415 (PRES-91).
 * Faults: ERR_MIME_PIDF, and those of the XML parser.
 */
export function readPresenceBody(type: string, body: Bytes): Result<PidfDocument> | undefined {
  switch (type) {
    case PIDF_TYPE:
      return readPidf(body);
    case CPIM_PIDF_TYPE:
      return readCpimPidf(body);
    case XPIDF_TYPE:
      return readXpidf(body);
    default:
      return undefined;
  }
}
