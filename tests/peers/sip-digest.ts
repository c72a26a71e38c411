// Digest answers of the test peers (RFC 7616 with MD5, the one Kamailio asks for), independent of the gateway's.
import { hash } from 'node:crypto';
import { parameter } from './sip-text.ts';

export interface DigestAccount {
  readonly user: string;
  readonly password: string;
}

/** The value of (Proxy-)Authorization for one challenge. */
export function digestAnswer(challenge: string, account: DigestAccount, method: string, uri: string): string {
  const md5 = (text: string): string => hash('md5', text, 'hex');
  const realm = parameter(challenge, 'realm') ?? '';
  const nonce = parameter(challenge, 'nonce') ?? '';
  const cnonce = Math.random().toString(36).slice(2);
  const a1 = md5(`${account.user}:${realm}:${account.password}`);
  const a2 = md5(`${method}:${uri}`);
  const common = `Digest username="${account.user}", realm="${realm}", nonce="${nonce}", uri="${uri}", algorithm=MD5`;
  if (!/qop/i.test(challenge)) return `${common}, response="${md5(`${a1}:${nonce}:${a2}`)}"`;
  const response = md5(`${a1}:${nonce}:00000001:${cnonce}:auth:${a2}`);
  return `${common}, qop=auth, nc=00000001, cnonce="${cnonce}", response="${response}"`;
}
