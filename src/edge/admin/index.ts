export {
  startAdmin,
  type AdminAnswer,
  type AdminOptions,
  type AdminRoute,
  type AdminRoutes,
  type AdminServer,
} from './admin-server.ts';
export { askAdmin, type AdminReply } from './admin-client.ts';
