// Counters of promise 1: every message of a believed sender is in exactly one of these, in its direction. Those of
// others are in stoxgate_sip_refused_total.

import type { Counter, Counters } from '../../base/index.ts';

const NAME = 'stoxgate_messages_total';
const HELP = 'Messages by direction and reported outcome.';

function outcome(counters: Counters, direction: string, name: string): Counter {
  return counters.counter(NAME, HELP, { direction, outcome: name });
}

/** SIP to XMPP. */
export class ToXmppOutcomes {
  /** 202, or 200 by configuration: the XMPP server has it. */
  readonly accepted: Counter;
  /** 200 because the recipient's client said so. */
  readonly delivered: Counter;
  /** An error stanza became the response. */
  readonly refused: Counter;
  /** The gateway itself said no: policy, addresses, content, queue. */
  readonly rejected: Counter;
  /** 503: the XMPP side did not confirm it in time (ERR-G1, ERR-G5). */
  readonly unconfirmed: Counter;
  /** 200 and nothing to tell the XMPP user (IM-46, IM-48). */
  readonly nothing: Counter;
  /** Of those accepted: an error came later. Not one of the sum. */
  readonly lost: Counter;

  constructor(counters: Counters) {
    const of = (name: string): Counter => outcome(counters, 'sip_to_xmpp', name);
    this.accepted = of('accepted');
    this.delivered = of('delivered');
    this.refused = of('refused');
    this.rejected = of('rejected');
    this.unconfirmed = of('unconfirmed');
    this.nothing = of('nothing');
    this.lost = counters.counter(
      'stoxgate_messages_lost_total',
      'Accepted messages for which an error came after the final response.',
      { direction: 'sip_to_xmpp' },
    );
  }
}

/** XMPP to SIP. */
export class ToSipOutcomes {
  /** A 2xx. */
  readonly delivered: Counter;
  /** An error stanza went back. */
  readonly reported: Counter;
  /** Nothing that SIP could carry and no answer due (IM-11, IM-16). */
  readonly nothing: Counter;

  constructor(counters: Counters) {
    const of = (name: string): Counter => outcome(counters, 'xmpp_to_sip', name);
    this.delivered = of('delivered');
    this.reported = of('reported');
    this.nothing = of('nothing');
  }
}
