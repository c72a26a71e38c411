// What users are told of their contacts, and how often: a contact whose notifier sends without end (RFC 3856 §6.10 leaves it one
// in five seconds), or a user who asks without end, makes no flood of stanzas. What is put off is told as it is then.

import type { Timers } from '../../base/index.ts';
import type { PersonalVoice } from './personal-voice.ts';
import { Throttle } from './throttle.ts';
import type { Watch } from './watch.ts';
import type { WatchVoice } from './watch-voice.ts';

export interface WatchTellingEnv {
  readonly timers: Timers;
  readonly voice: Pick<WatchVoice, 'tell'>;
  readonly personal: Pick<PersonalVoice, 'tell'>;
  /** What the user was told is to be known after a restart. */
  store(watch: Watch): void;
}

const LIMITS = { times: 10, windowMs: 5000 };

export class WatchTelling {
  readonly #env: WatchTellingEnv;
  readonly #throttle: Throttle<Watch>;
  /** Those who are owed an answer by what was put off. */
  readonly #answers = new WeakSet<Watch>();

  constructor(env: WatchTellingEnv) {
    this.#env = env;
    this.#throttle = new Throttle(env.timers, LIMITS, (watch) => {
      if (watch.state !== 'none') this.atOnce(watch, this.#answers.has(watch));
    });
  }

  /** `answer`: something has to be said. */
  tell(watch: Watch, answer: boolean): void {
    if (this.#throttle.may(watch)) return this.atOnce(watch, answer);
    if (answer) this.#answers.add(watch);
  }

  /** The same without regard to how often: what comes behind it would else come before it. */
  atOnce(watch: Watch, answer: boolean): void {
    this.#throttle.cancel(watch);
    this.#answers.delete(watch);
    const before = [...watch.view.told].join('\n');
    this.#env.voice.tell(watch, answer);
    this.#env.personal.tell(watch);
    if (!watch.stored || watch.state === 'none') return;
    if ([...watch.view.told].join('\n') !== before) this.#env.store(watch);
  }

  stop(): void {
    this.#throttle.stop();
  }
}
