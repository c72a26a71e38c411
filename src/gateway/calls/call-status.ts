// `call/ID` of the admin socket: where a call stands now, or what became of it. Plain data; times that end in `Ms` are of the wall
// clock.

import type { Clock } from '../../base/index.ts';
import type { AdminAnswer } from '../../edge/admin/index.ts';
import type { MediaDescription, SessionDescription } from '../../sdp/index.ts';
import type { Call } from './call.ts';
import type { LoggedCall } from './call-log.ts';
import type { Calls } from './calls.ts';

/** Calls in one answer. */
const MAX_SHOWN = 20;

/** 404: no such call is known, be it that it ended too long ago. */
export function askCalls(
  calls: Pick<Calls, 'find' | 'log'>,
  [id, ...more]: readonly string[],
  clock: Clock,
): AdminAnswer {
  if (id === undefined || more.length > 0)
    return { status: 400, body: { error: 'call takes one identifier' } };
  const open = calls.find(id);
  // One whose outcome is told while a leg still has to end is in both.
  const ended = calls.log.find(id).filter((call) => open.every(({ facts }) => facts.id !== call.id));
  const all = [...open.map((call) => openCall(call, clock)), ...ended.map(endedCall)];
  return {
    status: all.length === 0 ? 404 : 200,
    body: { calls: all.slice(0, MAX_SHOWN), older: Math.max(0, all.length - MAX_SHOWN) },
  };
}

function openCall(call: Call, clock: Clock): Readonly<Record<string, unknown>> {
  const { phase, legs, held, rung, exchange } = call.state;
  return {
    ...who(call.facts),
    answeredMs: call.answeredMs,
    state: phase,
    rung,
    legs: { sip: legs.sip, session: legs.session, proposal: legs.initiation },
    held,
    media: exchange.agreed === undefined ? [] : mediaOf(exchange.agreed.local, exchange.agreed.remote),
    timers: call.dueMs.map(([timer, leftMs]) => ({ timer, dueMs: Math.round(clock.wall() + leftMs) })),
    relay: call.relay,
    transfer: call.handover,
    // Its outcome is told, and a leg of it still has to say that it has ended.
    outcome: call.outcome,
  };
}

function endedCall({
  endedMs,
  answeredMs,
  outcome,
  handover,
  ...facts
}: LoggedCall): Readonly<Record<string, unknown>> {
  return { ...who(facts), answeredMs, endedMs, state: 'ended', transfer: handover, outcome };
}

function who(facts: Call['facts']): Readonly<Record<string, unknown>> {
  const { id, direction, caller, callee, sid, callId, startedMs } = facts;
  return { id, direction, caller, callee, sid, callId, startedMs };
}

/** What was agreed, line by line: of rejected ones the port is 0. */
function mediaOf(local: SessionDescription, remote: SessionDescription): readonly unknown[] {
  return local.media.map((medium, place) => {
    const other: MediaDescription | undefined = remote.media[place];
    return {
      media: medium.media,
      protocol: medium.protocol,
      toSip: medium.port,
      fromSip: other?.port ?? 0,
    };
  });
}
