// `stoxgate message`: where one message went and why, asked of the running gateway; or how many there were.

import { formatDateTime } from '../base/index.ts';
import { askAdmin } from '../edge/admin/index.ts';
import { adminPath } from './admin-host.ts';
import { explainMessage, readMessage } from './message-text.ts';
import { ExitStatus, loadOrTell, type Terminal } from './terminal.ts';

export interface MessageQuestion {
  readonly config: string;
  /** undefined: the totals. */
  readonly id: string | undefined;
  readonly json: boolean;
}

/** Exit status: 0 found, 1 not found, 2 the gateway cannot be asked. */
export async function message(question: MessageQuestion, terminal: Terminal): Promise<number> {
  const loaded = loadOrTell(question.config, terminal);
  if (loaded === undefined) return ExitStatus.unusable;
  const { admin } = loaded.config;
  if (admin === undefined) {
    terminal.err(
      `${question.config}: has no admin socket to ask through; add "admin: unix:stoxgate.sock" and reload the gateway`,
    );
    return ExitStatus.unusable;
  }
  const path = adminPath(question.config, admin);
  const reply = await askAdmin(path, question.id === undefined ? ['messages'] : ['message', question.id]);
  if (!reply.ok) {
    terminal.err(`the gateway cannot be asked through ${path}: ${reply.error}`);
    return ExitStatus.unusable;
  }
  const { status, body } = reply.value;
  if (
    status !== 200 &&
    (question.id === undefined || status !== 404 || !Array.isArray(member(body, 'messages')))
  ) {
    const said = member(body, 'error');
    terminal.err(`the gateway did not answer: ${typeof said === 'string' ? said : `status ${status}`}`);
    return ExitStatus.unusable;
  }
  if (question.json) terminal.out(JSON.stringify(body));
  else if (question.id === undefined) tellTotals(body, terminal);
  else tellMessages(question.id, body, terminal);
  return status === 200 ? ExitStatus.fine : ExitStatus.failed;
}

function tellMessages(id: string, body: unknown, terminal: Terminal): void {
  const rows = list(body, 'messages').map(readMessage);
  if (rows.length === 0) {
    const kept = member(body, 'kept') !== false;
    terminal.err(
      kept
        ? `no message with the identifier ${id} is in the ledger: it never came, or it is too old`
        : `no open message has the identifier ${id}, and others are not remembered (ledger: off)`,
    );
    return;
  }
  for (const [index, row] of rows.entries()) {
    if (index > 0) terminal.out('');
    for (const line of explainMessage(row)) terminal.out(line);
  }
  const older = member(body, 'older');
  if (typeof older === 'number' && older > 0) terminal.out(`\n${older} older ones are not shown`);
}

function tellTotals(body: unknown, terminal: Terminal): void {
  const since = member(body, 'sinceMs');
  terminal.out(`since ${typeof since === 'number' ? formatDateTime(since) : 'the start'}`);
  for (const total of list(body, 'totals')) {
    const direction = member(total, 'direction') === 'sip_to_xmpp' ? 'SIP to XMPP' : 'XMPP to SIP';
    const outcome = String(member(total, 'outcome'));
    terminal.out(`${direction}  ${outcome.padEnd(12)}${String(member(total, 'messages')).padStart(12)}`);
  }
}

function member(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;
}

function list(value: unknown, name: string): readonly unknown[] {
  const found = member(value, name);
  return Array.isArray(found) ? found : [];
}
