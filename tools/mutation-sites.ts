// Where a source can be broken so that a test should see it: operators, conditions, constants, statements.
//
// Node's own type stripper blanks what is only types and keeps every other character in its place, so that what is left
// is what runs. Comments, imports, log lines and prose are left out.

import { stripTypeScriptTypes } from 'node:module';

export interface Mutation {
  readonly kind: 'operator' | 'condition' | 'constant' | 'statement';
  /** Offset in the source. */
  readonly at: number;
  readonly before: string;
  readonly after: string;
}

const SWAPS: readonly (readonly [string, string])[] = [
  ...([
    ['===', '!=='],
    ['<', '<='],
    ['>', '>='],
    ['&&', '||'],
    ['+', '-'],
    ['+=', '-='],
  ] as const),
  ...([
    ['<<', '>>>'],
    ['|', '&'],
    ['++', '--'],
    ['*', '+'],
  ] as const),
];
const OPERATORS: ReadonlyMap<string, string> = new Map([
  ...SWAPS,
  ...SWAPS.filter(([left]) => left !== '*').map(([left, right]) => [right, left] as const),
]);

/** A whole line that jumps, assigns, or calls; a declaration could not be left out. */
const STATEMENT =
  /^ *(?:continue|break|(?!return |void 0)(?:void )?\w[\w#$.?[\]]*(?:\(.*\)| (?:[+\-|&]|\?\?)?= .*));$/gm;

/** All places, in the order of the source. */
export function mutationsOf(source: string): readonly Mutation[] {
  const running = stripTypeScriptTypes(source);
  const { code, strings } = withoutText(running);
  const visible = withoutNoise(code);
  const found: Mutation[] = [];
  const add = (kind: Mutation['kind'], at: number, before: string, after: string): void => {
    found.push({ kind, at, before, after });
  };
  for (const { 0: spaced, index } of visible.matchAll(
    /(?<= )(?:[=!]==|[<>]=?|&&|\|\||[+\-*|&]|[+-]=|<<|>>>)(?= )/g,
  )) {
    const other = OPERATORS.get(spaced);
    if (other !== undefined) add('operator', index, spaced, other);
  }
  for (const { 0: step, index } of visible.matchAll(/\+\+|--/g))
    add('operator', index, step, step === '++' ? '--' : '++');
  for (const { 0: word, index } of visible.matchAll(/\b(?:true|false)\b/g)) {
    add('constant', index, word, word === 'true' ? 'false' : 'true');
  }
  for (const { 0: digits, index } of visible.matchAll(/(?<![\w.#$])(?:0x[\da-f_]+|\d[\d_]*)(?![\w.])/gi)) {
    add('constant', index, digits, String(Number(digits.replaceAll('_', '')) + 1));
  }
  for (const [from, to] of strings) {
    const text = source.slice(from, to);
    // A space makes it prose, whose wording no test should hold fast; a key of an object is a name.
    if (visible[from] !== text[0] || text.includes(' ') || /^\s*:/.test(visible.slice(to))) continue;
    add('constant', from, text, text.length === 2 ? "'mutated'" : "''");
  }
  for (const { index } of visible.matchAll(/\bif \(/g)) {
    const from = index + 'if '.length;
    const to = closing(visible, from);
    if (to !== undefined) add('condition', from, source.slice(from, to), `(!${source.slice(from, to)})`);
  }
  for (const { 0: line, index } of visible.matchAll(STATEMENT)) {
    const start = index + line.search(/\S/);
    add('statement', start, source.slice(start, index + line.length), ';');
  }
  return found.filter((mutation) => runs(source, mutation)).toSorted((left, right) => left.at - right.at);
}

export function mutate(source: string, { at, before, after }: Mutation): string {
  return source.slice(0, at) + after + source.slice(at + before.length);
}

/** False for what would only be a syntax error. */
function runs(source: string, mutation: Mutation): boolean {
  try {
    stripTypeScriptTypes(mutate(source, mutation));
    return true;
  } catch {
    return false;
  }
}

interface Code {
  /** The same length; comments, regular expressions and the insides of strings blank. */
  readonly code: string;
  /** Strings in single or double quotes, with their quotes. */
  readonly strings: readonly (readonly [from: number, to: number])[];
}

/** A regular expression where a value may begin, else a division. */
const TOKEN =
  /\/\/.*|\/\*[^]*?\*\/|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\[^])*`|(?<=[(,=:[!&|?{};]\s*|return )\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/g;

function withoutText(text: string): Code {
  const strings: (readonly [number, number])[] = [];
  const code = text.replace(TOKEN, (token, at: number) => {
    const quoted = token.startsWith("'") || token.startsWith('"');
    if (!quoted) return blank(token);
    strings.push([at, at + token.length]);
    return token.length === 2 ? token : `${token[0]}${'_'.repeat(token.length - 2)}${token[0]}`;
  });
  return { code, strings };
}

/** Without imports, what is only handed on, and log lines. */
function withoutNoise(code: string): string {
  let text = code.replace(/^(?:import|export)\b[^;]*?\bfrom [^;]*;/gm, blank);
  for (const { index } of code.matchAll(/\blog\.(?:debug|info|warn|error|enabled)\(/g)) {
    const end = closing(code, code.indexOf('(', index));
    if (end !== undefined) text = text.slice(0, index) + blank(text.slice(index, end)) + text.slice(end);
  }
  return text;
}

/** Behind the parenthesis that closes the one at `from`. */
function closing(code: string, from: number): number | undefined {
  let depth = 0;
  for (let at = from; at < code.length; at++) {
    if (code[at] === '(') depth += 1;
    else if (code[at] === ')' && --depth === 0) return at + 1;
  }
  return undefined;
}

function blank(text: string): string {
  return text.replace(/[^\n]/g, ' ');
}
