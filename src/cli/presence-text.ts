// What a watcher is shown of his contact, in words.

import { formatDateTime } from '../base/index.ts';
import type { AnswerFields } from './answer-fields.ts';
import {
  answerWords,
  contactEvent,
  contactState,
  endWords,
  watcherEvent,
  watcherState,
} from './presence-words.ts';
import { shown } from './shown.ts';

type Line = readonly [name: string, text: string | undefined];

/** Blocks of lines: the pair, and the other way round where there is one. */
export function explainPresence(answer: AnswerFields): string[] {
  const because = answer.texts('because').map(shown);
  // No rule covers one of the two.
  if (!answer.has('watcher')) return because;
  const watcher = answer.of('watcher');
  const contact = answer.of('contact');
  const lines = [
    person(watcher),
    `watches ${person(contact)}`,
    ...block([
      ['link', link(answer.of('link'))],
      ...because.map((text): Line => ['nothing', text]),
      ...machine(answer.of('shown')),
    ]),
    '',
  ];
  if (!answer.has('reverse')) return [...lines, 'The other way round nobody watches.'];
  return [...lines, 'The other way round:', ...block(machine(answer.of('reverse')))];
}

function block(lines: readonly Line[]): string[] {
  return lines.flatMap(([name, text]) => (text === undefined ? [] : [`  ${name.padEnd(10)}${text}`]));
}

function person(fields: AnswerFields): string {
  const jid = shown(fields.text('jid') ?? '');
  const uri = shown(fields.text('uri') ?? '');
  return fields.text('home') === 'sip' ? `${uri}  (${jid}) on SIP` : `${jid}  (${uri}) on XMPP`;
}

function link(fields: AnswerFields): string {
  const domain = shown(fields.text('domain') ?? '');
  const states = fields.rows('states');
  if (states.length === 0) return `${domain}: there is none; nothing comes from or goes to the XMPP side`;
  const told = states.map((each) => `${each.text('state') ?? 'unknown'}${since(each.number('sinceMs'))}`);
  const down = fields.is('up') ? '' : '; nothing comes from or goes to the XMPP side';
  return `${domain}: ${told.join(', ')}${down}`;
}

function machine(fields: AnswerFields): readonly Line[] {
  const status = fields.of('status');
  switch (fields.text('machine')) {
    case 'W':
      return watchLines(status);
    case 'P':
      return contactLines(status);
    default:
      return [];
  }
}

function watchLines(status: AnswerFields): readonly Line[] {
  const state = status.text('state') ?? '';
  const due = status.of('due');
  const kind = due.text('kind');
  const toTell = [
    kind === undefined
      ? undefined
      : `${kind}, ${due.is('placed') ? 'not confirmed by the XMPP server yet' : 'which waits for the link'}`,
    status.is('unsent') ? 'presence, when the link is up' : undefined,
  ].filter((part) => part !== undefined);
  return [
    ['state', stateWords(status, watcherEvent)],
    ['means', watcherState(state)],
    ['waits', status.is('inTurn') ? 'for its turn among others' : undefined],
    ['check', until(status.number('checkMs'), 'his server has to say that he is there until')],
    ...status.rows('resources').map((row): Line => ['resource', watchedResource(row)]),
    ['', more(status.number('more'), 'resources')],
    ['known', knownWords(status)],
    ['to tell', toTell.length === 0 ? undefined : toTell.join('; ')],
    ['user', userWords(status)],
    ['fault', faultWords(status.text('fault'))],
    ['last end', lastEnd(status.of('lastEnd'))],
    ...subscriptionLines(status),
  ];
}

function stateWords(status: AnswerFields, eventWords: (name: string) => string): string {
  const by = status.text('by') ?? '';
  const sinceMs = status.number('sinceMs') ?? 0;
  const state = status.text('state') ?? 'unknown';
  return sinceMs === 0 ? state : `${state}${since(sinceMs)}, by: ${eventWords(by)}`;
}

function watchedResource(row: AnswerFields): string {
  const name = resourceName(row);
  if (!row.has('available')) return `${name}: told as available; nothing was heard of it since`;
  const available = row.is('available');
  const words = [available ? 'available' : 'unavailable', ...presenceWords(row)].join(', ');
  if (available === row.is('told')) return `${name}: ${words}`;
  return `${name}: ${words}; ${available ? 'not told' : 'told as available'}`;
}

function resourceName(row: AnswerFields): string {
  const name = row.text('resource') ?? '';
  return name === '' ? 'without a name' : shown(name);
}

function presenceWords(row: AnswerFields): string[] {
  const show = row.text('show');
  const status = row.text('status');
  const priority = row.text('priority');
  return [
    show === undefined ? undefined : shown(show),
    status === undefined ? undefined : `"${shown(status)}"`,
    priority === undefined ? undefined : `priority ${shown(priority)}`,
  ].filter((part) => part !== undefined);
}

function knownWords(status: AnswerFields): string | undefined {
  if (status.is('restored')) return 'nothing was heard since the gateway started; what was told before stays';
  if (!status.is('known')) return 'nobody has said anything about the contact';
  return status.list('resources').length === 0 ? 'the contact’s side named no resource' : undefined;
}

function userWords(status: AnswerFields): string {
  const online = status.texts('online').map(shown);
  return [
    `last heard of ${time(status.number('heardMs'))}`,
    online.length === 0 ? undefined : `there with ${online.join(', ')}`,
    status.is('tells') ? undefined : 'his server has never told this contact whether he is there',
  ]
    .filter((part) => part !== undefined)
    .join('; ');
}

