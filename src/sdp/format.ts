// Writes a session description: the lines in the order of RFC 8866 §9, each ended by CR LF (§5).

import type { Attribute, Bandwidth, Connection, Section, SessionDescription } from './description.ts';

/** The text of a description. Values must hold no CR or LF: they are of a parser, or of builders that check. */
export function formatSdp(session: SessionDescription): string {
  // One text that grows: the engine joins it once, at the end, and no list of lines is kept.
  const { origin } = session;
  let text = `v=0\r\no=${origin.username} ${origin.sessionId} ${origin.sessionVersion} ${origin.netType} ${origin.addrType} ${origin.address}\r\ns=${session.name}\r\n`;
  text += line('i', session.information) + line('u', session.uri);
  for (const email of session.emails) text += `e=${email}\r\n`;
  for (const phone of session.phones) text += `p=${phone}\r\n`;
  if (session.connection !== undefined) text += connectionLine(session.connection);
  text += bandwidthLines(session.bandwidths);
  for (const { active, repeats, zones } of session.times) {
    text += `t=${active}\r\n`;
    for (const each of repeats) text += `r=${each}\r\n`;
    for (const each of zones) text += `z=${each}\r\n`;
  }
  text += line('k', session.key) + attributeLines(session);
  for (const medium of session.media) {
    const ports = medium.portCount === undefined ? `${medium.port}` : `${medium.port}/${medium.portCount}`;
    text += `m=${medium.media} ${ports} ${medium.protocol} ${medium.formats.join(' ')}\r\n`;
    text += line('i', medium.information);
    for (const connection of medium.connections) text += connectionLine(connection);
    text += bandwidthLines(medium.bandwidths) + line('k', medium.key) + attributeLines(medium);
  }
  return text;
}

function line(type: string, value: string | undefined): string {
  return value === undefined ? '' : `${type}=${value}\r\n`;
}

function connectionLine({ netType, addrType, address }: Connection): string {
  return `c=${netType} ${addrType} ${address}\r\n`;
}

function bandwidthLines(bandwidths: readonly Bandwidth[]): string {
  let text = '';
  for (const { type, value } of bandwidths) text += `b=${type}:${value}\r\n`;
  return text;
}

function attributeLines(section: Section): string {
  let text = '';
  for (const each of section.attributes) text += `a=${attributeText(each)}\r\n`;
  return text;
}

export function attributeText({ name, value }: Attribute): string {
  return value === undefined ? name : `${name}:${value}`;
}
