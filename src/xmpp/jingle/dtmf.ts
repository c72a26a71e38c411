// Keys of a telephone in the signalling (XEP-0181 0.12), for calls whose RTP has no telephone-event (row CALL-38).

import { fault, ok, type Result } from '../../base/index.ts';
import { element, type XmlElement } from '../../xml/index.ts';
import { stanzaError, type StanzaError } from '../stanza/error.ts';
import { NS_DTMF } from './namespaces.ts';
import { whole } from './values.ts';

export interface Dtmf {
  /** One of 0 to 9, #, *, A to D. */
  readonly code: string;
  /** Milliseconds. */
  readonly duration: number;
  /** 0 to 63: dBm0 without the sign. */
  readonly volume?: number | undefined;
}

/** "The default value is 100". */
const DEFAULT_DURATION_MS = 100;
/** Nobody holds a key for longer; what says so is not of a person. */
const MAX_DURATION_MS = 60_000;
const CODE = /^[0-9#*A-D]$/;

/**
 * Reads a `<dtmf/>`. ERR_JINGLE_SYNTAX: its code, or its duration, is none, and the answer is `dtmfError('code')`. A
 * duration of zero is read; "the receiver SHOULD ignore the event".
 */
export function readDtmf(dtmf: XmlElement): Result<Dtmf> {
  const code = dtmf.attr('code');
  const written = dtmf.attr('duration');
  const duration = written === undefined ? DEFAULT_DURATION_MS : whole(written, MAX_DURATION_MS);
  if (code === undefined || !CODE.test(code)) {
    return fault('ERR_JINGLE_SYNTAX', 'the code of a tone is none', 'XEP-0181 §2');
  }
  if (duration === undefined) {
    return fault('ERR_JINGLE_SYNTAX', 'the duration of a tone is none', 'XEP-0181 §2');
  }
  const volume = whole(dtmf.attr('volume'), 63);
  return ok({ code, duration, ...(volume === undefined ? {} : { volume }) });
}

export function dtmfElement({ code, duration, volume }: Dtmf): XmlElement {
  return element('dtmf', NS_DTMF, {
    code,
    duration: String(duration),
    volume: volume === undefined ? undefined : String(volume),
  });
}

/**
 * What a tone is answered with. unsupported: nobody here takes tones; code: it is not one that there is; method: tones are
 * exchanged in RTP.
 */
export function dtmfError(why: 'unsupported' | 'code' | 'method'): StanzaError {
  switch (why) {
    case 'unsupported':
      return stanzaError('service-unavailable', { type: 'cancel' });
    case 'code':
      return stanzaError('feature-not-implemented', { type: 'cancel' });
    case 'method':
      return stanzaError('not-acceptable', { type: 'cancel' });
  }
}
