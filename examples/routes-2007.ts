// The routing logic with which OpenSER joined SIP and XMPP in 2007, step by step. There a proxy and registrar had the
// gateway beside it and decided with its script what goes there; here the gateway decides itself, and sends back to the
// proxy what is the proxy's affair.
//
//   if (!uri == domain of ours) …            the domain test: `context.rule`
//   if (loose_route()) …                     a request that still has a Route was not meant to end here
//   record_route();                          a MESSAGE makes no dialog (RFC 3428 §4), so there is nothing to record
//   if (method == "MESSAGE" && XMPP domain)  to the gateway: relay
//   lookup("location");                      the registrar's affair: 302 to where users register
//   m_store() when that fails                to the store for offline messages

import type { OnFailure, OnSipRequest, OnStanza } from 'stoxgate/routes';

/** Where the phones register. */
const REGISTRAR = 'proxy.example.net';
/** Takes what could not be delivered, and delivers it at the next registration (OpenSER: msilo). */
const OFFLINE_STORE = 'store.example.net';
/** Statuses that say: he is not there now. */
const NOT_THERE: ReadonlySet<number | undefined> = new Set([404, 408, 410, 480]);

export const onSipRequest: OnSipRequest = (request, context, { relay, reject, redirect, count }) => {
  // OpenSER's mf_process_maxfwd_header: what has no hop left goes nowhere.
  if (request.maxForwards !== undefined && request.maxForwards < 1) return reject(483, 'Too Many Hops');

  // Loose routing: one Route may still be the one that led here; what has another hop to go to is in the wrong place.
  if (request.headers('Route').length > 1) return reject(404, 'Not the last hop of this route');

  // The domain test. A domain of the XMPP side goes through the gateway, …
  if (context.rule?.home === 'xmpp') {
    count(`to_xmpp_${request.method.toLowerCase()}`);
    return relay();
  }
  // … any other is the registrar's, which knows where that user is.
  count('to_registrar');
  const { user, host } = request.requestUri;
  if (user === '') return reject(404, 'Nobody of that name');
  return redirect(`sip:${encodeURIComponent(user)}@${host};maddr=${REGISTRAR}`);
};

export const onStanza: OnStanza = (stanza, context, { relay, reject, count }) => {
  // The other way the same test: no SIP domain, no way.
  if (context.rule?.home !== 'sip') return reject('item-not-found', 'No such SIP domain');
  count(`to_sip_${stanza.kind}`);
  return relay();
};

/** The failure route. */
export const onFailure: OnFailure = (failure, context, { relay, rewrite, log, count }) => {
  if (context.direction !== 'xmpp-to-sip' || !NOT_THERE.has(failure.status)) return relay();
  // Not again when the store itself has refused it.
  if (context.target === undefined || failure.requestUri?.includes(`@${OFFLINE_STORE}`) === true)
    return relay();
  const [, user = ''] = /^sips?:([^@]+)@/.exec(context.target.sip) ?? [];
  if (user === '') return relay();
  count('to_offline_store');
  log('stored', { for: context.target.sip, status: failure.status });
  return rewrite({ to: `sip:${user}@${OFFLINE_STORE}` });
};
