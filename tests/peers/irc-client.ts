// A person on IRC: one connection to a server, line by line (RFC 2812).
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { mustBecome } from './wait.ts';

export interface IrcClientOptions {
  readonly address: string;
  readonly port: number;
  readonly nick: string;
}

/** A PRIVMSG that came. */
export interface IrcText {
  /** The nick. */
  readonly from: string;
  /** A channel, or the own nick. */
  readonly to: string;
  readonly text: string;
}

export class IrcClient {
  readonly options: IrcClientOptions;
  /** Every line from the server so far. */
  readonly lines: string[] = [];
  readonly #socket: Socket;

  private constructor(options: IrcClientOptions, socket: Socket) {
    this.options = options;
    this.#socket = socket;
    socket.on('error', () => {});
    createInterface({ input: socket, crlfDelay: Infinity }).on('line', (line) => {
      this.lines.push(line);
      // RFC 2812 §3.7.2: whoever does not answer is cut off.
      if (line.startsWith('PING ')) this.say(`PONG ${line.slice(5)}`);
    });
  }

  /** Connected, and welcome (RFC 2812 §5.1: 001). */
  static async online(options: IrcClientOptions): Promise<IrcClient> {
    const client = new IrcClient(options, connect({ host: options.address, port: options.port }));
    client.say(`NICK ${options.nick}`);
    client.say(`USER ${options.nick} 0 * :${options.nick}`);
    await client.#numeric('001');
    return client;
  }

  /** Joins a channel; resolves at the end of its list of names (RFC 2812 §5.1: 366). */
  async join(channel: string): Promise<void> {
    this.say(`JOIN ${channel}`);
    await this.#numeric('366');
  }

  /** Writes to a channel or a nick. */
  write(to: string, text: string): void {
    this.say(`PRIVMSG ${to} :${text}`);
  }

  /** One line, as it is. */
  say(line: string): void {
    this.#socket.write(`${line}\r\n`);
  }

  get texts(): readonly IrcText[] {
    return this.lines.flatMap((line) => {
      const [, from = '', to = '', text = ''] = /^:([^!\s]+)\S* PRIVMSG (\S+) :(.*)$/.exec(line) ?? [];
      return from === '' ? [] : [{ from, to, text }];
    });
  }

  async text(text: string, timeoutMs = 10_000): Promise<IrcText> {
    const find = (): IrcText | undefined => this.texts.find((each) => each.text === text);
    return await mustBecome(`"${text}" at ${this.options.nick} of IRC`, find, timeoutMs);
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#socket.once('close', () => resolve());
      this.#socket.end('QUIT\r\n');
      setTimeout(() => this.#socket.destroy(), 1_000).unref();
    });
  }

  async #numeric(code: string): Promise<void> {
    const came = (): boolean => this.lines.some((line) => line.split(' ')[1] === code);
    await mustBecome(`${code} for ${this.options.nick} of IRC`, came, 10_000);
  }
}
