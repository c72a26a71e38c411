// HTML cut into text and tags, as far as reading its text needs (HTML Living Standard §13.2.5, simplified).
// Linear in the length of the input for every input.

export type HtmlToken =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'open'; readonly name: string; readonly attributes: string }
  | { readonly kind: 'close'; readonly name: string };

/** Elements whose content is never text for a reader: left out with everything in them. */
const SKIPPED: ReadonlySet<string> = new Set([
  'script',
  'style',
  'title',
  'template',
  'iframe',
  'noembed',
  'noframes',
  'object',
  'svg',
  'math',
  'audio',
  'video',
  'canvas',
]);

/** For these a missing end tag means: up to the end (their content is no markup). */
const RAW: ReadonlySet<string> = new Set(['script', 'style', 'iframe', 'noembed', 'noframes']);

/** Text, start and end tags in order. Comments, declarations and the elements that hold no text are left out. */
export function* htmlTokens(html: string): Generator<HtmlToken> {
  const lower = html.toLowerCase();
  // toLowerCase may change the length (U+0130): then offsets would not fit, and only ASCII matters here.
  const search = lower.length === html.length ? lower : asciiLower(html);
  const unclosed = new Set<string>();
  let at = 0;
  let textStart = 0;
  while (at < html.length) {
    at = html.indexOf('<', at);
    if (at < 0) break;
    const end = markupEnd(html, at);
    if (end === undefined) {
      at += 1;
      continue;
    }
    if (at > textStart) yield { kind: 'text', text: html.slice(textStart, at) };
    const tag = readTag(html, at, end);
    at = end;
    if (tag !== undefined) {
      yield tag;
      if (tag.kind === 'open' && SKIPPED.has(tag.name) && !unclosed.has(tag.name)) {
        const close = search.indexOf(`</${tag.name}`, at);
        if (close >= 0) at = close;
        else if (RAW.has(tag.name)) at = html.length;
        // Remembered, so that a thousand of them do not search to the end a thousand times.
        else unclosed.add(tag.name);
      }
    }
    textStart = at;
  }
  if (textStart < html.length) yield { kind: 'text', text: html.slice(textStart) };
}

/** Offset after the tag, comment or declaration that begins at `at`; undefined when the "<" is a character. */
function markupEnd(html: string, at: number): number | undefined {
  const next = html[at + 1] ?? '';
  if (next === '!' || next === '?') {
    if (!html.startsWith('<!--', at)) return after(html, '>', at);
    // "<!-->" and "<!--->" are closed comments.
    if (html.startsWith('>', at + 4)) return at + 5;
    if (html.startsWith('->', at + 4)) return at + 6;
    return after(html, '-->', at + 4);
  }
  if (!/[A-Za-z]/.test(next === '/' ? (html[at + 2] ?? '') : next)) return undefined;
  // A ">" inside a quoted attribute value does not end the tag.
  for (let i = at + 1; i < html.length; i++) {
    const char = html.charCodeAt(i);
    if (char === 0x3e) return i + 1;
    if ((char === 0x22 || char === 0x27) && html.charCodeAt(i - 1) === 0x3d) {
      i = html.indexOf(html[i] ?? '', i + 1);
      if (i < 0) break;
    }
  }
  return html.length;
}

function after(html: string, what: string, from: number): number {
  const found = html.indexOf(what, from);
  return found < 0 ? html.length : found + what.length;
}

function readTag(html: string, at: number, end: number): HtmlToken | undefined {
  const close = html[at + 1] === '/';
  const start = close ? at + 2 : at + 1;
  let nameEnd = start;
  while (nameEnd < end && !/[\s/>]/.test(html[nameEnd] ?? '>')) nameEnd += 1;
  const name = html.slice(start, nameEnd).toLowerCase();
  if (name === '' || name.startsWith('!') || name.startsWith('?')) return undefined;
  return close ? { kind: 'close', name } : { kind: 'open', name, attributes: html.slice(nameEnd, end - 1) };
}

function asciiLower(text: string): string {
  return text.replace(/[A-Z]+/g, (run) => run.toLowerCase());
}

/** Raw value of an attribute in the text between tag name and ">"; undefined when it is not there. */
export function htmlAttribute(attributes: string, name: string): string | undefined {
  const pattern = /([^\s"'>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/g;
  for (const match of attributes.matchAll(pattern)) {
    if (match[1]?.toLowerCase() === name) return match[2] ?? match[3] ?? match[4] ?? '';
  }
  return undefined;
}
