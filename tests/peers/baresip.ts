// baresip (package baresip-core): a SIP phone driven over its ctrl_tcp module, read through its SIP trace.
import { mkdirSync, writeFileSync, existsSync, readdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { readObject, textField } from './json-object.ts';
import { PeerProcess } from './peer-process.ts';
import { mustBecome, waitFor } from './wait.ts';

export interface BaresipOptions {
  readonly folder: string;
  /** Its own address and the proxy's; default 127.0.0.1. */
  readonly address?: string;
  readonly user: string;
  readonly domain: string;
  readonly password: string;
  readonly proxyPort: number;
  readonly sipPort: number;
  readonly controlPort: number;
  /** SIP URIs to write to; MESSAGE goes to the current contact. */
  readonly contacts: readonly string[];
  /** False: it knows its proxy and asks for no registration. */
  readonly registers?: false;
  /** It tells its presence to whoever subscribes (its module presence; `presence` changes it), and watches its contacts. */
  readonly presence?: boolean;
  /** Absent: it signals calls alone. */
  readonly media?: BaresipMediaOptions;
}

export interface BaresipMediaOptions {
  /** Where its media are; for ICE no loopback address. */
  readonly address: string;
  /** `plain`: RTP and nothing else. `webrtc`: ICE with DTLS-SRTP. */
  readonly security: 'plain' | 'webrtc';
  /** It has a camera too, with a picture of its own. */
  readonly video?: boolean;
}

/** What it tells of a call by itself: CALL_INCOMING, CALL_ESTABLISHED, CALL_CLOSED … */
export interface PhoneEvent {
  readonly type: string;
  /** Why a call is closed. */
  readonly text: string;
}

/** What one stream of its call has counted so far, by its debug pages. */
export interface BaresipStream {
  readonly sent: number;
  readonly received: number;
  /** How media are encrypted, and whether that is so: "dtls_srtp (secure=yes)", "(none) (secure=no)". */
  readonly encryption: string;
  /** The codec that it sends: "opus", "PCMU", "VP8". */
  readonly codec: string;
  /** `ADDRESS:PORT` that it sends to. */
  readonly remote: string;
}

/** A MESSAGE of its SIP trace. */
export interface TracedMessage {
  /** ADDRESS:PORT. */
  readonly receiver: string;
  readonly head: string;
  readonly body: string;
}

const STARTS = 3;

export class Baresip {
  readonly options: BaresipOptions;
  readonly #process: PeerProcess;
  readonly #replies = new Map<string, string>();
  readonly #events: PhoneEvent[] = [];
  #socket: Socket | undefined;
  #buffer = Buffer.alloc(0);
  #token = 0;

  private constructor(options: BaresipOptions) {
    this.options = options;
    const { folder, address = '127.0.0.1' } = options;
    const six = address.includes(':');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'config'), configuration(options));
    const account =
      `<sip:${options.user}@${options.domain};transport=udp>;regint=${options.registers === false ? 0 : 600};auth_pass=${options.password}` +
      `;outbound="sip:${hostOf(options)}:${options.proxyPort};transport=udp"${mediaParameters(options)}`;
    writeFileSync(join(folder, 'accounts'), `${account}\n`);
    const watched = options.presence === true ? ';presence=p2p' : '';
    writeFileSync(
      join(folder, 'contacts'),
      options.contacts.map((uri) => `"${uri}" <${uri}>${watched}\n`).join(''),
    );
    // No newline at its end: it would land inside the Contact, and Kamailio drops such a REGISTER.
    writeFileSync(join(folder, 'uuid'), this.instance.slice('urn:uuid:'.length));
    this.#process = new PeerProcess('baresip', ['baresip', six ? '-6' : '-4', '-s', '-f', folder], {
      logFile: join(folder, 'baresip.log'),
      cwd: folder,
      env: { HOME: folder },
    });
  }

  /** Started, connected and, unless it shall not, registered. */
  static async registered(options: BaresipOptions): Promise<Baresip> {
    for (let attempt = 1; ; attempt++) {
      const phone = new Baresip(options);
      try {
        await phone.#begin();
        return phone;
      } catch (error) {
        const { alive, output } = phone.#process;
        await phone.close();
        // Of some hundred that start on a busy machine one now and then never opens its control port. It has done nothing yet.
        if (phone.#socket === undefined && attempt < STARTS) continue;
        throw new Error(`${alive ? 'silent' : 'ended'}: ${output.slice(-1_000)}`, { cause: error });
      }
    }
  }

  /** What it registers as `+sip.instance` (RFC 5626): the `gr` of its public GRUU at Kamailio. */
  get instance(): string {
    return `urn:uuid:00000000-0000-4000-8000-${String(this.options.controlPort).padStart(12, '0')}`;
  }

  /** Runs a command of its menu ("reginfo", "message", "contact_next", …) and gives what it printed. */
  async command(command: string, parameters = ''): Promise<string> {
    const token = String(++this.#token);
    const json = JSON.stringify({ command, params: parameters, token });
    this.#socket?.write(`${Buffer.byteLength(json)}:${json},`);
    await waitFor(() => this.#replies.has(token), 5_000);
    const reply = this.#replies.get(token) ?? '';
    this.#replies.delete(token);
    return reply;
  }

  /** Sends a text to a contact of the list. */
  async message(contact: string, text: string): Promise<void> {
    // The list does not wrap around: to its start, then on until the wanted one is the current one.
    const all = this.options.contacts.map(() => 'contact_next');
    for (const step of [...this.options.contacts.map(() => 'contact_prev'), ...all]) {
      if (!(await this.command(step)).includes(`<${contact}>`)) continue;
      await this.command('message', text);
      return;
    }
    throw new Error(`baresip has no contact ${contact}`);
  }

  /** Calls somebody. */
  async dial(uri: string): Promise<void> {
    await this.command('dial', uri);
  }

  /** Undefined: it has no such stream now. */
  async stream(kind: 'audio' | 'video'): Promise<BaresipStream | undefined> {
    const page = await this.command(`${kind}_debug`);
    const words = (pattern: RegExp): string => pattern.exec(page)?.[1] ?? '';
    if (!page.includes('RTP debug')) return undefined;
    return {
      sent: Number(words(/TX: packets=(\d+)/)),
      received: Number(words(/ rcvd=(\d+)/)),
      encryption: words(/menc: (\S+ \(secure=\w+\))/),
      codec: words(/encode: (\S+) /),
      remote: words(/remote: (\S+)\//),
    };
  }

  /** The next event of this type, of those that nobody has waited for; throws when there is none in time. */
  async event(type: string, timeoutMs = 10_000): Promise<PhoneEvent> {
    const find = (): number => this.#events.findIndex((event) => event.type === type);
    await waitFor(() => find() >= 0, timeoutMs);
    const [found] = find() < 0 ? [] : this.#events.splice(find(), 1);
    if (found !== undefined) return found;
    throw new Error(`baresip: no ${type} within ${timeoutMs} ms; ${JSON.stringify(this.#events)}`);
  }

  /** What it told until now is of no interest any more. */
  forget(): void {
    this.#events.length = 0;
  }

  /** Tells its watchers. */
  async presence(status: 'online' | 'offline'): Promise<void> {
    await this.command(`presence_${status}`);
  }

  /** Every MESSAGE request that came in so far, from its SIP trace, retransmissions too. */
  get received(): readonly TracedMessage[] {
    const own = `${hostOf(this.options)}:${this.options.sipPort}`;
    return tracedMessages(this.#process.output).filter((message) => message.receiver === own);
  }

  get output(): string {
    return this.#process.output;
  }

  async close(): Promise<void> {
    this.#socket?.write('18:{"command":"quit"},');
    await waitFor(() => !this.#process.alive, 2_000);
    this.#socket?.destroy();
    await this.#process.stop(2_000);
  }

  /** Ends it without a word. */
  async kill(): Promise<void> {
    this.#socket?.destroy();
    await this.#process.stop(0, 'SIGKILL');
  }

  async #begin(): Promise<void> {
    const { options } = this;
    const socket = await mustBecome(
      'control port of baresip',
      () => tryConnect(options.controlPort, options.address),
      12_000,
    );
    this.#socket = socket;
    socket.on('data', (chunk) => this.#read(chunk));
    socket.on('error', () => {});
    if (options.registers === false) return;
    // An event REGISTER_OK may precede the control connection, so ask.
    await mustBecome(
      'registration of baresip',
      async () => /\bOK\b/.test(await this.command('reginfo')),
      15_000,
    );
  }

  /** Netstrings of JSON: `LENGTH:{…},`. */
  #read(chunk: Buffer): void {
    this.#buffer = Buffer.concat([this.#buffer, chunk]);
    for (;;) {
      const colon = this.#buffer.indexOf(':');
      if (colon < 0) return;
      const length = Number(this.#buffer.subarray(0, colon).toString());
      if (this.#buffer.length < colon + 1 + length + 1) return;
      const value = readObject(this.#buffer.subarray(colon + 1, colon + 1 + length).toString()) ?? {};
      this.#buffer = this.#buffer.subarray(colon + 1 + length + 1);
      if (value['event'] === true) {
        this.#events.push({ type: textField(value, 'type') ?? '', text: textField(value, 'param') ?? '' });
      }
      const token = textField(value, 'token');
      if (token !== undefined) this.#replies.set(token, withoutColour(textField(value, 'data') ?? ''));
    }
  }
}

function configuration(options: BaresipOptions): string {
  const apps = ['account', 'contact', 'ctrl_tcp', 'debug_cmd', 'menu'];
  if (options.presence === true) apps.push('presence');
  const modules = apps.map((name) => `module_app ${name}.so`);
  return [
    'poll_method epoll',
    `sip_listen ${hostOf(options)}:${options.sipPort}`,
    'sip_trans_def udp',
    `net_interface ${options.media?.address ?? options.address ?? '127.0.0.1'}`,
    `module_path ${modulePath()}`,
    `ctrl_tcp_listen ${hostOf(options)}:${options.controlPort}`,
    'statmode_default off',
    'module g711.so',
    'module uuid.so',
    ...mediaConfiguration(options),
    ...modules,
    '',
  ].join('\n');
}

/** Of its account. */
function mediaParameters({ media }: BaresipOptions): string {
  if (media === undefined) return '';
  const codecs = ';audio_codecs=opus/48000/2,PCMU/8000/1';
  return media.security === 'webrtc' ? `${codecs};medianat=ice;mediaenc=dtls_srtp` : codecs;
}

function mediaConfiguration({ media }: BaresipOptions): readonly string[] {
  if (media === undefined) return [];
  const modules = ['opus', 'ausine', 'aufile', 'rtcpsummary'];
  if (media.security === 'webrtc') modules.push('ice', 'srtp', 'dtls_srtp');
  if (media.video === true) modules.push('vp8', 'fakevideo');
  return [
    // A tone to send; what is heard goes into a file.
    ...['audio_source ausine,440', 'audio_player aufile,heard.wav', 'audio_alert aufile,/dev/null'],
    // ausine has this rate and these channels alone.
    ...['ausrc_srate 48000', 'ausrc_channels 2', 'auplay_srate 48000', 'auplay_channels 2'],
    ...['rtcp_mux yes', 'rtp_stats yes', 'ring_aufile none', 'ringback_disable yes'],
    ...(media.video === true
      ? ['video_source fakevideo,nil', 'video_display fakevideo,nil', 'video_size 320x240']
      : []),
    ...modules.map((name) => `module ${name}.so`),
  ];
}

function modulePath(): string {
  const candidates = [
    '/usr/lib/baresip/modules',
    ...readdirSync('/usr/lib').map((n) => `/usr/lib/${n}/baresip/modules`),
  ];
  const found = candidates.find((path) => existsSync(path));
  if (found === undefined)
    throw new Error('no baresip/modules below /usr/lib: is the package baresip-core installed?');
  return found;
}

/** As URIs have it. */
function hostOf({ address = '127.0.0.1' }: BaresipOptions): string {
  return address.includes(':') ? `[${address}]` : address;
}

function tryConnect(port: number, host = '127.0.0.1'): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ port, host });
    socket.once('connect', () => resolve(socket));
    socket.once('error', () => resolve(undefined));
  });
}

function withoutColour(text: string): string {
  return text.replace(/\u001b\[[0-9;]*[A-Za-z]/g, '');
}

/** The trace prints `UDP sender -> receiver`, then the message as it is, then the code that ends the colour. */
function tracedMessages(output: string): TracedMessage[] {
  const messages: TracedMessage[] = [];
  const clean = withoutColour(output);
  for (const match of clean.matchAll(/UDP \S+ -> (\S+)\n(MESSAGE [^\r\n]*\r\n(?:[^\r\n]+\r\n)*)\r\n/g)) {
    const [all, receiver = '', head = ''] = match;
    const length = Number(/^Content-Length:\s*(\d+)/im.exec(head)?.[1] ?? '0');
    const rest = Buffer.from(
      clean.slice(match.index + all.length, match.index + all.length + length),
      'utf8',
    );
    messages.push({ receiver, head, body: rest.subarray(0, length).toString('utf8') });
  }
  return messages;
}
