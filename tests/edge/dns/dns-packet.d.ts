// The part of dns-packet (which has no types of its own) that the DNS server of these tests uses.

declare module 'dns-packet' {
  export interface Question {
    readonly type: string;
    readonly name: string;
  }

  export interface Answer extends Question {
    readonly ttl: number;
    readonly data: unknown;
  }

  export interface Packet {
    readonly type: 'query' | 'response';
    readonly id: number;
    readonly flags: number;
    readonly questions: readonly Question[];
    readonly answers?: readonly Answer[];
  }

  const dnsPacket: {
    decode(bytes: Uint8Array): Packet;
    encode(packet: Packet): Buffer;
    streamEncode(packet: Packet): Buffer;
    readonly RECURSION_DESIRED: number;
    readonly RECURSION_AVAILABLE: number;
    readonly AUTHORITATIVE_ANSWER: number;
    readonly TRUNCATED_RESPONSE: number;
  };
  export default dnsPacket;
}
