// Namespaces of the extensions that the gateway reads or writes, under the number of their XEP.

/** XEP-0004 Data Forms 2.13. */
export const NS_DATA = 'jabber:x:data';
/** XEP-0012 Last Activity 2.0. */
export const NS_LAST = 'jabber:iq:last';
/** XEP-0027 Current Jabber OpenPGP Usage (obsolete). */
export const NS_LEGACY_PGP = 'jabber:x:encrypted';
/** XEP-0030 Service Discovery 2.5. */
export const NS_DISCO_INFO = 'http://jabber.org/protocol/disco#info';
export const NS_DISCO_ITEMS = 'http://jabber.org/protocol/disco#items';
/** XEP-0054 vcard-temp 1.3. */
export const NS_VCARD = 'vcard-temp';
/** XEP-0060 Publish-Subscribe 1.26: what is told of a node. */
export const NS_PUBSUB_EVENT = 'http://jabber.org/protocol/pubsub#event';
/** XEP-0066 Out of Band Data 1.5. */
export const NS_OOB = 'jabber:x:oob';
/** XEP-0071 XHTML-IM 1.5.4 (deprecated). */
export const NS_XHTML_IM = 'http://jabber.org/protocol/xhtml-im';
/** XEP-0080 User Location 1.10: also the name of its node (XEP-0163). */
export const NS_GEOLOC = 'http://jabber.org/protocol/geoloc';
/** XEP-0085 Chat State Notifications 2.1. */
export const NS_CHAT_STATES = 'http://jabber.org/protocol/chatstates';
/** XEP-0092 Software Version 1.1. */
export const NS_VERSION = 'jabber:iq:version';
/** XEP-0106 JID Escaping 1.1: the feature of those who understand `\20` and the like. */
export const FEATURE_JID_ESCAPING = 'jid\\20escaping';
/** XEP-0107 User Mood 1.2, XEP-0108 User Activity 1.3: also the names of their nodes (XEP-0163). */
export const NS_MOOD = 'http://jabber.org/protocol/mood';
export const NS_ACTIVITY = 'http://jabber.org/protocol/activity';
/** XEP-0115 Entity Capabilities 1.6. */
export const NS_CAPS = 'http://jabber.org/protocol/caps';
/** XEP-0172 User Nickname 1.1. */
export const NS_NICK = 'http://jabber.org/protocol/nick';
/** XEP-0184 Message Delivery Receipts 1.4. */
export const NS_RECEIPTS = 'urn:xmpp:receipts';
/** XEP-0199 XMPP Ping 2.0. */
export const NS_PING = 'urn:xmpp:ping';
/** XEP-0202 Entity Time 2.0. */
export const NS_TIME = 'urn:xmpp:time';
/** XEP-0203 Delayed Delivery 2.0. */
export const NS_DELAY = 'urn:xmpp:delay';
/** XEP-0232 Software Information 0.3: the FORM_TYPE of its form. */
export const FORM_SOFTWARE_INFO = 'urn:xmpp:dataforms:softwareinfo';
/** XEP-0280 Message Carbons 1.0. */
export const NS_CARBONS = 'urn:xmpp:carbons:2';
/** XEP-0308 Last Message Correction 1.2. */
export const NS_CORRECT = 'urn:xmpp:message-correct:0';
/** XEP-0313 Message Archive Management 1.1, and the version before. */
export const NS_MAM = 'urn:xmpp:mam:2';
export const NS_MAM_1 = 'urn:xmpp:mam:1';
/** XEP-0319 Last User Interaction in Presence 1.0. */
export const NS_IDLE = 'urn:xmpp:idle:1';
/** XEP-0333 Displayed Markers 1.0. */
export const NS_CHAT_MARKERS = 'urn:xmpp:chat-markers:0';
/** XEP-0334 Message Processing Hints 0.4. */
export const NS_HINTS = 'urn:xmpp:hints';
/** XEP-0373 OpenPGP for XMPP 0.7. */
export const NS_OPENPGP = 'urn:xmpp:openpgp:0';
/** XEP-0380 Explicit Message Encryption 0.4. */
export const NS_EME = 'urn:xmpp:eme:0';
/** XEP-0384 OMEMO Encryption 0.3 (deployed) and 0.8. */
export const NS_OMEMO_LEGACY = 'eu.siacs.conversations.axolotl';
export const NS_OMEMO_1 = 'urn:xmpp:omemo:1';
export const NS_OMEMO = 'urn:xmpp:omemo:2';
/** XEP-0364 Off-the-Record Messaging, as XEP-0380 names it. */
export const NS_OTR = 'urn:xmpp:otr:0';
/** XEP-0424 Message Retraction 0.4, and the version before. */
export const NS_RETRACT = 'urn:xmpp:message-retract:1';
export const NS_RETRACT_0 = 'urn:xmpp:message-retract:0';
/** XEP-0422 Message Fastening: the envelope of the older retraction. */
export const NS_FASTEN = 'urn:xmpp:fasten:0';
/** XEP-0428 Fallback Indication 0.2. */
export const NS_FALLBACK = 'urn:xmpp:fallback:0';
/** XEP-0444 Message Reactions 0.1. */
export const NS_REACTIONS = 'urn:xmpp:reactions:0';
/** XEP-0461 Message Replies 0.2. */
export const NS_REPLY = 'urn:xmpp:reply:0';
