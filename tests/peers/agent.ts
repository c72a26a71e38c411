// A process that takes JSON lines on standard input ({"do": …}) and writes JSON lines on standard output ({"event": …}).
import { readObject, textField } from './json-object.ts';
import { PeerProcess } from './peer-process.ts';
import { waitFor } from './wait.ts';

export interface AgentEvent {
  readonly event: string;
  readonly [field: string]: unknown;
}

export class Agent {
  readonly name: string;
  readonly events: AgentEvent[] = [];
  /** Called for each event as it comes. */
  onEvent: ((event: AgentEvent) => void) | undefined;
  readonly #process: PeerProcess;

  constructor(name: string, command: readonly string[], logFile: string) {
    this.name = name;
    this.#process = new PeerProcess(name, command, {
      logFile,
      onLine: (line) => {
        const event = readEvent(line);
        if (event === undefined) return;
        this.events.push(event);
        this.onEvent?.(event);
      },
    });
  }

  do(action: string, fields: Readonly<Record<string, unknown>> = {}): void {
    this.#process.write(`${JSON.stringify({ do: action, ...fields })}\n`);
  }

  /** The first event of that name, from index `from` on, that `matches`; throws when there is none in time. */
  async wait(
    event: string,
    matches: (event: AgentEvent) => boolean = () => true,
    timeoutMs = 10_000,
    from = 0,
  ): Promise<AgentEvent> {
    const find = (): AgentEvent | undefined =>
      this.events.find((e, index) => index >= from && e.event === event && matches(e));
    const found = await waitFor(() => find() ?? (this.#process.alive ? undefined : 'dead'), timeoutMs);
    if (found !== undefined && found !== 'dead') return found;
    const seen = this.events.slice(from).slice(-5);
    throw new Error(
      `${this.name}: no "${event}" within ${timeoutMs} ms; last events: ${JSON.stringify(seen)} ${this.#process.output.slice(-1_000)}`,
    );
  }

  async close(): Promise<void> {
    if (this.#process.alive) this.do('quit');
    const ended = await waitFor(() => !this.#process.alive, 4_000);
    if (ended === undefined) await this.#process.stop(1_000);
  }

  /** Ends it without its goodbye. */
  async kill(): Promise<void> {
    await this.#process.stop(0, 'SIGKILL');
  }
}

function readEvent(line: string): AgentEvent | undefined {
  const object = readObject(line);
  const event = object && textField(object, 'event');
  return object && event !== undefined ? { ...object, event } : undefined;
}
