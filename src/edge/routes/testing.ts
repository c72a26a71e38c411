// `stoxgate/testing`: the means for an operator to test his route script without a gateway. The views, the verbs and the
// runner are those of the gateway, so that what passes here is what happens there.

import { Counters, utf8Bytes, type Log, type Timer, type TimerOwner, type Timers } from '../../base/index.ts';
import {
  isRouteAction,
  readRouteModule,
  requestView,
  Routes,
  RouteRuns,
  stanzaView,
  type CheckedRewrite,
  type FailureView,
  type Occasion,
  type ResponseView,
  type RouteContext,
  type Routed,
  type RouteVerb,
  type SipRequestView,
  type StanzaView,
} from '../../policy/index.ts';
import { buildRequest, formatNameAddr, headerField } from '../../sip/index.ts';
import { element, parseDocument, serialize, type XmlElement } from '../../xml/index.ts';

/** What `rewrite` changed, as far as it did. */
export interface TestedChanges {
  readonly to?: string;
  readonly from?: string;
  readonly body?: string;
  readonly subject?: string;
  /** Values by name; null for those taken out, by lower-case name. */
  readonly headers?: Readonly<Record<string, string | null>>;
  /** As XML. */
  readonly add?: readonly string[];
  /** As `{namespace}name`. */
  readonly remove?: readonly string[];
}

/** What a hook said. Keys that do not apply are not there, so that it can be compared as a whole. */
export interface TestedAnswer {
  readonly verb: RouteVerb | 'failed';
  readonly status?: number;
  readonly condition?: string;
  readonly text?: string;
  readonly targets?: readonly string[];
  readonly changes?: TestedChanges;
  /** Of `failed`: what the gateway would log. */
  readonly error?: string;
}

