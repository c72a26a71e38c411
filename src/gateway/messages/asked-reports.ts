// Reports that XMPP users ask for: the request goes out with the message (RCPT-01, RCPT-02), and what SIP tells comes
// back as receipt, marker or error (RCPT-06, RCPT-07). Which stanza a notification is about stands in its Message-ID,
// signed for these two people, so that it is found again by any gateway with the same keys, and by nobody else.

import {
  BoundedMap,
  maxTokenContent,
  type Clock,
  type Counter,
  type Counters,
  type Tokens,
} from '../../base/index.ts';
import {
  decodeAsked,
  encodeAsked,
  MESSAGE_ID_TOKEN,
  REPORT_MS,
  reportEvent,
  reportStanza,
  STORED_ASKED,
  stepReport,
  wrapForReports,
  type AskedMessage,
  type MessageDraft,
  type ReportEvent,
  type ReportState,
} from '../../interwork/message/index.ts';
import type { MappedJid, MappedUri } from '../../mapping/index.ts';
import type { ImdnReport } from '../../mime/index.ts';
import type { Message } from '../../xmpp/index.ts';
import type { LinkGroup } from '../link-group.ts';
import type { Live } from '../live.ts';
import type { WrappedForm } from './delivery-parts.ts';
import type { ErrorReports } from './error-reports.ts';
import type { ToSipOutcomes } from './outcomes.ts';
import type { Peers } from './peers.ts';
import type { ReportStore } from './report-store.ts';

/** Messages of which something was told: what came before must not be told twice. */
const MAX_TOLD = 50_000;
/** Associations of long stanza ids that are at hand; the others are in the store, if there is one. */
const MAX_ASSOCIATIONS = 20_000;
/** Longer ones are nobody's: they would make the table as large as a client likes. */
const MAX_ID = 1024;
const MAX_CONTENT = maxTokenContent(MESSAGE_ID_TOKEN.text);

export interface AskedReportsEnv {
  readonly clock: Clock;
  readonly counters: Counters;
  readonly live: Live;
  readonly tokens: Tokens;
  readonly peers: Peers;
  readonly store: ReportStore;
  /** What becomes of a notification is confirmed like an error stanza, and waits for a link like one. */
  readonly stanzas: ErrorReports;
  readonly toSipOutcomes: ToSipOutcomes;
  groupFor(domain: string): LinkGroup | undefined;
}

/** What became of a notification that came in. */
const RESULTS = [
  'told',
  'not-asked',
  'processing',
  'withheld',
  'repeated',
  'invalid',
  'expired',
  'unknown',
] as const;
type ResultName = (typeof RESULTS)[number];

/** A notification on its way. */
interface Notice {
  readonly report: ImdnReport;
  readonly event: ReportEvent;
  readonly to: string;
  readonly id: string;
  readonly domain: string;
}

export class AskedReports {
  readonly #env: AskedReportsEnv;
  readonly #told: BoundedMap<string, ReportState>;
  readonly #associations: BoundedMap<string, AskedMessage>;
  readonly #results: Readonly<Record<ResultName, Counter>>;

