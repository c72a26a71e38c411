// The YAML layer: text to plain values, with every fault of the text itself.

import {
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  visit,
  type Alias,
  type Document,
  type YAMLError,
} from 'yaml';
import type { KeyPath } from './finding.ts';
import { place, type Position } from './positions.ts';

/** More than any configuration needs; a bomb of nested aliases needs few, so the expansion is bounded as well. */
const MAX_ALIASES = 100;
const MAX_FAULTS = 20;

export interface YamlFault extends Position {
  /** The key that it belongs to; empty when it is of the text itself. */
  readonly path: KeyPath;
  readonly message: string;
}

export interface YamlText {
  readonly document: Document;
  readonly lines: LineCounter;
  /** Plain values; meaningful only without faults. */
  readonly value: unknown;
  readonly faults: readonly YamlFault[];
}

export function readYaml(text: string): YamlText {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    version: '1.2',
    stringKeys: true,
  });
  // Only of those that are told: to name a key means to walk through the document.
  const faults = [...document.errors, ...document.warnings]
    .slice(0, MAX_FAULTS)
    .map((error) => duplicateKey(error, document, lines) ?? faultAt(lines, error.pos[0], wording(error)));
  if (faults.length > 0) return { document, lines, value: undefined, faults };
  const shapeFault = faultOfAliases(document, lines) ?? faultOfKeys(document, lines);
  if (shapeFault !== undefined) return { document, lines, value: undefined, faults: [shapeFault] };
  try {
    return { document, lines, value: document.toJS({ maxAliasCount: MAX_ALIASES }), faults: [] };
  } catch (error) {
    const message = `its aliases cannot be expanded: ${error instanceof Error ? error.message : String(error)}`;
    return { document, lines, value: undefined, faults: [faultAt(lines, 0, message)] };
  }
}

function faultOfAliases(document: Document, lines: LineCounter): YamlFault | undefined {
  const aliases: Alias[] = [];
  visit(document, {
    Node: (_key, node) => {
      if (isAlias(node)) aliases.push(node);
    },
  });
  const unresolved = aliases.find((alias) => alias.resolve(document) === undefined);
  if (unresolved !== undefined) {
    return faultAt(lines, unresolved.range?.[0] ?? 0, `"*${unresolved.source}" ${STAR}`);
  }
  const beyond = aliases[MAX_ALIASES];
  return beyond === undefined
    ? undefined
    : faultAt(lines, beyond.range?.[0] ?? 0, `more than ${MAX_ALIASES} aliases`);
}

/** The one name that is no ordinary key of a JavaScript object: libraries skip it in silence. */
function faultOfKeys(document: Document, lines: LineCounter): YamlFault | undefined {
  let fault: YamlFault | undefined;
  visit(document, {
    Pair: (_key, pair) => {
      if (!isScalar(pair.key) || pair.key.value !== '__proto__') return undefined;
      fault = faultAt(lines, pair.key.range?.[0] ?? 0, '"__proto__" is not a key');
      return visit.BREAK;
    },
  });
  return fault;
}

/** Names the key that stands twice in one map, and where it stood first. */
function duplicateKey(error: YAMLError, document: Document, lines: LineCounter): YamlFault | undefined {
  if (error.code !== 'DUPLICATE_KEY') return undefined;
  const [offset] = error.pos;
  let fault: YamlFault | undefined;
  visit(document, {
    Pair: (_key, pair, around) => {
      if (!isScalar(pair.key) || pair.key.range?.[0] !== offset) return undefined;
      const { value } = pair.key;
      const map = around.at(-1);
      const first = isMap(map)
        ? map.items.find((item) => isScalar(item.key) && item.key.value === value)
        : undefined;
      const start = isNode(first?.key) ? first.key.range?.[0] : undefined;
      const hint = start === undefined ? '' : `; first in line ${place(lines, start).line}`;
      fault = {
        ...faultAt(lines, offset, `is given twice${hint}`),
        path: [...pathThrough(around), String(value)],
      };
      return visit.BREAK;
    },
  });
  return fault;
}

/** The keys and indices on the way down through these nodes, outermost first. */
function pathThrough(nodes: readonly unknown[]): KeyPath {
  return nodes.flatMap((node, depth): KeyPath => {
    if (isPair(node)) return isScalar(node.key) ? [String(node.key.value)] : [];
    return isSeq(node) ? [node.items.indexOf(nodes[depth + 1])] : [];
  });
}

function faultAt(lines: LineCounter, offset: number, message: string): YamlFault {
  return { ...place(lines, offset), path: [], message };
}

const STAR = 'begins an alias in YAML; a "*" is written in quotes';

function wording(error: YAMLError): string {
  switch (error.code) {
    case 'BAD_ALIAS':
      return `"*" ${STAR}`;
    case 'DUPLICATE_KEY':
      return 'this key is given twice';
    case 'MULTIPLE_DOCS':
      return 'the file holds more than one document ("---")';
    case 'RESOURCE_EXHAUSTION':
      return 'is nested too deep';
    default:
      return `YAML: ${error.message}`;
  }
}
