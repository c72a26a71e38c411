// The words of `stoxgate presence` for the states and events of the machines W and P, and for what ended a subscription.

import type { ContactEvent, ContactState, WatcherEvent, WatcherState } from '../interwork/presence/index.ts';
import { reasonPhrase, type End } from '../sip/index.ts';

/** Machine W: what the state means for what the user is shown. */
const WATCHER_STATES: Readonly<Record<WatcherState, string>> = {
  none: 'he does not watch him any more; nothing is left but what he has to be told',
  fetching: 'he watches nobody: one answer is being fetched for a probe of his server',
  subscribing: 'he asked for the authorization; no SUBSCRIBE was answered yet; nothing is shown',
  neutral:
    'he asked for the authorization; the SIP side took the SUBSCRIBE, and no NOTIFY came; nothing is shown',
  pending: 'he asked for the authorization; the contact has not decided; nothing is shown',
  active: 'authorized; he is shown what the contact’s side says',
  checking:
    'authorized, and shown what the contact’s side says; before the next refresh his server was asked whether he is there',
  resubscribing: 'authorized; there is no subscription now, and one is asked for',
  asked:
    'he asked for the authorization; the SIP side does not answer the question, and nothing asks any more',
  authorized:
    'authorized; he is away, or the last subscription was refused: there is none until he comes again',
  settled: 'authorized; the contact’s state never changes, so that there is no subscription',
  closing: 'he takes it back; SUBSCRIBE with Expires: 0 is on its way',
};

const WATCHER_EVENTS: Readonly<Record<WatcherEvent | 'restored', string>> = {
  subscribe: 'the user’s subscribe',
  unsubscribe: 'the user’s unsubscribe',
  probe: 'a probe of the user’s server',
  available: 'the user is there, or counts as being there',
  unavailable: 'the user is away',
  checkFailed: 'his server did not say that he is there',
  accepted: 'a 2xx to SUBSCRIBE',
  closed: 'a 2xx to SUBSCRIBE with Expires: 0',
  notifyPending: 'NOTIFY pending',
  notifyActive: 'NOTIFY active',
  refreshDue: 'a refresh is due',
  again: 'the subscription ended; it is asked for again at once',
  paused: 'the subscription ended; it is asked for again after a pause',
  gaveUp: 'the contact did not decide, or takes his decision back',
  cancelled: 'the SIP side cancelled the authorization',
  notFound: 'the SIP side knows no such contact',
  refused: 'the SIP side refused in a way that asking again would not mend',
  invariant: 'NOTIFY terminated, reason invariant',
  overloaded: 'the gateway had no room for a further subscription',
  ended: 'the subscription ended, as it was wanted',
  restart: 'the gateway started and goes on',
  restored: 'the gateway started and found it in the store',
};

/** Machine P: the same for the SIP user who watches. */
const CONTACT_STATES: Readonly<Record<ContactState, string>> = {
  none: 'nobody watches; nothing is shown',
  asking: 'the contact was asked by subscribe and has not answered; nothing is shown',
  settling: 'authorized a moment ago; the first NOTIFY waits for the contact’s presence',
  open: 'authorized; he is shown what the contact sends',
  unsure:
    'the way to the contact was lost, or the gateway started: he is asked again, and what was shown stays for a moment',
  silent: 'the contact cannot be reached, or does not answer: he is shown as closed',
};

const CONTACT_EVENTS: Readonly<Record<ContactEvent, string>> = {
  dialog: 'a new subscription',
  restored: 'the gateway started and found it in the store',
  refreshed: 'a refresh by the watcher',
  lastEnded: 'his last subscription ended',
  subscribed: 'the contact’s subscribed',
  unsubscribed: 'the contact’s unsubscribed',
  presence: 'presence of the contact',
  notFound: 'an error: no such contact',
  forbidden: 'an error: the contact is not for him',
  failed: 'an error for the time being',
  waited: 'the time to wait was over',
  linkUp: 'the link came up',
  linkGone: 'the link was down for too long',
};

export function watcherState(name: string): string {
  return wordOf(WATCHER_STATES, name);
}

export function watcherEvent(name: string): string {
  return wordOf(WATCHER_EVENTS, name);
}

export function contactState(name: string): string {
  return wordOf(CONTACT_STATES, name);
}

export function contactEvent(name: string): string {
  return wordOf(CONTACT_EVENTS, name);
}

/** `status`, `reason`: what `End` has beside its cause. */
export function endWords(cause: string, status: number | undefined, reason: string | undefined): string {
  const ends: Readonly<Record<End['cause'], string>> = {
    unsubscribed: 'the gateway ended it',
    fetched: 'the fetch had its answer',
    notified: `NOTIFY terminated${reason === undefined ? '' : `, reason ${reason}`}`,
    refused: `SUBSCRIBE was answered ${answerWords(status)}`,
    failed: `SUBSCRIBE had no answer: ${answerWords(reason)}`,
    noNotify: 'no NOTIFY came in time',
    expired: 'it could not be refreshed in time',
  };
  return wordOf(ends, cause);
}

/** A status with its phrase, or why there is none. */
export function answerWords(answered: number | string | undefined): string {
  if (typeof answered === 'number') return `${answered} ${reasonPhrase(answered)}`;
  return answered === undefined ? 'nothing' : wordOf(FAILURES, answered);
}

const FAILURES: Readonly<Record<string, string>> = {
  timeout: 'nobody answered in time',
  transport: 'it could not be sent',
  unlocatable: 'there is no server to send it to',
  stopped: 'the gateway stopped',
};

/** A word that a newer gateway has is told as it is. */
function wordOf(words: Readonly<Record<string, string>>, name: string): string {
  return Object.hasOwn(words, name) ? (words[name] ?? name) : name;
}
