export { BarrierDesk } from './barrier-desk.ts';
export { ComponentLink } from './component-link.ts';
export {
  DEFAULT_LINK_LIMITS,
  SendRefusal,
  type ComponentLinkEnv,
  type ComponentLinkEvents,
  type ComponentLinkLimits,
  type ComponentLinkOptions,
  type SendOptions,
} from './options.ts';
export { XmppServer } from './xmpp-server.ts';
export {
  DEFAULT_SERVER_LIMITS,
  type ServerLimits,
  type ServerListen,
  type ServerPlace,
  type ServerStanza,
  type XmppServerEnv,
  type XmppServerEvents,
  type XmppServerOptions,
} from './server-options.ts';
