// UDP with many datagrams in one system call, by the optional addon (addon/build.sh). It is taken when it was built;
// node:dgram stays the reference, and the same tests run over both.

import { createRequire } from 'node:module';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate, clearImmediate } from 'node:timers';
import { formatIpAddress, parseIpAddress, StoxgateError, type Bytes } from '../../base/index.ts';
import type {
  DatagramHandlers,
  DatagramOptions,
  DatagramSocket,
  DatagramSocketFactory,
} from './datagram-socket.ts';

/** The numbers of addon/udp-batch.c. */
const SLOTS = 64;
const SLOT_OCTETS = 65_536;
/** Length, port, and four words of address. */
const WORDS = 6;
/** Octets of datagrams that leave in one call at most. */
const SEND_OCTETS = 256 * 1024;
/** Datagrams that wait while the kernel's buffer is full; more are lost, as UDP may. */
const MAX_WAITING = 4096;
const REMEMBERED_ADDRESSES = 10_000;
const BUILT = join(import.meta.dirname, '../../../addon/build/udp-batch.node');

interface NativeSocket {
  bind(address: Uint32Array, ipv6Only: boolean, receiveOctets: number, sendOctets: number): number;
  send(block: Uint8Array, meta: Uint32Array, count: number): number;
  close(): void;
}

type NativeConstructor = new (
  family: number,
  receive: Uint8Array,
  meta: Uint32Array,
  onBatch: (count: number) => void,
) => NativeSocket;

interface Waiting {
  readonly bytes: Bytes;
  readonly address: string;
  readonly port: number;
  readonly failed: Failed | undefined;
}

type Failed = (error: Error) => void;

/**
 * The factory over the addon; undefined when it was not built, or STOXGATE_UDP=node asks for node:dgram. Throws
 * `ERR_SIP_UDP_ADDON` when the built file does not load.
 */
export function batchDatagramSocket(file = BUILT): DatagramSocketFactory | undefined {
  if (process.env['STOXGATE_UDP'] === 'node' || !existsSync(file)) return undefined;
  let loaded: { UdpBatch: NativeConstructor };
  try {
    loaded = createRequire(import.meta.url)(file);
  } catch (cause) {
    throw new StoxgateError('ERR_SIP_UDP_ADDON', `${file} does not load: build it again, or delete it`, {
      cause,
    });
  }
  return (options, handlers) => new BatchSocket(loaded.UdpBatch, options, handlers);
}

class BatchSocket implements DatagramSocket {
  readonly #options: DatagramOptions;
  readonly #handlers: DatagramHandlers;
  readonly #native: NativeSocket;
  readonly #receive = Buffer.alloc(SLOTS * SLOT_OCTETS);
  readonly #receiveMeta = new Uint32Array(SLOTS * WORDS);
  readonly #sendBlock = Buffer.alloc(SEND_OCTETS);
  readonly #sendMeta = new Uint32Array(SLOTS * WORDS);
  #count = 0;
  #octets = 0;
  /** Whom to tell when a datagram of the batch in hand is refused, by its place. */
  readonly #failed: (Failed | undefined)[] = Array.from({ length: SLOTS }, () => undefined);
  #waiting: Waiting[] = [];
  #flushing: NodeJS.Immediate | undefined;
  #closed = false;
  /** Text of an address by its words, and back: peers are few and write often. */
  readonly #texts = new Map<number | string, string>();
  readonly #words = new Map<string, Uint32Array>();

