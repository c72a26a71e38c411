// Dino (package dino-im): a person's XMPP client, on a desktop of its own: X server, window manager, D-Bus, sound server. It is driven by
// its actions at D-Bus, and by the mouse for what has none; its database tells what it knows.
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';
import { PeerProcess } from './peer-process.ts';
import { mustBecome, pause, waitFor } from './wait.ts';

export interface DinoOptions {
  readonly folder: string;
  /** Bare. It looks for the server by DNS, and wants a certificate of an authority that the system trusts. */
  readonly jid: string;
  readonly password: string;
}

const run = promisify(execFile);
const RATE = 16_000;
/** Of its microphone: longer than any test. */
const SPEECH_SECONDS = 120;
/** Where the telephone button is, and "Audio call" in its menu, on a screen of 1280x900. */
const CALL_BUTTON = ['1018', '128'] as const;
const AUDIO_CALL = ['1016', '180'] as const;

export class Dino {
  readonly #folder: string;
  readonly #env: Record<string, string>;
  /** In the order of their starts. */
  readonly #processes: PeerProcess[] = [];

  private constructor(folder: string) {
    this.#folder = folder;
    const runtime = join(folder, 'run');
    mkdirSync(runtime, { recursive: true, mode: 0o700 });
    for (const name of ['.config', '.cache', '.local/share'])
      mkdirSync(join(folder, name), { recursive: true });
    this.#env = {
      ...{ HOME: folder, XDG_RUNTIME_DIR: runtime, LANG: 'C.UTF-8', LIBGL_ALWAYS_SOFTWARE: '1' },
      ...{ GSK_RENDERER: 'cairo', GTK_A11Y: 'none', NO_AT_BRIDGE: '1' },
      DBUS_SESSION_BUS_ADDRESS: `unix:path=${join(runtime, 'bus')}`,
      PULSE_SERVER: `unix:${join(runtime, 'sound')}`,
    };
  }

  /** Logged in, or soon. */
  static async start({ folder, jid, password }: DinoOptions): Promise<Dino> {
    const dino = new Dino(folder);
    try {
      await dino.#openDesktop();
      // The first start makes the database, the second one finds the account in it. It ends itself when somebody else reads meanwhile.
      const first = await dino.#begin();
      await pause(1_000);
      await first.stop(2_000);
      const database = new DatabaseSync(dino.#database);
      database
        .prepare(
          'insert into account(bare_jid, resourcepart, password, alias, enabled, roster_version, mam_earliest_synced) ' +
            "values (?, 'dino', ?, 'Dino', 1, '', 0)",
        )
        .run(jid, password);
      database.close();
      await dino.#begin();
      return dino;
    } catch (error) {
      await dino.close();
      throw error;
    }
  }

  /** Lets somebody see the presence of its user, once he has asked. */
  async acceptSubscription(contact: string): Promise<void> {
    await this.#act('accept-subscription', String(await this.#conversation(contact)));
  }

  /** Takes the call that rings. */
  async acceptCall(contact: string): Promise<void> {
    const call = await this.#id('call', 'select max(id) as id from call');
    await this.#act('accept-call', `(${await this.#conversation(contact)}, ${call})`);
  }

  /** Calls with audio, by its button, which is there when the contact announces calls. */
  async call(contact: string): Promise<void> {
    await this.#act('open-conversation', String(await this.#conversation(contact)));
    await pause(1_000);
    const clicks = [CALL_BUTTON, AUDIO_CALL].flatMap((place) => [
      ...['mousemove', ...place, 'click', '1', 'sleep', '1'],
    ]);
    await run('xdotool', ['search', '--name', 'Dino', 'windowactivate', 'sleep', '0.5', ...clicks], {
      env: { ...process.env, ...this.#env },
    });
  }

  /** The loudest sample that comes out of its loudspeaker in half a second; 1 is the loudest that can be. */
  async loudness(): Promise<number> {
    const file = join(this.#folder, 'heard.raw');
    const command = ['--record', '--device=loudspeaker.monitor', ...format(), file];
    const recorder = this.#process('pacat', ['pacat', ...command]);
    await pause(500);
    await recorder.stop(1_000);
    const { stdout } = await run('od', ['-An', '-v', '-td2', '-w2', file], { maxBuffer: 10_000_000 });
    return Math.max(0, ...stdout.split('\n').map((line) => Math.abs(Number(line)))) / 32_768;
  }

  async close(): Promise<void> {
    for (const each of this.#processes.toReversed()) await each.stop(2_000);
  }

  async #openDesktop(): Promise<void> {
    const screen = ['Xvfb', '-displayfd', '1', '-screen', '0', '1280x900x24', '-nolisten', 'tcp'];
    const server = this.#process('Xvfb', screen);
    await server.waitForOutput(/^\d+\n/, 10_000);
    this.#env['DISPLAY'] = `:${/^\d+/.exec(server.output)?.[0]}`;
    const bus = this.#env['DBUS_SESSION_BUS_ADDRESS'];
    this.#process('dbus-daemon', ['dbus-daemon', '--session', `--address=${bus}`, '--nofork', '--nopidfile']);
    this.#process('openbox', ['openbox']);
    this.#process('pulseaudio', [
      ...['pulseaudio', '-n', '--exit-idle-time=-1', '--daemonize=no', '--use-pid-file=no'],
      ...['-L', `module-native-protocol-unix socket=${join(this.#folder, 'run/sound')} auth-anonymous=1`],
      ...['-L', 'module-null-sink sink_name=loudspeaker', '-L', 'module-null-sink sink_name=speech'],
      // What monitors a loudspeaker is no microphone to Dino.
      ...['-L', 'module-remap-source master=speech.monitor source_name=microphone'],
    ]);
    await mustBecome(
      'the sound server',
      () => this.#try('pactl', ['set-default-sink', 'loudspeaker']),
      10_000,
    );
    await this.#try('pactl', ['set-default-source', 'microphone']);
    const file = join(this.#folder, 'speech.raw');
    writeFileSync(file, speech());
    this.#process('pacat', ['pacat', '--playback', '--device=speech', ...format(), file]);
  }

  #process(name: string, command: readonly string[]): PeerProcess {
    const logFile = join(this.#folder, `${name}.log`);
    const started = new PeerProcess(name, command, { logFile, cwd: this.#folder, env: this.#env });
    this.#processes.push(started);
    return started;
  }

  async #begin(): Promise<PeerProcess> {
    const started = this.#process('dino-im', ['dino-im']);
    await mustBecome('Dino at D-Bus', () => this.#try('gdbus', introspection()), 20_000);
    return started;
  }

  async #act(name: string, parameter: string): Promise<void> {
    const method = ['--method', 'org.gtk.Actions.Activate', name, `[<${parameter}>]`, '{}'];
    const done = await this.#try('gdbus', ['call', ...place(), ...method]);
    if (!done) throw new Error(`Dino does not take ${name} ${parameter}`);
  }

  async #try(command: string, parameters: readonly string[]): Promise<boolean> {
    return await run(command, [...parameters], { env: { ...process.env, ...this.#env } }).then(
      () => true,
      () => false,
    );
  }

  get #database(): string {
    return join(this.#folder, '.local/share/dino/dino.db');
  }

  /** Its number for what is said with somebody. */
  async #conversation(jid: string): Promise<number> {
    const query = 'select c.id as id from conversation c join jid j on c.jid_id = j.id where j.bare_jid = ?';
    return await this.#id(`conversation with ${jid}`, query, jid);
  }

  /** Of a record that will be there soon. */
  async #id(what: string, query: string, ...values: readonly string[]): Promise<number> {
    const find = (): number | undefined => {
      const database = new DatabaseSync(this.#database, { readOnly: true });
      const id = database.prepare(query).get(...values)?.['id'];
      database.close();
      return typeof id === 'number' ? id : undefined;
    };
    const found = await waitFor(find, 10_000, 250);
    if (found === undefined) throw new Error(`Dino knows no ${what}`);
    return found;
  }
}

const place = (): readonly string[] => [
  ...['--session', '--dest', 'im.dino.Dino', '--object-path', '/im/dino/Dino'],
];
const introspection = (): readonly string[] => ['introspect', ...place()];
const format = (): readonly string[] => ['--format=s16le', `--rate=${RATE}`, '--channels=1'];

/** Beeps of changing pitch: a steady tone is taken for noise, and left out. */
function speech(): Buffer {
  const samples = new Int16Array(RATE * SPEECH_SECONDS);
  for (let at = 0; at < samples.length; at++) {
    const beep = Math.floor((at / RATE) * 5);
    const pitch = 300 + 130 * (beep % 7);
    samples[at] = beep % 2 === 0 ? 12_000 * Math.sin((2 * Math.PI * pitch * at) / RATE) : 0;
  }
  return Buffer.from(samples.buffer);
}
