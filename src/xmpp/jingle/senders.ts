// The two parties of a session (XEP-0166 §10).

/** Who made a content. */
export type Creator = 'initiator' | 'responder';
/** Who sends in it. */
export type Senders = 'both' | 'initiator' | 'responder' | 'none';

export const SENDERS: readonly Senders[] = ['both', 'initiator', 'responder', 'none'];
