// A DNS server on loopback that answers from a table: the wire format is real, the zone is the test's.

import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import dnsPacket, { type Answer } from 'dns-packet';

export interface NaptrData {
  readonly order: number;
  readonly preference: number;
  readonly flags: string;
  readonly services: string;
  readonly regexp: string;
  readonly replacement: string;
}

export interface SrvData {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  readonly target: string;
}

/** What stands at "TYPE name": data of records, or a response code, or silence. */
export type ZoneEntry =
  | readonly (NaptrData | SrvData | string)[]
  | 'SERVFAIL'
  | 'NXDOMAIN'
  | 'REFUSED'
  | 'silent'
  | 'garbage';

const CODES = { NOERROR: 0, SERVFAIL: 2, NXDOMAIN: 3, REFUSED: 5 } as const;

/** See the file head. Names that end in a CNAME entry are followed within the answer, as resolvers do. */
export class TestDnsServer {
  #socket: Socket | undefined;
  zone: Readonly<Record<string, ZoneEntry>>;
  ttl = 300;
  readonly asked: string[] = [];

  constructor(zone: Readonly<Record<string, ZoneEntry>>) {
    this.zone = zone;
  }

  /** `ADDRESS:PORT` at which it answers; by default a free port of 127.0.0.1. */
  async start(address = '127.0.0.1', port = 0): Promise<string> {
    const six = address.includes(':');
    const socket = createSocket(six ? 'udp6' : 'udp4');
    this.#socket = socket;
    socket.on('message', (bytes, sender) => {
      const response = this.#respond(bytes);
      if (response !== undefined) socket.send(response, sender.port, sender.address);
    });
    socket.bind(port, address);
    await once(socket, 'listening');
    return `${six ? `[${address}]` : address}:${socket.address().port}`;
  }

  async stop(): Promise<void> {
    const socket = this.#socket;
    if (socket === undefined) return;
    this.#socket = undefined;
    socket.close();
    await once(socket, 'close');
  }

  #respond(bytes: Uint8Array): Uint8Array | undefined {
    const query = dnsPacket.decode(bytes);
    const [question] = query.questions;
    if (question === undefined) return undefined;
    const key = `${question.type} ${question.name.toLowerCase()}`;
    this.asked.push(key);
    const entry = this.zone[key] ?? this.zone[`CNAME ${question.name.toLowerCase()}`] ?? [];
    if (entry === 'silent') return undefined;
    const code = typeof entry === 'string' && entry !== 'garbage' ? CODES[entry] : CODES.NOERROR;
    const packet = dnsPacket.encode({
      type: 'response',
      id: query.id,
      flags: dnsPacket.RECURSION_DESIRED | dnsPacket.RECURSION_AVAILABLE | code,
      questions: query.questions,
      answers: typeof entry === 'string' ? [] : this.#answers(question.type, question.name),
    });
    if (entry !== 'garbage') return packet;
    // The header promises five answers, and noise follows.
    packet[7] = 5;
    return Buffer.concat([packet, Buffer.from('c00c0001000100ff', 'hex')]);
  }

  #answers(type: string, name: string): Answer[] {
    const alias = this.zone[`CNAME ${name.toLowerCase()}`];
    if (Array.isArray(alias) && typeof alias[0] === 'string') {
      const canonical = alias[0];
      return [{ type: 'CNAME', name, ttl: this.ttl, data: canonical }, ...this.#answers(type, canonical)];
    }
    const entry = this.zone[`${type} ${name.toLowerCase()}`];
    if (entry === undefined || typeof entry === 'string') return [];
    return entry.map((data) => ({ type, name, ttl: this.ttl, data }));
  }
}
