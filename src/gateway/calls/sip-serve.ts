// Requests within a call that change nothing of it: INFO (CALL-12, CALL-38, CALL-39), OPTIONS. Transfers of answered calls:
// sip-refer.ts.

import {
  capabilityHeaders,
  contentType,
  infoPackage,
  infoVerdict,
  rawHeaderField,
  type InfoRules,
  type ServerTransaction,
} from '../../sip/index.ts';
import type { TrickledMedium } from '../../interwork/call/index.ts';
import type { Dtmf } from '../../xmpp/index.ts';
import { DESCRIPTION_TYPES } from './sip-bodies.ts';
import type { CallDialog } from './sip-dialog.ts';
import { CALL_METHODS, callCapabilities, listField, warningField } from './sip-fields.ts';
import { FRAGMENT_TYPE, readFragment, TRICKLE_PACKAGE } from './sip-fragment.ts';
import { readTone, TONE_TYPES } from './sip-tone-bodies.ts';

const METHOD_NOT_ALLOWED = 405;
const NOT_ANSWERED = 'A call that is not answered cannot be transferred';

/** Answers a request in order. `trickles`: candidates are taken; `toned`: tones are, and answered by it. */
export function serveInCall(
  tx: ServerTransaction,
  dialog: CallDialog,
  trickles: boolean,
  trickled: (media: readonly TrickledMedium[]) => void,
  toned?: (tone: Dtmf) => void,
): void {
  const cseq = tx.request.cseq.number;
  switch (tx.request.method) {
    case 'INFO':
      return serveInfo(tx, dialog, trickles, trickled, toned);
    case 'OPTIONS': {
      const can = { ...callCapabilities('INVITE'), methods: CALL_METHODS, acceptTypes: DESCRIPTION_TYPES };
      const headers = [
        ...capabilityHeaders(can),
        rawHeaderField('Recv-Info', trickles ? TRICKLE_PACKAGE : ''),
      ];
      return dialog.reply(cseq, 200, { headers });
    }
    case 'REFER':
      // CALL-35: there is nobody yet who could be handed over.
      return dialog.reply(cseq, 603, { headers: [warningField(tx.source.local, NOT_ANSWERED)] });
    case 'NOTIFY':
      // RFC 6665 §4.1.3: nothing was referred.
      return dialog.reply(cseq, 481);
    default:
      return dialog.reply(cseq, METHOD_NOT_ALLOWED, { headers: [listField('Allow', CALL_METHODS)] });
  }
}

function serveInfo(
  tx: ServerTransaction,
  dialog: CallDialog,
  trickles: boolean,
  trickled: (media: readonly TrickledMedium[]) => void,
  toned: ((tone: Dtmf) => void) | undefined,
): void {
  const { request } = tx;
  const cseq = request.cseq.number;
  const oldTypes = toned === undefined ? [] : TONE_TYPES;
  const rules: InfoRules = { packages: trickles ? [TRICKLE_PACKAGE] : [], oldTypes };
  const name = infoPackage(request);
  const type = contentType(request);
  if (!name.ok || !type.ok) return dialog.reply(cseq, 400);
  const body = request.body.length === 0 ? undefined : type.value;
  const verdict = infoVerdict(
    {
      package: name.value?.token,
      contentType: body === undefined ? undefined : `${body.type}/${body.subtype}`,
    },
    rules,
  );
  if (verdict.kind === 'acknowledge') return dialog.reply(cseq, 200);
  if (verdict.kind === 'refuse') {
    const headers =
      verdict.status === 469
        ? [rawHeaderField('Recv-Info', rules.packages.join(', '))]
        : [rawHeaderField('Accept', [...(trickles ? [FRAGMENT_TYPE] : []), ...oldTypes].join(', '))];
    return dialog.reply(cseq, verdict.status, { headers });
  }
  if (name.value === undefined) {
    const tone = readTone(`${body?.type}/${body?.subtype}`, request.body);
    if (tone !== undefined) return toned?.(tone);
    return dialog.reply(cseq, 400, { headers: [warningField(tx.source.local, 'a tone that there is not')] });
  }
  // RFC 8840 §10.9: the package has one type of body.
  if (body === undefined || `${body.type}/${body.subtype}` !== FRAGMENT_TYPE) {
    return dialog.reply(cseq, 415, { headers: [rawHeaderField('Accept', FRAGMENT_TYPE)] });
  }
  const fragment = readFragment(request.body);
  if (!fragment.ok) {
    return dialog.reply(cseq, 400, { headers: [warningField(tx.source.local, fragment.error.message)] });
  }
  dialog.reply(cseq, 200);
  trickled(fragment.value);
}
