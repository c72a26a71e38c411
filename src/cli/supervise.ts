// One run of the gateway: start, `ready`, reload on SIGHUP, drain on SIGTERM or SIGINT.

import { StoxgateError } from '../base/index.ts';
import { StandardLog } from '../edge/log/index.ts';
import { formatFinding, loadConfig, type Config, type Gateway, type GatewayEnv } from '../gateway/index.ts';
import { AdminHost, adminPath } from './admin-host.ts';
import { ConsoleHost } from './console-host.ts';
import { provideKeys } from './keys.ts';
import { ExitStatus, loadOrTell, type Terminal } from './terminal.ts';

export interface Surroundings {
  readonly terminal: Terminal;
  readonly version: string;
  readonly start: (config: Config, env: GatewayEnv) => Promise<Gateway>;
  /** Made from the configuration; standard error in production. */
  readonly makeLog?: (config: Config) => StandardLog;
  /** Where SIGTERM, SIGINT and SIGHUP come from: the process. */
  readonly signals: SignalSource;
  /** Ends the process at once, for whoever does not want to wait. */
  readonly exit: (status: number) => void;
  /** The longest that a drain may take. Longer than any SIP transaction (RFC 3261 §17.1.2.2: timer F, 32 s). */
  readonly maxDrainMs?: number;
}

