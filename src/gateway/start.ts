// The composition root: makes the parts of a gateway, joins them, and starts them in an order in which nothing can
// arrive before there is somebody to take it.

import { BoundedMap, Counters, StoxgateError, type Log } from '../base/index.ts';
import { NodeDnsResolver } from '../edge/dns/index.ts';
import { RateLimitedLog } from '../edge/log/index.ts';
import { SipEdge } from '../edge/sip/index.ts';
import { startConsole, type Console } from '../edge/http/index.ts';
import { AddressBook } from '../mapping/index.ts';
import { TrustedSources } from '../policy/index.ts';
import { DigestClient, Locator, NextHops, TransactionLayer, type TransportSink } from '../sip/index.ts';
import type { Config } from './config/schema.ts';
import { Links } from './links.ts';
import type { Live } from './live.ts';
import { ComposingToSip, ComposingToXmpp } from './messages/composing.ts';
import { Conversations } from './messages/conversations.ts';
import { ErrorReports } from './messages/error-reports.ts';
import { ToSipOutcomes, ToXmppOutcomes } from './messages/outcomes.ts';
import { ImdnReports } from './messages/reports.ts';
import { SipDeliveries } from './messages/sip-deliveries.ts';
import { ToSipMessages } from './messages/to-sip-messages.ts';
import { ToXmppMessages } from './messages/to-xmpp-messages.ts';
import { SipDispatch } from './sip-dispatch.ts';
import { System } from './system.ts';
import type { Gateway, GatewayEnv, GatewayStatus } from './types.ts';
import { XmppDispatch } from './xmpp-dispatch.ts';
