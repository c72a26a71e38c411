// `stoxgate call`: where one call stands, or what became of it and why, asked of the running gateway.

import { formatDateTime } from '../base/index.ts';
import { AnswerFields } from './answer-fields.ts';
import { askGateway, tellRefusal } from './ask-gateway.ts';
import { shown } from './shown.ts';
import { ExitStatus, type Terminal } from './terminal.ts';

export interface CallQuestion {
  readonly config: string;
  readonly id: string;
  readonly json: boolean;
}

/** Exit status: 0 found, 1 not found, 2 the gateway cannot be asked. */
export async function call({ config, id, json }: CallQuestion, terminal: Terminal): Promise<number> {
  const reply = await askGateway(config, ['call', id], terminal);
  if (reply === undefined) return ExitStatus.unusable;
  const { status, body } = reply;
  const answer = new AnswerFields(body);
  // A gateway that does not know the question answers 404 too.
  if (status !== 200 && (status !== 404 || !Array.isArray(answer.get('calls')))) {
    tellRefusal(reply, terminal);
    return ExitStatus.unusable;
  }
  if (json) terminal.out(JSON.stringify(body));
  else if (status !== 200)
    terminal.err(
      `no call with the identifier ${shown(id)} is known: it never came, or it ended too long ago`,
    );
  else {
    for (const [index, each] of answer.rows('calls').entries()) {
      if (index > 0) terminal.out('');
      for (const line of explainCall(each)) terminal.out(line);
    }
    const older = answer.number('older') ?? 0;
    if (older > 0) terminal.out(`\n${older} more are not shown`);
  }
  return status === 200 ? ExitStatus.fine : ExitStatus.failed;
}

/** One call of the answer, in lines. */
export function explainCall(fields: AnswerFields): readonly string[] {
  const text = (name: string): string => shown(fields.text(name) ?? '?');
  const direction = fields.text('direction') === 'toXmpp' ? 'SIP to XMPP' : 'XMPP to SIP';
  const times = (['startedMs', 'answeredMs', 'endedMs'] as const).flatMap((name) => {
    const ms = fields.number(name);
    return ms === undefined ? [] : [`${name.slice(0, -2)} ${formatDateTime(ms)}`];
  });
  return [
    `call ${text('id')}, ${direction}: ${text('caller')} calls ${text('callee')}`,
    `  Call-ID ${text('callId')}, session ${text('sid')}`,
    `  ${times.join(', ')}`,
    ...stateLines(fields),
    ...fields.rows('media').map((medium) => `  ${mediaLine(medium)}`),
    ...fields
      .rows('timers')
      .map(
        (timer) => `  timer "${shown(timer.text('timer') ?? '?')}" fires ${whenOf(timer.number('dueMs'))}`,
      ),
    ...(fields.has('transfer') ? [`  transfer ${transferOf(fields.of('transfer'))}`] : []),
    ...(fields.has('outcome') ? [`  outcome: ${outcomeOf(fields.of('outcome'))}`] : []),
  ];
}

function stateLines(fields: AnswerFields): readonly string[] {
  const state = fields.text('state') ?? '?';
  if (state === 'ended' && !fields.has('legs')) return [];
  const legs = fields.of('legs');
  const open = ['sip', 'session', 'proposal'].filter((name) => legs.is(name));
  const held = fields.of('held');
  const holders = [
    ...(held.is('bySip') ? ['the SIP side'] : []),
    ...(held.is('byXmpp') ? ['the XMPP side'] : []),
  ];
  const relay = fields.text('relay');
  return [
    `  state: ${shown(state)}${fields.is('rung') && state !== 'up' ? ', it rings' : ''}; open legs: ${open.length === 0 ? 'none' : open.join(', ')}`,
    ...(holders.length === 0 ? [] : [`  on hold by ${holders.join(' and ')}`]),
    ...(relay === undefined ? [] : [`  media by the relay ${shown(relay)}`]),
  ];
}

function mediaLine(medium: AnswerFields): string {
  const [toSip, fromSip] = [medium.number('toSip') ?? 0, medium.number('fromSip') ?? 0];
  const name = `${shown(medium.text('media') ?? '?')} over ${shown(medium.text('protocol') ?? '?')}`;
  return toSip === 0 || fromSip === 0
    ? `${name}: not in use`
    : `${name}: the XMPP side at port ${toSip}, the SIP side at port ${fromSip}`;
}

function whenOf(ms: number | undefined): string {
  return ms === undefined ? 'soon' : formatDateTime(ms);
}

/** `by sip to carol@example.net: failed, status 486`. */
function transferOf(transfer: AnswerFields): string {
  const text = (name: string): string => shown(transfer.text(name) ?? '?');
  const status = transfer.number('status');
  return `by ${text('by')} to ${text('to')}: ${text('state')}${status === undefined ? '' : `, status ${status}`}`;
}

/** `failed, side xmpp, status 480, why timeout`. */
function outcomeOf(outcome: AnswerFields): string {
  const details = ['by', 'side', 'clause', 'status', 'why'].flatMap((name) => {
    const value = outcome.get(name);
    return typeof value === 'string' || typeof value === 'number' ? [`${name} ${shown(String(value))}`] : [];
  });
  return [shown(outcome.text('kind') ?? '?'), ...details].join(', ');
}
