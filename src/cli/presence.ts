// `stoxgate presence`: what a watcher is shown of his contact and why, asked of the running gateway.

import { AnswerFields } from './answer-fields.ts';
import { askGateway, tellRefusal } from './ask-gateway.ts';
import { explainPresence } from './presence-text.ts';
import { ExitStatus, type Terminal } from './terminal.ts';

export interface PresenceQuestion {
  readonly config: string;
  /** JIDs or SIP URIs. */
  readonly watcher: string;
  readonly contact: string;
  readonly json: boolean;
}

/** Exit status: 0 he watches him, 1 he does not, 2 the question makes no sense or the gateway cannot be asked. */
export async function presence(question: PresenceQuestion, terminal: Terminal): Promise<number> {
  const { config, watcher, contact, json } = question;
  const reply = await askGateway(config, ['presence', watcher, contact], terminal);
  if (reply === undefined) return ExitStatus.unusable;
  const { status, body } = reply;
  const answer = new AnswerFields(body);
  // A gateway that does not know the question answers 404 too.
  if (status !== 200 && (status !== 404 || !answer.has('because'))) {
    tellRefusal(reply, terminal);
    return ExitStatus.unusable;
  }
  if (json) terminal.out(JSON.stringify(body));
  else for (const line of explainPresence(answer)) terminal.out(line);
  return status === 200 ? ExitStatus.fine : ExitStatus.failed;
}