function faultWords(code: string | undefined): string | undefined {
  return code === undefined ? undefined : `the last document was refused: ${shown(code)}`;
}

function lastEnd(fields: AnswerFields): string | undefined {
  const end = fields.of('end');
  const cause = end.text('cause');
  if (cause === undefined) return undefined;
  const words = endWords(cause, end.number('status'), end.text('reason'));
  const after = end.number('retryAfter');
  return `${time(fields.number('atMs'))}: ${words}${after === undefined ? '' : `, Retry-After ${after} s`}`;
}

function subscriptionLines(status: AnswerFields): readonly Line[] {
  if (!status.has('subscription')) return [['SIP', 'no subscription']];
  const subscription = status.of('subscription');
  const failures = subscription.number('failures') ?? 0;
  const pause = until(subscription.number('againMs'), 'asks again');
  return [
    ['SIP', [subscription.text('state') ?? 'unknown', pause, failed(failures)].filter(Boolean).join('; ')],
    ...subscription.rows('dialogs').map((row): Line => ['dialog', dialog(row)]),
  ];
}

function dialog(row: AnswerFields): string {
  const granted = row.number('granted');
  const sending = row.text('sending') ?? 'nothing';
  const answered = row.number('answered') ?? row.text('answered');
  const notify = row.number('notifyStatus');
  const target = row.text('remoteTarget');
  return [
    `${row.text('state') ?? 'unknown'}, Call-ID ${shown(row.text('callId') ?? '')}`,
    target === undefined ? undefined : `with ${shown(target)}`,
    `asked ${row.number('asked') ?? 0} s${granted === undefined ? '' : `, granted ${granted} s`}`,
    until(row.number('expiresMs'), 'expires'),
    until(row.number('refreshMs'), 'refresh'),
    until(row.number('notifyByMs'), 'a NOTIFY has to come until'),
    sending === 'nothing' ? undefined : `SUBSCRIBE (${sending}) without an answer yet`,
    answered === undefined ? undefined : `the last SUBSCRIBE: ${answerWords(answered)}`,
    notify === undefined
      ? undefined
      : `the last NOTIFY ${time(row.number('notifiedMs'))}, answered ${answerWords(notify)}`,
    failed(row.number('failures') ?? 0),
  ]
    .filter((part) => part !== undefined && part !== '')
    .join('; ');
}

function contactLines(status: AnswerFields): readonly Line[] {
  const state = status.text('state') ?? '';
  const fetches = status.number('fetches') ?? 0;
  const resources = status.rows('resources');
  const left = status.of('more');
  return [
    ['state', stateWords(status, contactEvent)],
    ['means', contactState(state)],
    ['waits', status.is('inTurn') ? 'for its turn among others' : until(status.number('waitMs'), 'until')],
    ...resources.map((row): Line => ['resource', heldResource(row)]),
    ['', more(left.number('resources'), 'resources')],
    ['known', resources.length === 0 ? 'no resource of the contact is available' : undefined],
    ...status.rows('subscriptions').map((row): Line => ['dialog', served(row)]),
    ['', more(left.number('subscriptions'), 'dialogs')],
    ['fetches', fetches === 0 ? undefined : `${fetches} without an answer yet`],
  ];
}

function heldResource(row: AnswerFields): string {
  const words = ['available', ...presenceWords(row)].join(', ');
  const doubt = row.is('doubted') ? '; counts only if it is heard of again' : '';
  return `${resourceName(row)}: ${words}; came ${time(row.number('receivedMs'))}${doubt}`;
}

/** Where its NOTIFY is. */
const NOTIFY_WORDS: Readonly<Record<string, string>> = {
  idle: 'he was told everything',
  queued: 'a NOTIFY is about to leave',
  sending: 'a NOTIFY is on its way',
  resting: 'a change is due, not so soon after the last NOTIFY',
  retrying: 'the last NOTIFY failed, and is tried again',
};

function served(row: AnswerFields): string {
  const notify = row.text('notify') ?? 'unknown';
  const answered = row.number('answered') ?? row.text('answered');
  const notifiedMs = row.number('notifiedMs');
  return [
    `${row.text('state') ?? 'unknown'}, Call-ID ${shown(row.text('callId') ?? '')}`,
    `with ${shown(row.text('contact') ?? '')}`,
    until(row.number('expiresMs'), 'expires'),
    NOTIFY_WORDS[notify] ?? notify,
    row.is('owed') ? 'another one follows' : undefined,
    until(row.number('againMs'), 'next NOTIFY'),
    notifiedMs === undefined ? 'no NOTIFY since the gateway started' : `the last NOTIFY ${time(notifiedMs)}`,
    answered === undefined ? undefined : `the last answer: ${answerWords(answered)}`,
    failed(row.number('failures') ?? 0),
  ]
    .filter((part) => part !== undefined && part !== '')
    .join('; ');
}

function failed(failures: number): string | undefined {
  return failures === 0 ? undefined : `failed ${failures} times in a row`;
}

function more(count: number | undefined, what: string): string | undefined {
  return count === undefined || count === 0 ? undefined : `and ${count} further ${what}`;
}

function since(ms: number | undefined): string {
  return ms === undefined ? '' : ` since ${formatDateTime(Math.round(ms))}`;
}

function until(ms: number | undefined, what: string): string | undefined {
  return ms === undefined ? undefined : `${what} ${time(ms)}`;
}

function time(ms: number | undefined): string {
  return ms === undefined ? 'unknown' : formatDateTime(Math.round(ms));
}
