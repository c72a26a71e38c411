// Calls that rang when the gateway ended without a word: their INVITE transactions go on as far as it takes to end them. The one
// that came gets its final response (RFC 3261 §17.2.1, §18.2.2); the one that we sent is cancelled (§9.1), and a 2xx that
// crosses that is acknowledged and its dialog ended (§13.2.2.4).

import {
  readKeptInvite,
  type ClientHandlers,
  type KeptInvite,
  type KeptReceivedInvite,
  type KeptSentInvite,
  type LocalEndpoint,
  type SipRequest,
  type SipResponse,
  type Source,
} from '../../sip/index.ts';
import type { CallHost, SipCommand, SipLeg } from './legs.ts';
import type { CallDialog } from './sip-dialog.ts';
import { reasonFields, warningField } from './sip-fields.ts';
import { SipForks } from './sip-forks.ts';
import type { SipLegsEnv } from './sip-leg-types.ts';

type EndSip = Extract<SipCommand, { readonly kind: 'endSip' }>;

export class InterruptedInvites {
  readonly #env: SipLegsEnv;
  readonly #legs = new Set<SipLeg>();

  constructor(env: SipLegsEnv) {
    this.#env = env;
  }

  /** Those that wait for what their end is answered with. */
  get size(): number {
    return this.#legs.size;
  }

  /** A leg whose only command is `endSip`. Undefined: what was kept cannot be read. */
  begin(kept: KeptInvite, host: CallHost): SipLeg | undefined {
    const invite = readKeptInvite(kept);
    if (invite === undefined) return undefined;
    const leg: SipLeg =
      kept.kind === 'received'
        ? new ReceivedInvite(this.#env, kept, invite, host)
        : new SentInvite(this.#env, kept, invite, host, () => this.#legs.delete(leg));
    if (kept.kind === 'sent') this.#legs.add(leg);
    return leg;
  }

  /** Nothing is said any more. */
  stop(): void {
    for (const leg of [...this.#legs]) leg.stop();
    this.#legs.clear();
  }
}

class ReceivedInvite implements SipLeg {
  readonly #env: SipLegsEnv;
  readonly #kept: KeptReceivedInvite;
  readonly #invite: SipRequest;
  readonly #host: CallHost;

  constructor(env: SipLegsEnv, kept: KeptReceivedInvite, invite: SipRequest, host: CallHost) {
    this.#env = env;
    this.#kept = kept;
    this.#invite = invite;
    this.#host = host;
  }

  /** Until then its INVITE is answered by nobody else: see `resumeReceived`. */
  command(command: SipCommand): void {
    if (command.kind !== 'endSip') return;
    const { status, text } = command;
    const source = this.#source();
    if (source !== undefined) {
      const headers = text === undefined ? [] : [warningField(source.local, text)];
      const { toTag } = this.#kept;
      this.#env.transactions.resumeReceived(this.#invite, source).respond(status, { toTag, headers });
    }
    this.#env.timers.set(0, () => this.#host.take({ kind: 'sipEnded', end: { cause: 'refused', status } }));
  }

  kept(): undefined {
    return undefined;
  }

  invite(): KeptInvite {
    return this.#kept;
  }

  stop(): void {}

  /** RFC 3581 §4: "from the same address and port". Its connection is gone, if it came over one. */
  #source(): Source | undefined {
    const { source, local } = this.#kept;
    const { transport, remoteAddress, remotePort } = source;
    const endpoint = this.#env.endpoints().find((each) => isAt(each, transport, local));
    const other = endpoint ?? this.#env.localFor({ transport, address: remoteAddress, port: remotePort });
    if (other === undefined) return undefined;
    return { ...source, reliable: transport !== 'UDP', connectionId: undefined, local: other };
  }
}

class SentInvite implements SipLeg, ClientHandlers {
  readonly #env: SipLegsEnv;
  readonly #kept: KeptSentInvite;
  readonly #invite: SipRequest;
  readonly #host: CallHost;
  readonly #over: () => void;
  readonly #forks: SipForks;
  /** Of what was answered with 2xx. */
  readonly #dialogs = new Set<CallDialog>();
  #farewell: EndSip | undefined;
  /** The INVITE, and each BYE that has no answer. */
  #open = 1;
  #told = false;
  #stopped = false;

  constructor(env: SipLegsEnv, kept: KeptSentInvite, invite: SipRequest, host: CallHost, over: () => void) {
    this.#env = env;
    this.#kept = kept;
    this.#invite = invite;
    this.#host = host;
    this.#over = over;
    // Nobody asks anything in these dialogs that is not answered 481: they end with our BYE.
    this.#forks = new SipForks({ env, moved: () => {}, open: () => {} });
  }

  command(command: SipCommand): void {
    if (command.kind !== 'endSip' || this.#farewell !== undefined) return;
    this.#farewell = command;
    const { target, rings } = this.#kept;
    const transaction = this.#env.transactions.resumeInvite(this.#invite, target, rings, this);
    transaction.cancel(reasonFields(command));
  }

  kept(): undefined {
    return undefined;
  }

  invite(): KeptInvite {
    return this.#kept;
  }

  stop(): void {
    this.#stopped = true;
    for (const dialog of this.#dialogs) dialog.stop();
    this.#dialogs.clear();
  }

  response(response: SipResponse): void {
    if (this.#stopped || response.status < 200) return;
    if (response.status < 300) this.#accepted(response);
    this.#settled();
  }

  failed(): void {
    this.#settled();
  }

  /** Perhaps once more, or of another fork. */
  #accepted(response: SipResponse): void {
    const dialog = this.#forks.make(this.#invite, response, this.#kept.target);
    if (dialog === undefined) return;
    if (this.#dialogs.has(dialog)) return dialog.acknowledgeAgain(this.#invite.cseq.number);
    this.#dialogs.add(dialog);
    dialog.acknowledge(this.#invite);
    this.#open += 1;
    const done = (): void => this.#closed();
    const { status, cause, text } = this.#farewell ?? { status: 500 };
    dialog.request({
      method: 'BYE',
      fields: () => reasonFields({ status, cause, text }),
      responded: done,
      failed: done,
    });
  }

  /** The INVITE has its final response, or never gets one. */
  #settled(): void {
    if (this.#told) return;
    this.#told = true;
    if (!this.#stopped) this.#host.take({ kind: 'sipEnded', end: { cause: 'cancelled', by: 'us' } });
    this.#closed();
  }

  #closed(): void {
    this.#open -= 1;
    if (this.#open === 0) this.#over();
  }
}

function isAt(
  endpoint: LocalEndpoint,
  transport: string,
  { address, port }: KeptReceivedInvite['local'],
): boolean {
  return endpoint.transport === transport && endpoint.address === address && endpoint.port === port;
}