export interface SignalSource {
  on(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
  off(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
}

const MAX_DRAIN_MS = 45_000;

/** Runs until a signal; resolves with the exit status. Only faults of our own reject. */
export async function supervise(path: string, around: Surroundings): Promise<number> {
  const loaded = loadOrTell(path, around.terminal);
  if (loaded === undefined) return ExitStatus.unusable;
  const { config } = loaded;
  const log = around.makeLog?.(config) ?? new StandardLog({ ...config.log, node: config.node });
  for (const finding of loaded.warnings) log.warn('config.warning', { finding: formatFinding(finding) });
  const signals = new Signals(around);
  try {
    return await new Run(path, around, config, log, signals).whole();
  } finally {
    signals.close();
    log.flush();
  }
}

/** SIGTERM and SIGINT as a promise, SIGHUP as a call. They are listened to before anything is started. */
class Signals {
  readonly stop: Promise<NodeJS.Signals>;
  onReload: (() => void) | undefined;
  /** Whether a stop has been asked for. */
  stopping = false;
  readonly #around: Surroundings;
  readonly #listeners: (readonly [NodeJS.Signals, (signal: NodeJS.Signals) => void])[];

  constructor(around: Surroundings) {
    this.#around = around;
    const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>();
    this.stop = promise;
    const stop = (signal: NodeJS.Signals): void => {
      // The second one means "now".
      if (this.stopping) this.#around.exit(ExitStatus.failed);
      this.stopping = true;
      resolve(signal);
    };
    this.#listeners = [
      ['SIGTERM', stop],
      ['SIGINT', stop],
      ['SIGHUP', () => this.onReload?.()],
    ];
    for (const [signal, listener] of this.#listeners) around.signals.on(signal, listener);
  }

  close(): void {
    for (const [signal, listener] of this.#listeners) this.#around.signals.off(signal, listener);
  }
}

class Run {
  readonly #path: string;
  readonly #around: Surroundings;
  readonly #log: StandardLog;
  readonly #signals: Signals;
  readonly #config: Config;
  #console: ConsoleHost | undefined;
  #admin: AdminHost | undefined;
  /** Reloads happen one after the other. */
  #reloads: Promise<void> = Promise.resolve();

  constructor(path: string, around: Surroundings, config: Config, log: StandardLog, signals: Signals) {
    this.#path = path;
    this.#around = around;
    this.#config = config;
    this.#log = log;
    this.#signals = signals;
  }

  async whole(): Promise<number> {
    const { version, start, terminal } = this.#around;
    let gateway: Gateway | undefined;
    try {
      const keys = this.#keys(this.#config);
      gateway = await start(this.#config, {
        log: this.#log,
        version,
        ...(keys === undefined ? {} : { keys }),
      });
      this.#console = new ConsoleHost(gateway);
      this.#admin = new AdminHost(gateway.admin, this.#log);
      await this.#console.start(this.#config.console);
      await this.#admin.start(this.#adminPath(this.#config));
    } catch (error) {
      this.#log.error('start.failed', { error });
      await gateway?.stop();
      await this.#console?.close();
      // A port in use is the operator's affair, anything else ours.
      return error instanceof StoxgateError ? ExitStatus.failed : ExitStatus.bug;
    }
    const running = gateway;
    const console = this.#console;
    const admin = this.#admin;
    this.#signals.onReload = () => {
      this.#reloads = this.#reloads.then(() => this.#reload(running, console, admin));
    };
    if (!this.#signals.stopping) {
      terminal.out('ready');
      this.#log.info('gateway.ready', { version, listeners: running.status().listeners });
    }
    const signal = await this.#signals.stop;
    this.#signals.onReload = undefined;
    this.#log.info('gateway.stopping', { signal });
    await this.#reloads;
    const drained = await this.#end(running);
    this.#log.info('gateway.stopped');
    return drained ? ExitStatus.fine : ExitStatus.failed;
  }

  /** undefined: the gateway uses, and keeps, one of its own. Fails with `ERR_KEYS_FILE`. */
  #keys(config: Config): readonly Uint8Array[] | undefined {
    const { keys, ephemeral } = provideKeys(this.#path, config, this.#around.terminal);
    if (ephemeral !== undefined) {
      this.#log.warn('keys.ephemeral', {
        reason: ephemeral,
        lost: 'reports about messages of before a restart',
      });
    }
    return keys;
  }

  #adminPath({ admin }: Config): string | undefined {
    return admin === undefined ? undefined : adminPath(this.#path, admin);
  }

  /** True when everything that was open had its outcome. */
  async #end(gateway: Gateway): Promise<boolean> {
    const { promise: late, resolve } = Promise.withResolvers<'late'>();
    const guard = setTimeout(() => resolve('late'), this.#around.maxDrainMs ?? MAX_DRAIN_MS);
    let drained = true;
    try {
      // Health and metrics stay up meanwhile: whoever waits for the drain can watch it.
      const result = await Promise.race([gateway.drain(), late]);
      if (result === 'late') {
        drained = false;
        this.#log.error('gateway.drain-too-long', { status: gateway.status().counters });
      }
      await gateway.stop();
    } catch (error) {
      drained = false;
      this.#log.error('gateway.stop-failed', { error });
    } finally {
      clearTimeout(guard);
      await this.#console?.close();
      await this.#admin?.close();
    }
    return drained;
  }

  async #reload(gateway: Gateway, console: ConsoleHost, admin: AdminHost): Promise<void> {
    const { terminal } = this.#around;
    const result = loadConfig(this.#path, {
      ...terminal,
      warn: (finding) => this.#log.warn('config.warning', { finding: formatFinding(finding) }),
    });
    if (!result.ok) {
      for (const finding of result.error)
        this.#log.error('config.refused', { finding: formatFinding(finding) });
      this.#log.error('reload.failed', { reason: 'the file is unusable; the old configuration stays' });
      return;
    }
    const config = result.value;
    try {
      // Console and socket first, because they can go back and the gateway cannot: all of the file is taken or nothing.
      const exchanges = [await admin.prepare(this.#adminPath(config))];
      try {
        exchanges.push(await console.prepare(config.console));
        await gateway.reload(config, this.#keys(config));
      } catch (error) {
        for (const exchange of exchanges.toReversed()) await exchange.undo();
        throw error;
      }
      for (const exchange of exchanges) await exchange.commit();
      this.#log.configure({ ...config.log, node: config.node });
      this.#log.info('reload.done');
    } catch (error) {
      this.#log.error('reload.failed', { error });
    }
  }
}
