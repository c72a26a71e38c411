// What one side asks in a call and the other one answers: tones (CALL-38), and whether it is still there (CALL-22). Each
// question has one answer; where the other side cannot be asked, it is given at once.

import { responseToStanzaError } from '../../mapping/index.ts';
import { payloadsOf, type SessionDescription } from '../../sdp/index.ts';
import {
  dtmfElement,
  dtmfError,
  jingleError,
  readJingleError,
  type SessionReport,
  type StanzaError,
} from '../../xmpp/index.ts';
import { same, session, to, type Handler } from './machine-core.ts';
import type { CallEffect, CallState, CallTransition } from './machine-types.ts';

/** A session-info of the XMPP side whose iq waits. */
export function questioned(
  state: CallState,
  { id, question }: SessionReport & { kind: 'question' },
): CallTransition {
  const isUp = state.phase === 'up';
  if (question.kind === 'ping') return to(state, isUp ? { kind: 'probe', id } : decide(id));
  if (!isUp) return to(state, decide(id, jingleError('out-of-order')));
  // XEP-0181: "If the receiving entity is using … a different method", not-acceptable.
  if (hasTelephoneEvents(state)) return to(state, decide(id, dtmfError('method')));
  return to(state, { kind: 'tones', id, tones: question.tones });
}

/** What became of tones at the SIP side. */
export const toned: Handler<'toned'> = (state, { id, status }) =>
  to(state, decide(id, status === undefined ? undefined : errorOfStatus(status)));

/** The SIP side is there. One that is not ends the call by its leg, and so the question. */
export const probed: Handler<'probed'> = (state, { id }) => to(state, decide(id));

/** A tone of the SIP side, whose INFO waits. */
export const tone: Handler<'tone'> = (state, { cseq, tone: said }) =>
  to(state, session({ action: 'session-info', infos: [dtmfElement(said)], about: String(cseq) }));

/** The client has a tone of the SIP side, or refused it. */
export function toneDecided(
  state: CallState,
  report: SessionReport & { kind: 'answered' | 'failed' },
): CallTransition {
  const { about } = report;
  if (about === undefined) return same(state);
  const status = report.kind === 'answered' ? 200 : statusOfError(report.error);
  return to(state, { kind: 'toneAnswer', cseq: Number(about), status });
}

function decide(id: string, error?: StanzaError): CallEffect {
  return { kind: 'decide', id, ...(error === undefined ? {} : { error }) };
}

/** RFC 4733: both sides said that they take tones as media. */
function hasTelephoneEvents({ exchange }: CallState): boolean {
  const { agreed } = exchange;
  return agreed !== undefined && takesEvents(agreed.local) && takesEvents(agreed.remote);
}

function takesEvents({ media }: SessionDescription): boolean {
  return media.some(
    (medium) =>
      medium.port !== 0 && payloadsOf(medium).some(({ name }) => name.toLowerCase() === 'telephone-event'),
  );
}

/** INFO, its media type or its package is not known. */
const UNSUPPORTED: ReadonlySet<number> = new Set([405, 415, 469, 489, 501]);
/** What it says is refused: there is no such tone. */
const UNKNOWN_CODE: ReadonlySet<number> = new Set([400, 488, 606]);

function errorOfStatus(status: number): StanzaError {
  if (UNSUPPORTED.has(status)) return dtmfError('unsupported');
  if (UNKNOWN_CODE.has(status)) return dtmfError('code');
  return responseToStanzaError(status, '');
}

/** Of those that leave the dialog as it is (RFC 5057 §5.1). No error: the client does not answer. */
function statusOfError(error: StanzaError | undefined): number {
  if (error === undefined) return 504;
  switch (error.condition) {
    case 'service-unavailable':
    case 'not-acceptable':
      return 415;
    case 'feature-not-implemented':
      return readJingleError(error) === undefined ? 488 : 415;
    default:
      return 500;
  }
}
