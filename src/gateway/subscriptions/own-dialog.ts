// A dialog as it is kept for an hour or months: the texts of a parsed message are pieces of its datagram, and would keep all
// of it in memory.

import { detachText } from '../../base/index.ts';
import { keyOfRequest, type Dialog, type SipRequest } from '../../sip/index.ts';

const NO_ROUTES: readonly string[] = [];

/** `known`: the dialog before, or what it was asked for with; what has not changed stays the same text. */
export function ownDialog(dialog: Dialog, known: Partial<Dialog>, localSeq: number): Dialog {
  const own = (
    name: 'callId' | 'localTag' | 'remoteTag' | 'localUri' | 'remoteUri' | 'remoteTarget',
  ): string => (dialog[name] === known[name] ? known[name] : detachText(dialog[name]));
  const { remoteSeq, secure, routeSet } = dialog;
  return {
    callId: own('callId'),
    localTag: own('localTag'),
    remoteTag: own('remoteTag'),
    localUri: own('localUri'),
    remoteUri: own('remoteUri'),
    localSeq,
    ...(remoteSeq === undefined ? {} : { remoteSeq }),
    remoteTarget: own('remoteTarget'),
    routeSet: ownRoutes(routeSet, known.routeSet),
    secure,
  };
}

/** The key of the dialog that it is in; `known`: the one before, the same text as long as it is the same dialog. */
export function ownKey(request: SipRequest, known: string | undefined): string {
  const key = keyOfRequest(request);
  return key === known ? known : detachText(key);
}

function ownRoutes(routes: readonly string[], known: readonly string[] | undefined): readonly string[] {
  if (routes.length === 0) return NO_ROUTES;
  if (known?.length === routes.length && known.every((route, i) => route === routes[i])) return known;
  return routes.map(detachText);
}
