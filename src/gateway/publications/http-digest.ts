// Digest authentication towards an HTTP server (RFC 7616), with one user whose password is for whatever realm it names.

import { toByteString, type Bytes, type Random } from '../../base/index.ts';
import { digestAlgorithm, digestResponse, parseChallenges } from '../../sip/index.ts';

export interface HttpUser {
  readonly user: string;
  readonly password: string;
}

const CNONCE_CHARS = 16;

/**
 * The Authorization field that answers the first challenge that can be answered; undefined: none can. `uri`: the request
 * target. `challenges`: values of WWW-Authenticate.
 */
export function answerHttpChallenge(
  challenges: readonly string[],
  request: { readonly method: string; readonly uri: string; readonly body: Bytes },
  { user, password }: HttpUser,
  random: Random,
): string | undefined {
  for (const value of challenges) {
    const read = parseChallenges(toByteString(value));
    if (!read.ok) continue;
    for (const { scheme, params } of read.value) {
      const algorithm = digestAlgorithm(params.get('algorithm'));
      const nonce = params.get('nonce');
      const offered = params
        .get('qop')
        ?.split(',')
        .map((each) => each.trim().toLowerCase());
      if (scheme !== 'digest' || algorithm === undefined || nonce === undefined) continue;
      if (offered !== undefined && !offered.includes('auth')) continue;
      const cnonce = random.base32(CNONCE_CHARS);
      const { method, uri, body } = request;
      const realm = params.get('realm') ?? '';
      const name = toByteString(user.normalize('NFC'));
      const response = digestResponse({
        ...{ algorithm, realm, nonce, method, uri },
        user: name,
        password: toByteString(password.normalize('NFC')),
        protection: offered === undefined ? undefined : { qop: 'auth', nc: '00000001', cnonce, body },
      });
      const fields = [
        `username=${quote(name)}, realm=${quote(realm)}, nonce=${quote(nonce)}, uri=${quote(uri)}`,
        `response="${response}"`,
        ...(params.has('algorithm') ? [`algorithm=${algorithm}`] : []),
        ...(offered === undefined ? [] : [`cnonce="${cnonce}", qop=auth, nc=00000001`]),
        ...(params.has('opaque') ? [`opaque=${quote(params.get('opaque') ?? '')}`] : []),
      ];
      return `Digest ${fields.join(', ')}`;
    }
  }
  return undefined;
}

function quote(value: string): string {
  return `"${value.replaceAll(/["\\]/g, '\\$&')}"`;
}
