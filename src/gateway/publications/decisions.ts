// What XMPP users decide about their SIP watchers, on its way to the presence server (rows CSP-12, CSP-13).

import type { Counters, Log } from '../../base/index.ts';
import type { Live } from '../live.ts';

export interface DecisionsEnv {
  readonly log: Log;
  readonly counters: Counters;
  readonly live: Pick<Live, 'book' | 'models'>;
}

export class Decisions {
  readonly #env: DecisionsEnv;

  constructor(env: DecisionsEnv) {
    this.#env = env;
  }

  /** `user`: a bare JID; `watcher`: a SIP URI. */
  decide(user: string, watcher: string, decision: 'allow' | 'block'): void {
    // The presence server decides alone.
    this.#count(decision, 'untold');
    this.#env.log.info('presence.decision.untold', { user, watcher, decision });
  }

  #count(decision: 'allow' | 'block', outcome: 'untold'): void {
    this.#env.counters
      .counter(
        'stoxgate_presence_decisions_total',
        'Decisions of XMPP users about watchers at their presence server.',
        {
          decision,
          outcome,
        },
      )
      .add();
  }
}
