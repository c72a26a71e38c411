// What the heap of this thread holds when all that is garbage is gone.

import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let collect: (() => void) | undefined;

/** Octets alive on the heap and in buffers outside of it, after a full collection. */
export function liveOctets(): number {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc');
    const found: unknown = runInNewContext('gc');
    if (typeof found !== 'function') throw new Error('this Node gives no garbage collector');
    collect = () => void Reflect.apply(found, undefined, []);
  }
  // Twice: what finalizers let go is collected the second time.
  collect();
  collect();
  const { used_heap_size: heap, external_memory: outside } = getHeapStatistics();
  return heap + outside;
}
