// What the operator's route script sees and may say (docs/routes.md): the names of its hooks, the read-only views that
// they are given, and the verbs with which they answer. Scripts import these types from `stoxgate/routes`.

import type { StanzaCondition } from '../xmpp/index.ts';
import type { RouteAction } from './route-action.ts';

export type { RouteAction } from './route-action.ts';

/** The exports that a script may have; each is a function, and each may be left out. */
export const HOOKS = ['onSipRequest', 'onStanza', 'onTranslated', 'onResponse', 'onFailure'] as const;
export type HookName = (typeof HOOKS)[number];

export type RouteDirection = 'sip-to-xmpp' | 'xmpp-to-sip';

/** A URI, with its escapes undone. */
export interface UriView {
  /** As written. */
  readonly uri: string;
  /** `sip`, `sips`, `tel`, `im`, `pres` …; '' when it could not be read. */
  readonly scheme: string;
  /** '' when there is none. */
  readonly user: string;
  /** Lower case; '' when there is none. */
  readonly host: string;
  readonly port: number | undefined;
}

/** The value of From or To. */
export interface NameAddrView extends UriView {
  readonly displayName: string;
  readonly tag: string | undefined;
}

/** A JID (RFC 7622), prepared. */
export interface JidView {
  /** Localpart; '' when there is none. */
  readonly local: string;
  readonly domain: string;
  /** '' when there is none. */
  readonly resource: string;
  readonly bare: string;
  readonly full: string;
}

/** A SIP request: as it came in (`onSipRequest`), or as it is to go out (`onTranslated`). */
export interface SipRequestView {
  readonly kind: 'request';
  readonly method: string;
  readonly requestUri: UriView;
  readonly from: NameAddrView;
  readonly to: NameAddrView;
  readonly callId: string;
  readonly maxForwards: number | undefined;
  /** Of the body, as written; undefined when there is none. */
  readonly contentType: string | undefined;
  /** The body as text (UTF-8; what is not becomes U+FFFD). */
  readonly body: string;
  /** The first value of a header field, by its name in any case; decoded from UTF-8. */
  header(name: string): string | undefined;
  /** All values of it, in order. */
  headers(name: string): readonly string[];
}

/** An XML element. */
export interface ElementView {
  readonly name: string;
  readonly namespace: string;
  /** Its own character data. */
  readonly text: string;
  /** Its child elements. */
  readonly children: readonly ElementView[];
  attribute(name: string): string | undefined;
  /** The first child element of that name, of any namespace when none is given. */
  child(name: string, namespace?: string): ElementView | undefined;
}

/** A stanza: as it came in (`onStanza`), or as it is to go out (`onTranslated`). */
export interface StanzaView extends ElementView {
  /** `call`: what a call begins with, a message with `<propose/>` or an iq with a session-initiate; `name` says which. */
  readonly kind: 'message' | 'presence' | 'call';
  /** `normal` for a message without one; a presence has `subscribe`, an iq `set`. */
  readonly type: string;
  readonly id: string | undefined;
  readonly from: JidView | undefined;
  readonly to: JidView | undefined;
  readonly lang: string | undefined;
  /** The first of each; undefined when there is none. */
  readonly body: string | undefined;
  readonly subject: string | undefined;
  readonly thread: string | undefined;
}

/** How a message ended well. */
export interface ResponseView {
  /** Of the final SIP response: ours to the sender, or the recipient's to us. */
  readonly status: number | undefined;
  /** `accepted`: the XMPP server has it; `delivered`: its recipient's client, or his phone, said so. */
  readonly outcome: 'accepted' | 'delivered';
}

/** How a message is about to end in vain. */
export interface FailureView {
  /** To XMPP: the status that the SIP sender will see. To SIP: the status that came, 408 and 503 where none did. */
  readonly status: number | undefined;
  /** To SIP: the condition that the XMPP sender will see. To XMPP: the condition that came, if one did. */
  readonly condition: StanzaCondition | undefined;
  readonly text: string | undefined;
  /** To SIP: the Request-URI that was tried last. */
  readonly requestUri: string | undefined;
  /** Requests sent so far. */
  readonly attempts: number;
}

/** One of the two people, as each side names him. */
export interface PartyView {
  readonly sip: string;
  readonly xmpp: string;
}

/** One entry of `domains`. */
export interface DomainRuleView {
  readonly home: 'sip' | 'xmpp';
  readonly sip: string;
  readonly xmpp: string;
}

/** Where a request or a stanza came from. */
export interface SourceView {
  /** Lower case: `udp`, `tcp` …, or `component` for a link to an XMPP server. */
  readonly transport: string;
  /** IP address of the SIP peer. */
  readonly address: string | undefined;
  readonly port: number | undefined;
  /** Domain of the link. */
  readonly domain: string | undefined;
}