export interface TestedLine {
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface TestedRoutes {
  onSipRequest(request: SipRequestView, context?: RouteContext): Promise<TestedAnswer>;
  onStanza(stanza: StanzaView, context?: RouteContext): Promise<TestedAnswer>;
  onTranslated(translated: SipRequestView | StanzaView, context?: RouteContext): Promise<TestedAnswer>;
  onResponse(response: ResponseView, context?: RouteContext): Promise<TestedAnswer>;
  onFailure(failure: FailureView, context?: RouteContext): Promise<TestedAnswer>;
  /** What the script has counted, by name. */
  readonly counts: Readonly<Record<string, number>>;
  /** What it has logged. */
  readonly logged: readonly TestedLine[];
}

/**
 * A script to be asked. Takes the module (`await import('./routes.js')`) or an object of hooks; throws TypeError for one
 * that the gateway would not load.
 */
export function testRoutes(
  script: Readonly<Record<string, unknown>> | object,
  options: { readonly deadlineMs?: number } = {},
): TestedRoutes {
  const { hooks, findings } = readRouteModule({ ...script });
  if (findings.length > 0)
    throw new TypeError(
      findings
        .map(
          ({ message, suggestion }) =>
            message + (suggestion === undefined ? '' : ` (did you mean ${suggestion}?)`),
        )
        .join('; '),
    );
  const log = new TestLog();
  const counters = new Counters();
  const runs = new RouteRuns({
    clock: { now: () => performance.now(), wall: () => Date.now() },
    timers: new PlainTimers(),
    log,
    counters,
  });
  const routes = new Routes(hooks, runs, options);
  const ask = (occasion: Occasion, subject: object, context: RouteContext): Promise<TestedAnswer> =>
    new Promise((resolve) => {
      routes.ask(occasion, '', subject, context, (result) => resolve(answerOf(result, log.lastError)));
    });
  const towardsXmpp = (context: RouteContext): boolean => context.direction === 'sip-to-xmpp';
  return {
    onSipRequest: (request, context = testContext()) =>
      ask(request.method === 'MESSAGE' ? 'sip-message' : 'sip-request', request, context),
    onStanza: (stanza, context = testContext({ direction: 'xmpp-to-sip' })) =>
      ask(stanza.kind, stanza, context),
    onTranslated: (translated, context) =>
      translated.kind === 'request'
        ? ask('request-out', translated, context ?? testContext({ direction: 'xmpp-to-sip' }))
        : ask('stanza-out', translated, context ?? testContext()),
    onResponse: (response, context = testContext()) => ask('response', response, context),
    onFailure: (failure, context = testContext({ direction: 'xmpp-to-sip' })) =>
      ask(towardsXmpp(context) ? 'failure-to-xmpp' : 'failure-to-sip', failure, context),
    get counts() {
      return countsIn(counters);
    },
    logged: log.lines,
  };
}

export interface TestRequest {
  /** Default MESSAGE. */
  readonly method?: string;
  /** URIs; default `sip:bob@example.net` and `sip:ann@example.com`. */
  readonly from?: string;
  readonly to?: string;
  readonly displayName?: string;
  readonly body?: string;
  /** Default text/plain, where there is a body. */
  readonly contentType?: string;
  /** Further ones, by name. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly callId?: string;
  /** Default 70. */
  readonly maxForwards?: number;
}

/** A request as a script sees it. */
export function sipRequest(parts: TestRequest = {}): SipRequestView {
  const { method = 'MESSAGE', from = 'sip:bob@example.net', to = 'sip:ann@example.com', body = '' } = parts;
  const { displayName = '', contentType = body === '' ? undefined : 'text/plain', headers = {} } = parts;
  const fields = Object.entries(headers).map(([name, value]) => headerField(name, value));
  if (contentType !== undefined) fields.push(headerField('Content-Type', contentType));
  return requestView(
    buildRequest({
      ...{ method, requestUri: to, to: formatNameAddr({ uri: to }), callId: parts.callId ?? 'test' },
      from: `${formatNameAddr({ displayName, uri: from })};tag=test`,
      via: 'SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKtest',
      cseq: 1,
      maxForwards: parts.maxForwards,
      headers: fields,
      body: utf8Bytes(body),
    }),
  );
}

export interface TestMessage {
  /** JIDs; default `ann@example.com/desk` and `bob@example.net`. */
  readonly from?: string;
  readonly to?: string;
  readonly id?: string;
  /** Default chat. */
  readonly type?: string;
  readonly body?: string;
  readonly subject?: string;
  readonly thread?: string;
  /** Further child elements, as XML with their namespaces. */
  readonly children?: readonly string[];
}

/** A message stanza as a script sees it. */
export function messageStanza(parts: TestMessage = {}): StanzaView {
  const { type = 'chat', body, subject, thread } = parts;
  const child = (name: string, text: string | undefined): XmlElement | undefined =>
    text === undefined ? undefined : element(name, CLIENT, {}, text);
  return stanzaView(
    element(
      'message',
      CLIENT,
      { ...people(parts), type, id: parts.id ?? 'test' },
      ...[child('subject', subject), child('body', body), child('thread', thread)],
      ...(parts.children ?? []).map(xml),
    ),
  );
}

/** A request for presence as a script sees it. */
export function presenceStanza(parts: Pick<TestMessage, 'from' | 'to' | 'id' | 'children'> = {}): StanzaView {
  const attributes = { ...people(parts), type: 'subscribe', id: parts.id ?? 'test' };
  return stanzaView(element('presence', CLIENT, attributes, ...(parts.children ?? []).map(xml)));
}

/** What a call begins with, as a script sees it: a proposal (XEP-0353), or a session-initiate of Jingle (XEP-0166). */
export function callStanza(
  parts: Pick<TestMessage, 'from' | 'to' | 'id'> & {
    /** By a session-initiate; by default by a proposal. */
    readonly session?: boolean;
    /** Default audio. */
    readonly media?: readonly string[];
  } = {},
): StanzaView {
  const { id = 'test', media = ['audio'] } = parts;
  const said = media.map((each) => element('description', RTP, { media: each }));
  const child =
    parts.session === true
      ? element(
          'jingle',
          'urn:xmpp:jingle:1',
          { action: 'session-initiate', sid: 'test' },
          ...said.map((each, place) =>
            element('content', 'urn:xmpp:jingle:1', { creator: 'initiator', name: String(place) }, each),
          ),
        )
      : element('propose', 'urn:xmpp:jingle-message:0', { id: 'test' }, ...said);
  const [name, type] = parts.session === true ? ['iq', 'set'] : ['message', 'chat'];
  return stanzaView(element(name, CLIENT, { ...people(parts), type, id }, child), 'call');
}

/** A context; what is not given is as if Bob of SIP wrote to Ann of XMPP, or she to him. */
export function testContext(parts: Partial<RouteContext> = {}): RouteContext {
  const bob = { sip: 'sip:bob@example.net', xmpp: 'bob@example.net' };
  const ann = { sip: 'sip:ann@example.com', xmpp: 'ann@example.com/desk' };
  const fromSip = (parts.direction ?? 'sip-to-xmpp') === 'sip-to-xmpp';
  const context: RouteContext = {
    direction: 'sip-to-xmpp',
    source: fromSip
      ? { transport: 'udp', address: '192.0.2.1', port: 5060, domain: undefined }
      : { transport: 'component', address: undefined, port: undefined, domain: 'example.net' },
    sender: fromSip ? bob : ann,
    target: fromSip ? ann : bob,
    rule: fromSip
      ? { home: 'xmpp', sip: 'example.com', xmpp: 'example.com' }
      : { home: 'sip', sip: 'example.net', xmpp: 'example.net' },
    ...parts,
  };
  for (const part of [context.source, context.sender, context.target, context.rule])
    if (part !== undefined) Object.freeze(part);
  return Object.freeze(context);
}

/** How a message ended well. */
export function testResponse(parts: Partial<ResponseView> = {}): ResponseView {
  return Object.freeze({ status: 200, outcome: 'delivered', ...parts });
}

/** How one is about to end in vain; as if nobody had answered. */
export function testFailure(parts: Partial<FailureView> = {}): FailureView {
  return Object.freeze({
    status: 408,
    condition: 'remote-server-timeout',
    text: undefined,
    requestUri: 'sip:bob@example.net',
    attempts: 1,
    ...parts,
  });
}

const RTP = 'urn:xmpp:jingle:apps:rtp:1';
const CLIENT = 'jabber:client';

function people({ from = 'ann@example.com/desk', to = 'bob@example.net' }: TestMessage) {
  return { from, to };
}

function xml(text: string): XmlElement {
  const document = parseDocument(utf8Bytes(text));
  if (!document.ok) throw new TypeError(`no XML: ${text}`);
  return document.value;
}

function answerOf(result: Routed, error: string): TestedAnswer {
  if (!isRouteAction(result)) return { verb: 'failed', error };
  const { verb, status, condition, text, targets, changes } = result;
  return {
    verb,
    ...(status === undefined ? {} : { status }),
    ...(condition === undefined ? {} : { condition }),
    ...(text === undefined ? {} : { text }),
    ...(targets.length === 0 ? {} : { targets: [...targets] }),
    ...(changes === undefined ? {} : { changes: changesOf(changes) }),
  };
}

function changesOf(changes: CheckedRewrite): TestedChanges {
  const { to, from, body, subject, headers, withoutHeaders, add, remove } = changes;
  const fields = new Map<string, string | null>(headers.map(({ name, value }) => [name, value]));
  for (const id of withoutHeaders) fields.set(id, null);
  return {
    ...(to === undefined ? {} : { to }),
    ...(from === undefined ? {} : { from }),
    ...(body === undefined ? {} : { body }),
    ...(subject === undefined ? {} : { subject }),
    ...(fields.size === 0 ? {} : { headers: Object.fromEntries(fields) }),
    ...(add.length === 0 ? {} : { add: add.map((each) => serialize(each)) }),
    ...(remove.length === 0 ? {} : { remove: remove.map(({ name, namespace }) => `{${namespace}}${name}`) }),
  };
}

function countsIn(counters: Counters): Record<string, number> {
  const lines = counters.text().matchAll(/^stoxgate_routes_counted_total\{name="(\w+)"\} (\d+)$/gm);
  return Object.fromEntries([...lines].map(([, name = '', value]) => [name, Number(value)]));
}

type Fields = Readonly<Record<string, unknown>>;

class TestLog implements Log {
  readonly lines: TestedLine[] = [];
  lastError = '';

  debug(): void {}

  info(event: string, fields: Fields = {}): void {
    const { message, ...others } = fields;
    if (event === 'routes.log') this.lines.push({ message: String(message), fields: others });
  }

  warn(): void {}

  error(event: string, { message }: Fields = {}): void {
    this.lastError = typeof message === 'string' ? message : event;
  }

  enabled(): boolean {
    return true;
  }
}

class PlainTimer implements Timer {
  armed = true;
  handle: NodeJS.Timeout | undefined;
}

class PlainTimers implements Timers {
  set(delayMs: number, fire: (() => void) | TimerOwner): Timer {
    const timer = new PlainTimer();
    timer.handle = setTimeout(() => {
      timer.armed = false;
      if (typeof fire === 'function') fire();
      else fire.timerFired(timer);
    }, delayMs);
    return timer;
  }

  clear(timer: Timer | undefined): void {
    if (!(timer instanceof PlainTimer)) return;
    clearTimeout(timer.handle);
    timer.armed = false;
  }

  leftMs(): undefined {
    return undefined;
  }
}
