// Where a key or a value stands in the YAML text.

import { isAlias, isMap, isNode, isScalar, isSeq, type Document, type LineCounter, type Pair } from 'yaml';
import type { KeyPath } from './finding.ts';

export interface Position {
  readonly line: number;
  readonly column: number;
}

/**
 * The place of the value at `path`, or of its key. What is not in the file (a missing key) is reported at the
 * nearest thing around it that is.
 */
export function positionOf(document: Document, lines: LineCounter, path: KeyPath, atKey = false): Position {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const [index, step] of path.entries()) {
    const target: unknown = isAlias(node) ? node.resolve(document) : node;
    const pair = isMap(target) ? target.items.find((item) => keyText(item) === String(step)) : undefined;
    if (pair !== undefined && atKey && index === path.length - 1)
      return place(lines, startOf(pair.key) ?? offset);
    const next: unknown =
      pair !== undefined ? (pair.value ?? pair.key) : isSeq(target) ? target.items[Number(step)] : undefined;
    const start = startOf(next) ?? (pair === undefined ? undefined : startOf(pair.key));
    if (start === undefined) break;
    offset = start;
    node = next;
  }
  return place(lines, offset);
}

export function place(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  // An empty file has no line at all in the counter.
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}

function keyText(pair: Pair): string | undefined {
  return isScalar(pair.key) ? String(pair.key.value) : undefined;
}
