// INVITE with Replaces: which dialog it means, and what becomes of both (RFC 3891 §3).

import type { Replaces } from '../header/transfer.ts';
import type { Dialog } from '../dialog/dialog.ts';

/** A dialog of a call that is, or lately was, here. */
export interface ReplaceableDialog {
  readonly dialog: Pick<Dialog, 'callId' | 'localTag' | 'remoteTag'>;
  readonly phase: 'early' | 'confirmed' | 'terminated';
  /** We sent its INVITE. */
  readonly ours: boolean;
}

export type ReplaceVerdict<D extends ReplaceableDialog> =
  /** The new INVITE is refused, and the dialog stays. */
  | { readonly kind: 'refuse'; readonly status: 481 | 486 | 603; readonly because: string }
  /**
   * If its sender may replace this dialog (who that is says §8) and the INVITE can be accepted: accept it, and end the old
   * one after that, by BYE or, an early one, by CANCEL.
   */
  | { readonly kind: 'replace'; readonly match: D; readonly by: 'BYE' | 'CANCEL' };

/** §3. `dialogs`: those with this Call-ID, or all; only dialogs of INVITE. */
export function replaceVerdict<D extends ReplaceableDialog>(
  header: Replaces,
  dialogs: readonly D[],
): ReplaceVerdict<D> {
  const matches = dialogs.filter(({ dialog }) => isMeant(header, dialog));
  const [match] = matches;
  if (match === undefined) return refuse(481, 'no such dialog');
  // "If the Replaces header field matches more than one dialog, the UA MUST act as if no match is found."
  if (matches.length > 1) return refuse(481, 'more than one such dialog');
  switch (match.phase) {
    case 'terminated':
      // "prevents an irritating race-condition where the UA rings … for a replacement call which is not wanted".
      return refuse(603, 'the dialog has ended');
    case 'confirmed':
      return header.earlyOnly
        ? refuse(486, 'the dialog is not early any more')
        : { kind: 'replace', match, by: 'BYE' };
    case 'early':
      return match.ours
        ? { kind: 'replace', match, by: 'CANCEL' }
        : refuse(481, 'an early dialog that was not begun here');
  }
}

/** "the to-tag parameter … compared to the local tag, and the from-tag … to the remote tag". */
function isMeant(header: Replaces, dialog: ReplaceableDialog['dialog']): boolean {
  return (
    header.callId === dialog.callId &&
    sameTag(header.toTag, dialog.localTag) &&
    sameTag(header.fromTag, dialog.remoteTag)
  );
}

/** §6.1: "a tag of zero matches both tags of zero and null". */
function sameTag(wanted: string, tag: string): boolean {
  return wanted.toLowerCase() === tag.toLowerCase() || (wanted === '0' && tag === '');
}

function refuse(status: 481 | 486 | 603, because: string): ReplaceVerdict<never> {
  return { kind: 'refuse', status, because };
}
