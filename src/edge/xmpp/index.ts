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
