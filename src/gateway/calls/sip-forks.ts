// The INVITE of a call that we make, and the dialogs that its responses make, one for each To tag (RFC 3261 §13.2.1, §13.2.2.4).

import {
  buildRequest,
  dialogFromResponse,
  formatNameAddr,
  parseSipUri,
  transportTraits,
  type CallOffer,
  type Dialog,
  type LocalEndpoint,
  type SipRequest,
  type SipResponse,
  type Target,
} from '../../sip/index.ts';
import type { WrittenBody } from './sip-bodies.ts';
import { CallDialog } from './sip-dialog.ts';
import { targetFields, timerFields } from './sip-fields.ts';
import type { LegContext, OutgoingParts } from './sip-leg-types.ts';

/** Dialogs of one INVITE that are looked at: the machine hears of 16, and some may answer late. */
const MAX_DIALOGS = 32;

export interface InviteParts {
  /** Ours. */
  readonly tag: string;
  readonly cseq: number;
  readonly offer: CallOffer;
  readonly body: WrittenBody;
  readonly local: LocalEndpoint | undefined;
  readonly trickle: boolean;
}

export function buildInvite(
  { from, to, callId, fields = [] }: OutgoingParts,
  parts: InviteParts,
): SipRequest {
  const { tag, cseq, offer, body, local, trickle } = parts;
  const uri = parseSipUri(to.uri);
  const isSecure = uri.ok && uri.value.scheme === 'sips';
  return buildRequest({
    method: 'INVITE',
    requestUri: to.uri,
    from: formatNameAddr({ ...from, params: new Map([['tag', tag]]) }),
    to: formatNameAddr(to),
    callId,
    cseq,
    headers: [
      ...fields,
      ...targetFields(local, isSecure, trickle),
      ...timerFields(offer.expires, offer.minSe),
      ...body.headers,
    ],
    body: body.body,
  });
}

/** What they need of their leg. */
export type ForksContext = Pick<LegContext, 'env' | 'moved' | 'open'>;

export class SipForks {
  readonly #ctx: ForksContext;
  /** By To tag in lower case; '' for a peer without tags. */
  readonly #dialogs = new Map<string, CallDialog>();

  constructor(ctx: ForksContext) {
    this.#ctx = ctx;
  }

  of(tag: string): CallDialog | undefined {
    return this.#dialogs.get(tag);
  }

  /** The dialog of a response to `request`, as the response makes it; undefined: there are too many. */
  make(request: SipRequest, response: SipResponse, target: Target | undefined): CallDialog | undefined {
    const key = (response.to.tag ?? '').toLowerCase();
    const overTls = target !== undefined && transportTraits[target.transport].secure;
    const made = dialogFromResponse(request, response, overTls);
    const known = this.#dialogs.get(key);
    if (known !== undefined) {
      if (made.ok && response.status >= 200) known.settle(made.value);
      return known;
    }
    if (this.#dialogs.size >= MAX_DIALOGS) return undefined;
    const { log } = this.#ctx.env;
    if (!made.ok) log.debug('call.dialog', { code: made.error.code, error: made.error.message });
    const state = made.ok ? made.value : bareDialog(request, response);
    const dialog = new CallDialog(this.#ctx.env, state, () => this.#ctx.moved());
    this.#dialogs.set(key, dialog);
    this.#ctx.open(dialog);
    return dialog;
  }
}

/** Of a response without a Contact that can be used: phones leave it out of a 180. It is reached where the INVITE went. */
function bareDialog(request: SipRequest, response: SipResponse): Dialog {
  return {
    callId: request.callId,
    localTag: request.from.tag ?? '',
    remoteTag: response.to.tag ?? '',
    localUri: formatNameAddr({ displayName: request.from.displayName, uri: request.from.uri }),
    remoteUri: formatNameAddr({ displayName: request.to.displayName, uri: request.to.uri }),
    localSeq: request.cseq.number,
    remoteTarget: request.requestUri,
    routeSet: [],
    secure: false,
  };
}
