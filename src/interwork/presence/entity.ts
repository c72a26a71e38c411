// Whose presence is it? (row PRES-91)

import { fault, ok, type Result } from '../../base/index.ts';
import { uriToJid } from '../../mapping/index.ts';
import { equalBare, formatBareJid } from '../../xmpp/index.ts';

/**
 * The entity of a document must be the one that was asked for: the same user at the same domain. The schemes pres, im,
 * sip and sips name the same people (RFC 3859 §3.2); port and parameters are of the way there. Fault:
 * ERR_PRESENCE_ENTITY, for the answer 400.
 */
export function checkEntity(entity: string, expectedUri: string): Result<void> {
  const told = uriToJid(asUri(entity.trim()));
  const expected = uriToJid(expectedUri);
  if (!told.ok || !expected.ok || !equalBare(told.value, expected.value)) {
    return fault('ERR_PRESENCE_ENTITY', 'presence of somebody else', 'RFC 3863 §4.1.1');
  }
  return ok(undefined);
}

/** The bare JID of whoever is meant by the URI of a resource in a list (RFC 4662 §5.3); undefined: nobody's that is known here. */
export function entityKey(uri: string): string | undefined {
  const told = uriToJid(asUri(uri.trim()));
  return told.ok ? formatBareJid(told.value) : undefined;
}

/** An xs:anyURI may be an IRI: what is not ASCII is escaped as UTF-8 (RFC 3987 §3.1). */
function asUri(text: string): string {
  return text.toWellFormed().replace(/[^\0-\x7f]+/g, encodeURIComponent);
}
