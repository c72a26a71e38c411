// `stoxgate message`: where one message went and why, asked of the running gateway; or how many there were.

import { formatDateTime } from '../base/index.ts';
import { AnswerFields } from './answer-fields.ts';
import { askGateway, tellRefusal } from './ask-gateway.ts';
import { explainMessage, readMessage } from './message-text.ts';
import { ExitStatus, type Terminal } from './terminal.ts';

export interface MessageQuestion {
  readonly config: string;
  /** undefined: the totals. */
  readonly id: string | undefined;
  readonly json: boolean;
}

/** Exit status: 0 found, 1 not found, 2 the gateway cannot be asked. */
export async function message(question: MessageQuestion, terminal: Terminal): Promise<number> {
  const asked = question.id === undefined ? ['messages'] : ['message', question.id];
  const reply = await askGateway(question.config, asked, terminal);
  if (reply === undefined) return ExitStatus.unusable;
  const { status, body } = reply;
  const answer = new AnswerFields(body);
  if (
    status !== 200 &&
    (question.id === undefined || status !== 404 || !Array.isArray(answer.get('messages')))
  ) {
    tellRefusal(reply, terminal);
    return ExitStatus.unusable;
  }
  if (question.json) terminal.out(JSON.stringify(body));
  else if (question.id === undefined) tellTotals(answer, terminal);
  else tellMessages(question.id, answer, terminal);
  return status === 200 ? ExitStatus.fine : ExitStatus.failed;
}

function tellMessages(id: string, answer: AnswerFields, terminal: Terminal): void {
  const rows = answer.list('messages').map(readMessage);
  if (rows.length === 0) {
    const kept = answer.get('kept') !== false;
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
  const older = answer.number('older') ?? 0;
  if (older > 0) terminal.out(`\n${older} older ones are not shown`);
}

function tellTotals(answer: AnswerFields, terminal: Terminal): void {
  const since = answer.number('sinceMs');
  terminal.out(`since ${since === undefined ? 'the start' : formatDateTime(since)}`);
  for (const total of answer.rows('totals')) {
    const direction = total.text('direction') === 'sip_to_xmpp' ? 'SIP to XMPP' : 'XMPP to SIP';
    const outcome = String(total.get('outcome'));
    terminal.out(`${direction}  ${outcome.padEnd(12)}${String(total.get('messages')).padStart(12)}`);
  }
}
