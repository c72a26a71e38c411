// What may be asked of the running gateway through its admin socket, and who answers. One entry a question.

import type { AdminAnswer, AdminRoute, AdminRoutes } from '../edge/admin/index.ts';
import type { Ledger } from './messages/ledger.ts';

export interface AdminSources {
  readonly ledger: Ledger;
}

/** `message/ID`: where it went and why. `messages`: the totals since the start. */
export function adminRoutes({ ledger }: AdminSources): AdminRoutes {
  return new Map<string, AdminRoute>([
    ['message', (args) => message(ledger, args)],
    ['messages', () => ({ status: 200, body: { kept: ledger.kept, ...ledger.totals() } })],
  ]);
}

async function message(ledger: Ledger, [id, ...more]: readonly string[]): Promise<AdminAnswer> {
  if (id === undefined || more.length > 0)
    return { status: 400, body: { error: 'message takes one identifier' } };
  const answer = await ledger.find(id);
  return { status: answer.messages.length === 0 ? 404 : 200, body: { kept: ledger.kept, ...answer } };
}
