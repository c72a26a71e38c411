// What may be asked of the running gateway through its admin socket, and who answers. One entry a question.

import type { AdminAnswer, AdminRoute, AdminRoutes } from '../edge/admin/index.ts';
import type { CallFeature } from './calls/call-feature.ts';
import type { Ledger } from './messages/ledger.ts';
import type { PresenceFeature } from './presence/presence-feature.ts';

export interface AdminSources {
  readonly ledger: Ledger;
  readonly presence: Pick<PresenceFeature, 'ask'>;
  readonly calls: Pick<CallFeature, 'ask'>;
}

/**
 * `message/ID`: where it went and why. `messages`: the totals since the start. `presence/WATCHER/CONTACT`: what the one is
 * shown of the other, and why. `call/ID`: where a call stands, or what became of it.
 */
export function adminRoutes({ ledger, presence, calls }: AdminSources): AdminRoutes {
  return new Map<string, AdminRoute>([
    ['message', (args) => message(ledger, args)],
    ['presence', (args) => presence.ask(args)],
    ['call', (args) => calls.ask(args)],
    ['messages', () => ({ status: 200, body: { kept: ledger.kept, ...ledger.totals() } })],
  ]);
}

async function message(ledger: Ledger, [id, ...more]: readonly string[]): Promise<AdminAnswer> {
  if (id === undefined || more.length > 0)
    return { status: 400, body: { error: 'message takes one identifier' } };
  const answer = await ledger.find(id);
  return { status: answer.messages.length === 0 ? 404 : 200, body: { kept: ledger.kept, ...answer } };
}
