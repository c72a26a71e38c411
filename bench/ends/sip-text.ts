// SIP messages as texts, made and answered: no more of them is read than the ends of a load need.

import type { SipTransport } from './sip-end.ts';

/** The protocol of a Via (RFC 3261 §20.42). */
export function viaProtocol(transport: SipTransport): string {
  return `SIP/2.0/${transport.toUpperCase()}`;
}

/** The value of the first field with this name; '' when it is not there. */
export function fieldOf(text: string, name: string): string {
  const at = text.indexOf(`\r\n${name}: `);
  return at < 0 ? '' : text.slice(at + name.length + 4, text.indexOf('\r\n', at + 2));
}

export function bodyOf(text: string): string {
  return text.slice(text.indexOf('\r\n\r\n') + 4);
}

/** Of a response; 0 of a request. */
export function statusOf(text: string): number {
  return text.startsWith('SIP/2.0 ') ? Number(text.slice(8, 11)) : 0;
}

/** The response to a request of the gateway, whose fields have their long names (RFC 3261 §8.2.6.2). */
export function responseTo(request: string, status: string, more = '', body = '', tag = 'bench'): string {
  let fields = '';
  for (const line of request.slice(0, request.indexOf('\r\n\r\n')).split('\r\n')) {
    if (line.startsWith('To: ')) fields += line.includes(';tag=') ? `${line}\r\n` : `${line};tag=${tag}\r\n`;
    else if (/^(?:Via|From|Call-ID|CSeq|Record-Route): /.test(line)) fields += `${line}\r\n`;
  }
  return `SIP/2.0 ${status}\r\n${fields}${more}Content-Length: ${body.length}\r\n\r\n${body}`;
}
