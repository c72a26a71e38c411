// The YAML layer: text to plain values, with every fault of the text itself.

import {
  isAlias,
  isScalar,
  LineCounter,
  parseDocument,
  visit,
  type Alias,
  type Document,
  type YAMLError,
} from 'yaml';
import { place, type Position } from './positions.ts';

/** More than any configuration needs; a bomb of nested aliases needs few, so the expansion is bounded as well. */
const MAX_ALIASES = 100;
const MAX_FAULTS = 20;

export interface YamlFault extends Position {
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
  const faults = [...document.errors, ...document.warnings].map((error) => ({
    ...place(lines, error.pos[0]),
    message: wording(error),
  }));
  if (faults.length > 0) return { document, lines, value: undefined, faults: faults.slice(0, MAX_FAULTS) };
  const shapeFault = faultOfAliases(document, lines) ?? faultOfKeys(document, lines);
  if (shapeFault !== undefined) return { document, lines, value: undefined, faults: [shapeFault] };
  try {
    return { document, lines, value: document.toJS({ maxAliasCount: MAX_ALIASES }), faults: [] };
  } catch (error) {
    const message = `its aliases cannot be expanded: ${error instanceof Error ? error.message : String(error)}`;
    return { document, lines, value: undefined, faults: [{ line: 1, column: 1, message }] };
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
    return { ...place(lines, unresolved.range?.[0] ?? 0), message: `"*${unresolved.source}" ${STAR}` };
  }
  const beyond = aliases[MAX_ALIASES];
  return beyond === undefined
    ? undefined
    : { ...place(lines, beyond.range?.[0] ?? 0), message: `more than ${MAX_ALIASES} aliases` };
}

/** The one name that is no ordinary key of a JavaScript object: libraries skip it in silence. */
function faultOfKeys(document: Document, lines: LineCounter): YamlFault | undefined {
  let fault: YamlFault | undefined;
  visit(document, {
    Pair: (_key, pair) => {
      if (!isScalar(pair.key) || pair.key.value !== '__proto__') return undefined;
      fault = { ...place(lines, pair.key.range?.[0] ?? 0), message: '"__proto__" is not a key' };
      return visit.BREAK;
    },
  });
  return fault;
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
