// What a leg of a call does, one thing at a time. A message, a timer or a command is an input; what follows from it comes before
// the next input, also where something has to be waited for (a media relay), so that nothing overtakes anything.

type Task = () => void | Promise<void>;

/** Inputs that wait behind a media relay that is slow; more is no conversation. */
const MAX_WAITING = 64;

export class Agenda {
  /** What follows from the input at hand, the next one first. */
  #follows: Task[] = [];
  /** What the task that runs has added. */
  #added: Task[] = [];
  #inputs: Task[] = [];
  #busy = false;
  #stopped = false;
  readonly #settled: () => void;
  readonly #failed: (error: unknown) => void;

  /** `settled`: nothing is left to be done for now. `failed`: a fault of ours; the agenda goes on. */
  constructor(settled: () => void, failed: (error: unknown) => void) {
    this.#settled = settled;
    this.#failed = failed;
  }

  /** Messages of the peer are turned away then. */
  get isFull(): boolean {
    return this.#inputs.length >= MAX_WAITING;
  }

  input(task: Task): void {
    if (this.#stopped) return;
    this.#inputs.push(task);
    if (!this.#busy) this.#run();
  }

  /** Of the task that runs: this follows, behind what it has added before, and ahead of everything else. */
  follow(tasks: readonly Task[]): void {
    this.#added.push(...tasks);
  }

  stop(): void {
    this.#stopped = true;
    this.#follows = [];
    this.#added = [];
    this.#inputs = [];
  }

  #run(): void {
    this.#busy = true;
    for (let task = this.#next(); task !== undefined; task = this.#next()) {
      const pending = this.#do(task);
      if (pending !== undefined) {
        void pending.catch(this.#failed).then(() => {
          this.#takeAdded();
          this.#run();
        });
        return;
      }
      this.#takeAdded();
    }
    this.#busy = false;
    if (!this.#stopped) this.#settled();
  }

  #next(): Task | undefined {
    return this.#follows.shift() ?? this.#inputs.shift();
  }

  #do(task: Task): Promise<void> | undefined {
    try {
      return task() ?? undefined;
    } catch (error) {
      this.#failed(error);
      return undefined;
    }
  }

  #takeAdded(): void {
    if (this.#added.length === 0) return;
    this.#follows.unshift(...this.#added);
    this.#added = [];
  }
}
