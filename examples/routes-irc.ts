// IRC through biboumi, which is a component of the XMPP server: a nick is ivy%irc.libera.chat@irc.example.org, a channel
// #chat%irc.libera.chat@irc.example.org. biboumi is on IRC for who has joined a channel; the gateway does not join any yet.
//
//   a message to a nick      arrives, and is answered, while biboumi is on IRC for its sender
//   a message to a channel   biboumi drops it without a word: its sender is told here
//   a line of the channel    the gateway refuses it (RFC 6121 §8.5.2.1.1), and biboumi takes that for a goodbye: dropped here
//
// With `messages: { type: chat }` in the configuration: what is not of that type biboumi drops as well.

import type { OnSipRequest, OnStanza } from 'stoxgate/routes';

/** The domain of biboumi. */
const IRC_DOMAIN = 'irc.example.org';
/** RFC 2812 §1.3: "#", "&", "+" or "!"; "&" is \26 in a JID (XEP-0106). Behind a resource it is a nick in the channel. */
const CHANNEL = new RegExp(String.raw`^(?:[#+!]|\\26)[^@/]*@${IRC_DOMAIN.replaceAll('.', String.raw`\.`)}$`);

export const onSipRequest: OnSipRequest = (_request, context, { relay, reject, count }) => {
  if (context.target === undefined || !CHANNEL.test(context.target.xmpp)) return relay();
  count('to_channel');
  return reject(501, 'Channels of IRC cannot be joined from SIP; write to a nick');
};

export const onStanza: OnStanza = (stanza, _context, { relay, drop }) =>
  stanza.from?.domain === IRC_DOMAIN && stanza.type === 'groupchat' ? drop() : relay();
