// Several rtpengines: which one takes a new call, and who stays with a call until its end.

import type { Result } from '../../base/index.ts';
import { endpointText, NgInstance, type NgEndpoint, type NgEnv, type NgFailure } from './ng-instance.ts';
import type { NgAnswer, NgKeys } from './ng-message.ts';

/** Instances that are tried for one call: each may take its whole time limit. */
const MAX_TRIES = 3;

export interface Begun {
  readonly instance: NgInstance;
  readonly answer: Extract<NgAnswer, { kind: 'ok' | 'refused' }>;
}

export class NgPool {
  readonly #env: NgEnv;
  #instances: readonly NgInstance[] = [];
  /** Calls by instance; one that is no longer configured stays as long as it has some. */
  readonly #calls = new Map<NgInstance, number>();
  #turn = 0;

  constructor(env: NgEnv) {
    this.#env = env;
  }

  /** Takes another list; instances that are in both stay as they are. */
  configure(endpoints: readonly NgEndpoint[]): void {
    const before = this.#instances;
    this.#instances = endpoints.map(
      (endpoint) => this.#known(endpointText(endpoint)) ?? new NgInstance(endpoint, this.#env),
    );
    for (const instance of this.#instances) instance.watch();
    for (const instance of before) {
      if (this.#instances.includes(instance)) continue;
      instance.unwatch();
      this.#closeIfUnused(instance);
    }
  }

  get instances(): readonly NgInstance[] {
    return this.#instances;
  }

  /** Calls that have their media at an instance. */
  get calls(): number {
    let sum = 0;
    for (const count of this.#calls.values()) sum += count;
    return sum;
  }

  /**
   * The first offer of a call: instances take turns; one that is down is passed over, and where one does not answer or is
   * full the next one is asked. Undefined: none of them is there. Who is answered has to `release` the instance.
   */
  async begin(keys: NgKeys): Promise<Begun | undefined> {
    const count = this.#instances.length;
    const order = this.#instances.map((_, n) => this.#instances[(this.#turn + n) % count]);
    this.#turn = count === 0 ? 0 : (this.#turn + 1) % count;
    let tries = 0;
    for (const instance of order) {
      // Asked at its turn: it may have gone down while another one was asked.
      if (instance === undefined || instance.health === 'down' || tries === MAX_TRIES) continue;
      tries += 1;
      const begun = await this.#offer(instance, keys);
      if (begun !== undefined) return begun;
    }
    return undefined;
  }

  async #offer(instance: NgInstance, keys: NgKeys): Promise<Begun | undefined> {
    this.hold(instance);
    const answer: Result<NgAnswer, NgFailure> = await instance.request('offer', keys);
    if (answer.ok && (answer.value.kind === 'ok' || answer.value.kind === 'refused')) {
      return { instance, answer: answer.value };
    }
    this.release(instance);
    return undefined;
  }

  /** The instance of a call of before a restart; undefined when it is not configured any more. */
  find(name: string): NgInstance | undefined {
    return this.#instances.find((instance) => instance.name === name);
  }

  hold(instance: NgInstance): void {
    this.#calls.set(instance, (this.#calls.get(instance) ?? 0) + 1);
  }

  release(instance: NgInstance): void {
    const left = (this.#calls.get(instance) ?? 0) - 1;
    if (left > 0) this.#calls.set(instance, left);
    else this.#calls.delete(instance);
    this.#closeIfUnused(instance);
  }

  stop(): void {
    for (const instance of new Set([...this.#instances, ...this.#calls.keys()])) instance.stop();
    this.#instances = [];
    this.#calls.clear();
  }

  /** Also one that is no longer configured and comes back while it has calls. */
  #known(name: string): NgInstance | undefined {
    return [...this.#instances, ...this.#calls.keys()].find((instance) => instance.name === name);
  }

  #closeIfUnused(instance: NgInstance): void {
    if (!this.#calls.has(instance) && !this.#instances.includes(instance)) instance.stop();
  }
}
