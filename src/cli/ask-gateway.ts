// Asks the running gateway of a configuration file one question, and tells the terminal where that is not possible.

import { askAdmin, type AdminReply } from '../edge/admin/index.ts';
import { adminPath } from './admin-host.ts';
import { AnswerFields } from './answer-fields.ts';
import { loadOrTell, type Terminal } from './terminal.ts';

/** undefined: it cannot be asked. */
export async function askGateway(
  config: string,
  question: readonly string[],
  terminal: Terminal,
): Promise<AdminReply | undefined> {
  const loaded = loadOrTell(config, terminal);
  if (loaded === undefined) return undefined;
  const { admin } = loaded.config;
  if (admin === undefined) {
    terminal.err(
      `${config}: has no admin socket to ask through; add "admin: unix:stoxgate.sock" and reload the gateway`,
    );
    return undefined;
  }
  const path = adminPath(config, admin);
  const reply = await askAdmin(path, question);
  if (reply.ok) return reply.value;
  terminal.err(`the gateway cannot be asked through ${path}: ${reply.error}`);
  return undefined;
}

/** It answered, but not the question. */
export function tellRefusal({ status, body }: AdminReply, terminal: Terminal): void {
  terminal.err(`the gateway did not answer: ${new AnswerFields(body).text('error') ?? `status ${status}`}`);
}
