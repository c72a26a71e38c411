// What a final response to a request of ours within a call means for the call (RFC 5057 §5.1, RFC 3261 §12.2.1.2).

/** Those that end the call; BYE is sent all the same, since only RFC 5057 says who still knows of what. */
const ENDING: ReadonlySet<number> = new Set([
  // RFC 3261 §12.2.1.2: "481 … or a 408 … the UAC SHOULD terminate the dialog".
  408, 481,
  // RFC 5057 (2): the remote target that the peer gave is refused: "something has gone fundamentally wrong".
  404, 410, 416, 484, 485, 604,
  // (9), (10), (14): later requests will fail, too.
  482, 483, 502,
  // (7): it destroys the usage.
  480,
]);

/** True when a failure of a re-INVITE or an UPDATE ends the call; else the call is as it was before (RFC 3261 §14.1). */
export function endsCall(status: number): boolean {
  return ENDING.has(status);
}