/** What is known besides the message itself. Frozen, as all that a script is given. */
export interface RouteContext {
  readonly direction: RouteDirection;
  readonly source: SourceView;
  /** He is authenticated for this address (`sip.trusted`, or his XMPP server). */
  readonly sender: PartyView;
  /** undefined when no rule of `domains` leads to the other side. */
  readonly target: PartyView | undefined;
  /** The rule of `domains` that the target falls under. */
  readonly rule: DomainRuleView | undefined;
}

/** A new child element, made by `verbs.element`. */
export interface NewElement {
  readonly name: string;
  readonly namespace: string;
}

/** What `rewrite` changes; what is left out stays. */
export interface Rewrite {
  /** Recipient: a SIP URI for a request, a JID for a stanza. */
  readonly to?: string;
  /** Sender, in the same form. A rule of `domains` and a link must allow it. */
  readonly from?: string;
  /** The text of the message, as text/plain or `<body/>`. */
  readonly body?: string;
  readonly subject?: string;
  /** Requests: header fields set, or taken out by null. */
  readonly headers?: Readonly<Record<string, string | null>>;
  /** Stanzas: child elements added … */
  readonly add?: readonly NewElement[];
  /** … and those of a name and namespace taken out, before that. */
  readonly remove?: readonly NewElement[];
}

/** What a hook may answer, and tell. Every verb is a plain function, so that it can be taken out of the object. */
export interface Verbs {
  /** Goes on as if there were no script. A hook that returns nothing says the same. */
  readonly relay: () => RouteAction;
  /**
   * Ends it with an error: a SIP status (400 … 699, but none that needs a header field of its own, such as 401) or a stanza
   * condition. The other side's word for it is that of RFC 7247.
   */
  readonly reject: (code: number | StanzaCondition, text?: string) => RouteAction;
  /** Tells the sender to go elsewhere: 302 with Contact, or `<redirect/>`. URIs: `sip:`, `sips:`, `xmpp:`. */
  readonly redirect: (targets: string | readonly string[]) => RouteAction;
  /** Ends it without a word of it to anybody: 202 in SIP, nothing in XMPP. Counted as `nothing`. */
  readonly drop: () => RouteAction;
  /** Goes on with these changes. */
  readonly rewrite: (changes: Rewrite) => RouteAction;
  /** `relay` when granted, else 403 or `forbidden`. Takes nothing but true or false, so that a forgotten `await` is seen. */
  readonly authorize: (granted: boolean, text?: string) => RouteAction;
  /** A child element for `rewrite`: checked names, texts that XML can carry. */
  readonly element: (
    name: string,
    namespace: string,
    attributes?: Readonly<Record<string, string>>,
    ...children: readonly (string | NewElement)[]
  ) => NewElement;
  /** A line in the gateway's log (event `routes.log`), at a bounded rate. */
  readonly log: (message: string, fields?: Readonly<Record<string, unknown>>) => void;
  /** Adds to `stoxgate_routes_counted_total` with this name: `[a-z][a-z0-9_]*`, 100 names in all. */
  readonly count: (name: string, by?: number) => void;
}

type Told = Pick<Verbs, 'relay' | 'log' | 'count'>;
/** What a hook gives back. Nothing means `relay`. */
export type Answer = RouteAction | undefined | void | Promise<RouteAction | undefined | void>;

/** A MESSAGE, an initial SUBSCRIBE or a PUBLISH of a believed sender, before anything is done with it. */
export type OnSipRequest = (request: SipRequestView, context: RouteContext, verbs: Verbs) => Answer;
/**
 * A message, a presence of type `subscribe`, or what a call begins with, of an XMPP user, before anything is done with it.
 */
export type OnStanza = (stanza: StanzaView, context: RouteContext, verbs: Verbs) => Answer;
/** A message as the other side is to get it. */
export type OnTranslated = (
  translated: SipRequestView | StanzaView,
  context: RouteContext,
  verbs: Verbs,
) => Answer;
/** A message has arrived; nothing can be changed any more. */
export type OnResponse = (response: ResponseView, context: RouteContext, verbs: Told) => Answer;
/** A message that was sent on is about to be reported as failed. */
export type OnFailure = (
  failure: FailureView,
  context: RouteContext,
  verbs: Told & Pick<Verbs, 'reject' | 'rewrite'>,
) => Answer;

/** A whole script. */
export interface RouteScript {
  readonly onSipRequest?: OnSipRequest;
  readonly onStanza?: OnStanza;
  readonly onTranslated?: OnTranslated;
  readonly onResponse?: OnResponse;
  readonly onFailure?: OnFailure;
}
