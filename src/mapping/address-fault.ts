// Why an address could not be carried to the other side, and what its sender hears (rows ADDR-20, ERR-G6, ERR-G7).

import { err, type Err } from '../base/index.ts';
import { reasonPhrase, type HeaderField } from '../sip/index.ts';
import { stanzaError, type StanzaError } from '../xmpp/index.ts';

/**
 * - `unmappable`: no address of the other side stands for it (ADDR-20)
 * - `no-rule`: no rule of `domains` covers it (ERR-G6, ERR-G7)
 * - `sips`: XMPP cannot promise TLS on every hop (ADDR-63)
 * - `scheme`: a URI scheme without a mapping (ADDR-64)
 * - `loop`: it would go back to the side it came from (ERR-R9)
 */
export type AddressFaultKind = 'unmappable' | 'no-rule' | 'sips' | 'scheme' | 'loop';

export interface AddressFault {
  readonly kind: AddressFaultKind;
  readonly message: string;
  readonly clause?: string;
  /** True when the address names a domain and nobody in it. */
  readonly isDomain?: boolean;
}

/** What the address was to the request or stanza. */
export type AddressRole = 'target' | 'sender';

/** Shorthand for an `Err` that holds an `AddressFault`. */
export function addressFault(kind: AddressFaultKind, message: string, clause?: string): Err<AddressFault> {
  return err(clause === undefined ? { kind, message } : { kind, message, clause });
}

const STATUS = {
  unmappable: { target: 404, sender: 400 },
  'no-rule': { target: 404, sender: 403 },
  sips: { target: 403, sender: 403 },
  // A From of a strange scheme is well-formed, but nobody we know.
  scheme: { target: 416, sender: 403 },
  loop: { target: 482, sender: 403 },
} as const satisfies Record<AddressFaultKind, Record<AddressRole, number>>;

/** Status of the response to a SIP request with such an address. */
export function faultToStatus(fault: AddressFault, role: AddressRole): number {
  return STATUS[fault.kind][role];
}

const NO_HEADERS: readonly HeaderField[] = [];

/** The response to a SIP request with such an address. */
export function faultToResponse(
  fault: AddressFault,
  role: AddressRole,
): { readonly status: number; readonly reason: string; readonly headers: readonly HeaderField[] } {
  const status = faultToStatus(fault, role);
  return { status, reason: reasonPhrase(status), headers: NO_HEADERS };
}

/** The error for the sender of a stanza with such an address. */
export function faultToStanzaError(fault: AddressFault, role: AddressRole): StanzaError {
  const details = { text: fault.message, lang: 'en' };
  // ADDR-20: what cannot be written as an address is malformed, whoever it was.
  if (fault.kind === 'unmappable') return stanzaError('jid-malformed', details);
  if (role === 'sender') return stanzaError('forbidden', details);
  if (fault.kind === 'no-rule' && fault.isDomain !== true) return stanzaError('item-not-found', details);
  return stanzaError('remote-server-not-found', details);
}
