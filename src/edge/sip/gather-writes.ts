// Writes of one turn of the event loop as one: many messages come in one piece, and what they cause leaves in one.

import type { Writable } from 'node:stream';

/** Octets. Beyond it nothing is gained, and the kernel has room that the bound of what may wait in this process does not count. */
const PIECE = 65_536;

/**
 * What is written to the stream from now to the end of this turn leaves in one system call, over TLS in as few records as
 * hold it; much in several. Nothing waits for a timer, so that a single message leaves as soon as ever.
 */
export function gatherWrites(stream: Writable): void {
  if (stream.writableCorked > 0) {
    if (stream.writableLength < PIECE) return;
    stream.uncork();
    stream.cork();
    return;
  }
  stream.cork();
  process.nextTick(uncork, stream);
}

// One function for all, and no closure for each turn.
const uncork = (stream: Writable): void => stream.uncork();