  constructor(native: NativeConstructor, options: DatagramOptions, handlers: DatagramHandlers) {
    this.#options = options;
    this.#handlers = handlers;
    this.#native = new native(options.family, this.#receive, this.#receiveMeta, (count) =>
      this.#batch(count),
    );
  }

  bind(address: string, port: number): Promise<number> {
    const { ipv6Only, receiveBufferBytes, sendBufferBytes } = this.#options;
    const meta = new Uint32Array(WORDS);
    meta.set(this.#wordsOf(address), 2);
    meta[1] = port;
    return new Promise((resolve) => {
      resolve(this.#native.bind(meta, ipv6Only, receiveBufferBytes, sendBufferBytes));
    });
  }

  send(bytes: Bytes, address: string, port: number, failed?: Failed): void {
    if (!(port > 0 && port < 65_536)) throw new RangeError(`port ${port} is out of range`);
    if (this.#waiting.length > 0 || this.#count === SLOTS || this.#octets + bytes.length > SEND_OCTETS)
      this.#flush();
    if (this.#waiting.length > 0) {
      if (this.#waiting.length >= MAX_WAITING) {
        if (failed !== undefined)
          process.nextTick(failed, new Error('the send buffer of the system is full'));
      } else this.#waiting.push({ bytes, address, port, failed });
      return;
    }
    this.#put(bytes, address, port, failed);
    // An immediate runs after everything that this wake-up brought: the answers to a batch leave as a batch.
    this.#flushing ??= setImmediate(() => this.#flush());
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#flush();
    this.#closed = true;
    clearImmediate(this.#flushing);
    this.#native.close();
    // The handle is closed at the end of a turn of the loop, behind its immediates: whoever binds the port again waits for the next.
    for (let turn = 0; turn < 2; turn++) await new Promise<void>((resolve) => void setImmediate(resolve));
  }

  #put(bytes: Bytes, address: string, port: number, failed: Failed | undefined): void {
    const at = this.#count * WORDS;
    const meta = this.#sendMeta;
    const words = this.#wordsOf(address);
    meta[at] = bytes.length;
    meta[at + 1] = port;
    // Written out: `set` of four elements costs more than all the rest here.
    meta[at + 2] = words[0] ?? 0;
    meta[at + 3] = words[1] ?? 0;
    meta[at + 4] = words[2] ?? 0;
    meta[at + 5] = words[3] ?? 0;
    this.#sendBlock.set(bytes, this.#octets);
    this.#failed[this.#count] = failed;
    this.#octets += bytes.length;
    this.#count += 1;
  }

  #flush(): void {
    this.#flushing = undefined;
    if (this.#closed) return;
    while (this.#count > 0) {
      const sent = this.#native.send(this.#sendBlock, this.#sendMeta, this.#count);
      if (sent === this.#count) this.#taken();
      else if (!this.#partly(sent)) return;
      this.#refill();
    }
  }

  /** The batch is empty again. */
  #taken(): void {
    this.#failed.fill(undefined, 0, this.#count);
    this.#count = 0;
    this.#octets = 0;
  }

  /** Some went out: the first of the rest was refused, or there is no room. False: try again in the next turn. */
  #partly(sent: number): boolean {
    const full = sent === -EAGAIN || sent === -ENOBUFS;
    const rest = this.#rest(Math.max(sent, 0));
    this.#taken();
    // A refused datagram is told to its sender and left out; the others go on.
    const refused = sent < 0 && !full ? rest.shift() : undefined;
    if (refused?.failed !== undefined) {
      process.nextTick(refused.failed, new Error(`the system refused a datagram (error ${-sent})`));
    }
    this.#waiting = [...rest, ...this.#waiting];
    if (!full) return true;
    this.#flushing = setImmediate(() => {
      this.#refill();
      this.#flush();
    });
    return false;
  }

  /** Copies of what was not sent, from this datagram on. */
  #rest(from: number): Waiting[] {
    const rest: Waiting[] = [];
    let octets = 0;
    for (let i = 0; i < this.#count; i++) {
      const length = this.#sendMeta[i * WORDS] ?? 0;
      if (i >= from) {
        rest.push({
          bytes: Buffer.from(this.#sendBlock.subarray(octets, octets + length)),
          address: this.#text(this.#sendMeta, i * WORDS + 2),
          port: this.#sendMeta[i * WORDS + 1] ?? 0,
          failed: this.#failed[i],
        });
      }
      octets += length;
    }
    return rest;
  }

  #refill(): void {
    while (this.#waiting.length > 0 && this.#count < SLOTS) {
      const next = this.#waiting[0];
      if (next === undefined || this.#octets + next.bytes.length > SEND_OCTETS) return;
      this.#waiting.shift();
      this.#put(next.bytes, next.address, next.port, next.failed);
    }
  }

  #batch(count: number): void {
    for (let i = 0; i < count; i++) {
      const at = i * WORDS;
      const start = i * SLOT_OCTETS;
      const bytes = this.#receive.subarray(start, start + (this.#receiveMeta[at] ?? 0));
      // The block is used again at the next wake-up: whoever keeps a part of it copies (see TransportSink).
      this.#handlers.message(bytes, this.#text(this.#receiveMeta, at + 2), this.#receiveMeta[at + 1] ?? 0);
    }
  }

  #text(meta: Uint32Array, at: number): string {
    const four = this.#options.family === 4;
    const key = four ? (meta[at] ?? 0) : `${meta[at]} ${meta[at + 1]} ${meta[at + 2]} ${meta[at + 3]}`;
    let text = this.#texts.get(key);
    if (text === undefined) {
      const octets: number[] = [];
      for (let i = 0; i < (four ? 1 : 4); i++) {
        const word = meta[at + i] ?? 0;
        octets.push(word >>> 24, (word >>> 16) & 0xff, (word >>> 8) & 0xff, word & 0xff);
      }
      text = formatIpAddress({ family: four ? 4 : 6, octets });
      if (this.#texts.size >= REMEMBERED_ADDRESSES) this.#texts.clear();
      this.#texts.set(key, text);
    }
    return text;
  }

  #wordsOf(address: string): Uint32Array {
    let words = this.#words.get(address);
    if (words === undefined) {
      const parsed = parseIpAddress(address);
      if (parsed === undefined || parsed.family !== this.#options.family) {
        throw new TypeError(`"${address}" is no address for this socket`);
      }
      words = new Uint32Array(4);
      for (const [i, octet] of parsed.octets.entries()) words[i >> 2] = ((words[i >> 2] ?? 0) << 8) | octet;
      if (this.#words.size >= REMEMBERED_ADDRESSES) this.#words.clear();
      this.#words.set(address, words);
    }
    return words;
  }
}

/** Linux. */
const EAGAIN = 11;
const ENOBUFS = 105;
