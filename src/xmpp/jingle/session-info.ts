// What a session-info says (XEP-0166 §6.8), and the error for one that says nothing that is understood.

import type { XmlElement } from '../../xml/index.ts';
import { stanzaError, type StanzaError } from '../stanza/error.ts';
import { dtmfError, readDtmf } from './dtmf.ts';
import { jingleError } from './jingle-error.ts';
import { NS_DTMF, NS_TRANSFER } from './namespaces.ts';
import { readRtpInfo } from './rtp-info.ts';
import type { SessionInfo, SessionSupport } from './session-types.ts';
import { readTransfer } from './transfer.ts';

export type SessionInfosResult =
  /** None: it asks whether the session is alive. */
  | { readonly ok: true; readonly infos: readonly SessionInfo[] }
  | { readonly ok: false; readonly error: StanzaError };

/** What stands beside something that is understood is ignored, as elsewhere in XMPP; one error refuses the whole. */
export function readSessionInfos(
  elements: readonly XmlElement[],
  support: SessionSupport,
): SessionInfosResult {
  const infos: SessionInfo[] = [];
  for (const each of elements) {
    const info = readOne(each, support);
    if (info === undefined) continue;
    if (info.kind === 'error') return { ok: false, error: info.error };
    infos.push(info);
  }
  if (infos.length === 0 && elements.length > 0) return { ok: false, error: jingleError('unsupported-info') };
  return { ok: true, infos };
}

function readOne(
  element: XmlElement,
  support: SessionSupport,
): SessionInfo | { readonly kind: 'error'; readonly error: StanzaError } | undefined {
  if (element.ns === NS_DTMF && element.name === 'dtmf') {
    if (support.dtmf === 'unsupported') return { kind: 'error', error: dtmfError('unsupported') };
    if (support.dtmf === 'native') return { kind: 'error', error: dtmfError('method') };
    const dtmf = readDtmf(element);
    return dtmf.ok ? { kind: 'dtmf', dtmf: dtmf.value } : { kind: 'error', error: dtmfError('code') };
  }
  if (element.ns === NS_TRANSFER && element.name === 'transfer') {
    if (!support.transfer) return undefined;
    const transfer = readTransfer(element);
    if (!transfer.ok) return { kind: 'error', error: stanzaError('bad-request') };
    return { kind: 'transfer', transfer: transfer.value };
  }
  return readRtpInfo(element);
}
