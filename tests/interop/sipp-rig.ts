// A whole gateway in this process between sipp and an XMPP server, with a clock that is pushed on: what sipp and the server see takes
// its own time, and the minutes after it, until nothing of a call may be known any more, take a second.
import { component, pause, Rig, type RigOptions } from '../system/rig.ts';
import { PushedClock } from '../system/pushed-clock.ts';
import { freePorts } from '../peers/ports.ts';
import { sippScenario, type Step } from '../peers/sipp-scenario.ts';
import { startSipp, type Sipp, type SippRun } from '../peers/sipp.ts';
import { TempFolder } from '../peers/temp-folder.ts';
import { FULL_MATRIX } from './lab.ts';

export type Transport = 'udp' | 'tcp';
export const TRANSPORTS: readonly Transport[] = ['udp', 'tcp'];
/** For scenarios in which the transport matters little: one in CI, both in the long script, and for others the other one. */
export const ONE_TRANSPORT: readonly Transport[] = FULL_MATRIX ? TRANSPORTS : ['udp'];
export const OTHER_TRANSPORT: readonly Transport[] = FULL_MATRIX ? TRANSPORTS : ['tcp'];
export const XMPP_HOME = 'example.com';
/** The SIP domain whose next hop is sipp, by transport. */
export const SIP_HOME: Readonly<Record<Transport, string>> = { udp: 'udp.example', tcp: 'tcp.example' };

/** After the end of a call its answers, its dialog and its sid are known for 32 s each, one after the other (RFC 3261 §17). */
const MEMORY_MS = 75_000;

export class SippRig {
  readonly rig: Rig;
  readonly clock: PushedClock;
  readonly folder: TempFolder;
  readonly #ports: Readonly<Record<Transport, number>>;
  readonly #running: Sipp[] = [];
  #runs = 0;

  private constructor(
    rig: Rig,
    clock: PushedClock,
    folder: TempFolder,
    ports: Readonly<Record<Transport, number>>,
  ) {
    this.rig = rig;
    this.folder = folder;
    this.clock = clock;
    this.#ports = ports;
  }

  /** `first`: what has to be there before the gateway starts. */
  static async open(
    options: RigOptions = {},
    first: (folder: TempFolder) => Promise<void> = () => Promise.resolve(),
  ): Promise<SippRig> {
    const folder = new TempFolder('sipp');
    const [udp = 0, tcp = 0] = await freePorts(2);
    await first(folder);
    // What tried them out is closed before the rig counts what is open.
    await pause(20);
    const clock = new PushedClock();
    const rig = await Rig.start({
      clock,
      timing: {},
      domains: [
        ...TRANSPORTS.map((transport) => ({
          home: 'sip',
          sip: SIP_HOME[transport],
          xmpp: SIP_HOME[transport],
        })),
        { home: 'xmpp', xmpp: XMPP_HOME, sip: XMPP_HOME },
      ],
      sip: {
        next_hops: {
          [SIP_HOME.udp]: `sip:127.0.0.1:${udp};transport=udp;lr`,
          [SIP_HOME.tcp]: `sip:127.0.0.1:${tcp};transport=tcp;lr`,
        },
      },
      // Each phone is where its Contact says, and not behind the next hop.
      dns: { private_targets: 'allow' },
      components: (port) => TRANSPORTS.map((transport) => component(SIP_HOME[transport], port)),
      ...options,
    });
    return new SippRig(rig, clock, folder, { udp, tcp });
  }

  /** A phone that waits to be called. */
  phone(transport: Transport, steps: readonly Step[], run: Partial<SippRun> = {}): Promise<Sipp> {
    return this.#start(transport, steps, { port: this.#ports[transport], ...run });
  }

  /** A phone that calls `to`, in which keywords of sipp's may stand. */
  caller(
    transport: Transport,
    to: string,
    steps: readonly Step[],
    run: Partial<SippRun> = {},
  ): Promise<Sipp> {
    const { port, tcpPort } = this.rig;
    // As text, since a key of sipp's has no keywords in it.
    const filled = steps.map((step) =>
      step.replaceAll('[to]', to).replaceAll('[from]', `phone@${SIP_HOME[transport]}`),
    );
    return this.#start(transport, filled, { targetPort: transport === 'udp' ? port : tcpPort, ...run });
  }

  async #start(transport: Transport, steps: readonly Step[], run: Partial<SippRun>): Promise<Sipp> {
    const name = `${transport}-${++this.#runs}`;
    const sipp = await startSipp({
      folder: this.folder.folder(name),
      scenario: sippScenario(name, steps),
      transport: transport === 'udp' ? 'u1' : 't1',
      ...run,
    });
    this.#running.push(sipp);
    return sipp;
  }

  /** What `stoxgate call SID` says of the outcome: one for each call that has ended. */
  async outcomes(sid: string): Promise<readonly string[]> {
    const answer = await this.rig.gateway.admin.get('call')?.([sid]);
    const { calls = [] } = (answer?.body ?? {}) as { calls?: readonly { outcome?: { kind: string } }[] };
    return calls.map(({ outcome }) => outcome?.kind ?? 'open');
  }

  /** Everything that a call may leave behind for a while is gone, and nothing else is there. */
  async residue(): Promise<void> {
    await this.clock.push(MEMORY_MS);
    await this.rig.residue();
  }

  async close(): Promise<void> {
    for (const sipp of this.#running) await sipp.stop();
    try {
      await this.clock.push(MEMORY_MS);
    } finally {
      await this.rig.stop();
      if (process.env['STOXGATE_KEEP'] !== '1') this.folder.remove();
    }
  }
}