  constructor(env: AskedReportsEnv) {
    this.#env = env;
    this.#told = new BoundedMap({ maxEntries: MAX_TOLD });
    this.#associations = new BoundedMap({ maxEntries: MAX_ASSOCIATIONS });
    const of = (result: ResultName): Counter =>
      env.counters.counter('stoxgate_imdn_received_total', 'Disposition notifications from SIP users.', {
        result,
      });
    this.#results = {
      told: of('told'),
      'not-asked': of('not-asked'),
      processing: of('processing'),
      withheld: of('withheld'),
      repeated: of('repeated'),
      invalid: of('invalid'),
      expired: of('expired'),
      unknown: of('unknown'),
    };
  }

  /** Messages of which something was told, and associations. */
  get size(): number {
    return this.#told.size + this.#associations.size;
  }

  /** The form of a message that asks for the reports of its wish; undefined: it goes out plain. */
  wrap(message: Message, draft: MessageDraft, from: MappedUri, to: MappedUri): WrappedForm | undefined {
    const { wish } = draft;
    const id = message.id;
    if (wish === undefined || id === undefined || id.length > MAX_ID) return undefined;
    const { live, clock, peers } = this.#env;
    // Both as a notification will name them: an address may have several spellings, of which one is written.
    const user = live.book.sipSenderToJid(to.uri);
    const asker = live.book.sipTargetToJid(from.uri);
    if (!user.ok || !asker.ok || !peers.mayAsk(user.value.bareText)) return undefined;
    const messageId = this.#messageId(
      { id, receipt: wish.receipt, marker: wish.marker, chat: message.type === 'chat', address: to.jidText },
      [user.value.bareText, asker.value.bareText],
    );
    if (messageId === undefined) return undefined;
    const peer = user.value.bareText;
    return {
      ...wrapForReports({
        from: from.uri,
        to: to.uri,
        dateMs: draft.sentMs ?? clock.wall(),
        messageId,
        display: wish.marker,
        headers: draft.headers,
        body: draft.body,
      }),
      messageId,
      refused: () => peers.refuses(peer),
    };
  }

  /** A notification of a believed SIP user. It is answered 200 whatever becomes of it (RCPT-09). */
  take(report: ImdnReport, from: MappedJid, to: MappedJid, id: string): void {
    const { tokens, clock, store } = this.#env;
    this.#env.peers.understands(from.bareText);
    const event = reportEvent(report);
    if (event === 'processing' || event === 'withheld') return this.#results[event].add();
    const { messageId } = report;
    const read = tokens.read(MESSAGE_ID_TOKEN, [from.bareText, to.bareText], messageId, clock.wall());
    // Of another user, for another user, or made up: all the same to whoever holds the keys.
    if (read.kind !== 'valid') return this.#results[read.kind].add();
    const asked = decodeAsked(read.content, from.bareText);
    const notice: Notice = { report, event, to: to.jidText, id, domain: from.jid.domain };
    if (asked === undefined) return this.#results.unknown.add();
    if (asked !== 'stored') return this.#tell(asked, notice);
    const known = this.#associations.get(messageId, clock.now());
    if (known !== undefined) return this.#tell(known, notice);
    const looking = store.find(`a:${messageId}`, (record) => {
      if (record?.kind === 'asked') this.#tell(record.asked, notice);
      else this.#results.unknown.add();
    });
    if (!looking) this.#results.unknown.add();
  }

  /** Gives up what is too old. */
  sweep(): void {
    const now = this.#env.clock.now();
    this.#told.sweep(now);
    this.#associations.sweep(now);
  }

  #messageId(asked: AskedMessage, parties: readonly [string, string]): string | undefined {
    const { tokens, clock, store } = this.#env;
    const expiresMs = clock.wall() + REPORT_MS;
    const content = encodeAsked(asked, parties[0], MAX_CONTENT);
    const token = tokens.sign(MESSAGE_ID_TOKEN, parties, content ?? STORED_ASKED, expiresMs);
    if (content !== undefined || token === undefined) return token;
    this.#associations.set(token, asked, clock.now(), REPORT_MS);
    store.put(`a:${token}`, { kind: 'asked', asked, expiresMs });
    return token;
  }

  #tell(asked: AskedMessage, { report, event, to, id, domain }: Notice): void {
    const now = this.#env.clock.now();
    const transition = stepReport(this.#told.get(report.messageId, now) ?? 'waiting', event);
    if (!transition.expected) return this.#results.repeated.add();
    const group = this.#env.groupFor(domain);
    if (group === undefined) return this.#results.unknown.add();
    this.#told.set(report.messageId, transition.state, now, REPORT_MS);
    this.#env.toSipOutcomes.told(report.messageId, event);
    let told = false;
    for (const each of transition.tell) {
      // RCPT-07: a failure is told to everybody. It was asked for with every report.
      if (each === 'delivered' ? !asked.receipt : each === 'displayed' && !asked.marker) continue;
      told = true;
      this.#env.stanzas.send(reportStanza(asked, each, report, { to, id: `${id}${each[0] ?? ''}` }), group);
    }
    this.#results[told ? 'told' : 'not-asked'].add();
  }
}
