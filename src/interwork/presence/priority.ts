// Priority of XMPP ⇄ priority of a contact (rows PRES-67, PRES-84; RFC 8048 §6.2 note 6).

/** 0 → 0, 127 → 1, what is between to three places, each its own value; a negative one MUST NOT be mapped. */
export function contactPriority(priority: number): number | undefined {
  if (priority < 0) return undefined;
  return Math.floor((Math.min(priority, 127) * 1000) / 127) / 1000;
}

/** The inverse, 0 to 127. */
export function xmppPriority(contact: number): number {
  return Math.round(Math.min(Math.max(contact, 0), 1) * 127);
}
