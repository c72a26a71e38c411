export { batchDatagramSocket } from './batch-datagram-socket.ts';
export { SipEdge, type SipEdgeEnv } from './sip-edge.ts';
export type { ListenConfig } from './listen-config.ts';
export { readInterfaces, type InterfaceAddress } from './local-side.ts';
export type { StreamLimits } from './stream-connection.ts';
export type {
  DatagramHandlers,
  DatagramOptions,
  DatagramSocket,
  DatagramSocketFactory,
} from './datagram-socket.ts';
export type { TransportErrorCode } from './transport-error.ts';
