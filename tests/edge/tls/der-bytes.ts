// DER by hand, for certificates that no tool makes.

import { Buffer } from 'node:buffer';

export function tlv(tag: number, ...content: readonly (Uint8Array | readonly number[])[]): Buffer {
  const body = Buffer.concat(content.map((part) => Buffer.from(part)));
  if (body.length < 0x80) return Buffer.concat([Buffer.from([tag, body.length]), body]);
  const length = body.length < 0x100 ? [0x81, body.length] : [0x82, body.length >> 8, body.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}

export const text = (tag: number, value: string): Buffer => tlv(tag, Buffer.from(value, 'utf8'));
export const seq = (...parts: readonly Uint8Array[]): Buffer => tlv(0x30, ...parts);

const OIDS = {
  commonName: [0x55, 0x04, 0x03],
  organization: [0x55, 0x04, 0x0a],
  alternativeName: [0x55, 0x1d, 0x11],
  issuerAlternativeName: [0x55, 0x1d, 0x12],
  /** 1.3.6.1.5.5.7.8.5 and .7 */
  xmppAddr: [0x2b, 6, 1, 5, 5, 7, 8, 5],
  dnsSrv: [0x2b, 6, 1, 5, 5, 7, 8, 7],
} as const;

export const oid = (name: keyof typeof OIDS): Buffer => tlv(0x06, OIDS[name]);

/** GeneralName of RFC 5280 §4.2.1.6. */
export const generalName = {
  dns: (value: string) => text(0x82, value),
  uri: (value: string) => text(0x86, value),
  email: (value: string) => text(0x81, value),
  ip: (...octets: number[]) => tlv(0x87, octets),
  xmppAddr: (value: string) => tlv(0xa0, oid('xmppAddr'), tlv(0xa0, text(0x0c, value))),
  srv: (value: string) => tlv(0xa0, oid('dnsSrv'), tlv(0xa0, text(0x16, value))),
};

export const alternativeName = (...names: readonly Uint8Array[]): Buffer =>
  seq(oid('alternativeName'), tlv(0x04, seq(...names)));

export const rdn = (kind: 'commonName' | 'organization', value: string): Buffer =>
  tlv(0x31, seq(oid(kind), text(0x0c, value)));

/** A certificate as far as names go; its signature is none. */
export function certificate(
  extensions: readonly Uint8Array[] | undefined,
  subject: readonly Uint8Array[] = [rdn('commonName', 'cn.example')],
): Buffer {
  const body = seq(
    tlv(0xa0, tlv(0x02, [2])),
    tlv(0x02, [1]),
    seq(),
    seq(),
    seq(),
    seq(...subject),
    seq(),
    ...(extensions === undefined ? [] : [tlv(0xa3, seq(...extensions))]),
  );
  return seq(body, seq(), tlv(0x03, [0]));
}
