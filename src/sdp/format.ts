// Writes a session description: the lines in the order of RFC 8866 §9, each ended by CR LF (§5).

import type { Attribute, Bandwidth, Connection, Section, SessionDescription } from './description.ts';

/** The text of a description. Values must hold no CR or LF: they are of a parser, or of builders that check. */
export function formatSdp(session: SessionDescription): string {
  const { origin } = session;
  const lines = [
    'v=0',
    `o=${origin.username} ${origin.sessionId} ${origin.sessionVersion} ${origin.netType} ${origin.addrType} ${origin.address}`,
    `s=${session.name}`,
  ];
  add(lines, 'i', session.information);
  add(lines, 'u', session.uri);
  for (const email of session.emails) lines.push(`e=${email}`);
  for (const phone of session.phones) lines.push(`p=${phone}`);
  if (session.connection !== undefined) lines.push(connectionLine(session.connection));
  addBandwidths(lines, session.bandwidths);
  for (const { active, repeats, zones } of session.times) {
    lines.push(`t=${active}`, ...repeats.map((each) => `r=${each}`), ...zones.map((each) => `z=${each}`));
  }
  add(lines, 'k', session.key);
  addAttributes(lines, session);
  for (const medium of session.media) {
    const ports = medium.portCount === undefined ? `${medium.port}` : `${medium.port}/${medium.portCount}`;
    lines.push(`m=${medium.media} ${ports} ${medium.protocol} ${medium.formats.join(' ')}`);
    add(lines, 'i', medium.information);
    for (const connection of medium.connections) lines.push(connectionLine(connection));
    addBandwidths(lines, medium.bandwidths);
    add(lines, 'k', medium.key);
    addAttributes(lines, medium);
  }
  return `${lines.join('\r\n')}\r\n`;
}

function add(lines: string[], type: string, value: string | undefined): void {
  if (value !== undefined) lines.push(`${type}=${value}`);
}

function connectionLine({ netType, addrType, address }: Connection): string {
  return `c=${netType} ${addrType} ${address}`;
}

function addBandwidths(lines: string[], bandwidths: readonly Bandwidth[]): void {
  for (const { type, value } of bandwidths) lines.push(`b=${type}:${value}`);
}

function addAttributes(lines: string[], section: Section): void {
  for (const each of section.attributes) lines.push(`a=${attributeText(each)}`);
}

export function attributeText({ name, value }: Attribute): string {
  return value === undefined ? name : `${name}:${value}`;
}
