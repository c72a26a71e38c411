// What the gateway does without a script, written as one. Copy it, and change what you want to be otherwise.
//
// In the configuration: `routes: ./routes-default.ts`. All hooks and verbs are in docs/routes.md; each hook may be left
// out, and then costs nothing.

import type { OnFailure, OnResponse, OnSipRequest, OnStanza, OnTranslated } from 'stoxgate/routes';

/**
 * A MESSAGE, an initial SUBSCRIBE or a PUBLISH from SIP. The gateway believes its sender already: it came from a network in
 * `sip.trusted` that may speak for his domain.
 */
export const onSipRequest: OnSipRequest = (_request, _context, { relay }) => {
  // No rule of `domains` covers the target: the gateway answers 404 by itself, and `context.target` is undefined here.
  return relay();
};

/** A message from XMPP, or a presence of type subscribe. The XMPP server vouches for its sender. */
export const onStanza: OnStanza = (_stanza, _context, { relay }) => {
  // No rule covers the target: `item-not-found`, by itself.
  return relay();
};

/** The stanza or the request as the other side is to get it. */
export const onTranslated: OnTranslated = (_translated, _context, { relay }) => {
  return relay();
};

/** It has arrived. Nothing can be changed any more. */
export const onResponse: OnResponse = (_response, _context, { relay }) => {
  return relay();
};

/** It is about to be reported as failed: to a SIP sender by a status, to an XMPP sender by a stanza error. */
export const onFailure: OnFailure = (_failure, _context, { relay }) => {
  return relay();
};
