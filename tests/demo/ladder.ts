// Draws one crossing as a ladder of five columns, one arrow a line, with the time since the first.
import { stripVTControlCharacters } from 'node:util';
import type { Crossing } from './crossings.ts';
import type { WireEvent } from './wire-events.ts';

const NAMES = ['SIP phone', 'Kamailio', 'Stoxgate', 'Prosody', 'XMPP client'];
// A terminal of 80 columns holds it: nine characters of time, then the columns.
const FIRST_COLUMN = 10;
const GAP = 17;
const WIDTH = 80;
const TEXT_LIMIT = 60;

export interface Palette {
  dim(text: string): string;
  bold(text: string): string;
  good(text: string): string;
  bad(text: string): string;
}

export function palette(colours: boolean): Palette {
  const code =
    (on: number) =>
    (text: string): string =>
      colours ? `\u001b[${on}m${text}\u001b[0m` : text;
  return { dim: code(2), bold: code(1), good: code(32), bad: code(31) };
}

export function drawLadder(crossing: Crossing, colour: Palette): string {
  const { events } = crossing;
  const start = events[0]?.seconds ?? 0;
  const quoted = JSON.stringify(shorten(stripVTControlCharacters(crossing.text)));
  const lines = [
    `${colour.bold(`${crossing.sender} → ${crossing.recipient}`)}  ${quoted}`,
    colour.dim(header()),
    ...events.map((event) => arrow(event, (event.seconds - start) * 1_000, colour)),
    outcome(crossing, colour),
  ];
  return `${lines.join('\n')}\n`;
}

function header(): string {
  const cells = blank();
  for (const [column, name] of NAMES.entries())
    put(cells, position(column) - Math.floor(name.length / 2), name);
  return cells.join('').trimEnd();
}

function arrow(event: WireEvent, milliseconds: number, colour: Palette): string {
  const cells = blank();
  for (const column of NAMES.keys()) cells[position(column)] = '│';
  const [left, right] = [position(Math.min(event.from, event.to)), position(Math.max(event.from, event.to))];
  for (let at = left + 1; at < right; at++) cells[at] = '─';
  if (event.to > event.from) cells[right - 1] = '►';
  else cells[left + 1] = '◄';
  const room = right - left - 4;
  const label = event.label.length > room ? `${event.label.slice(0, room - 1)}…` : event.label;
  put(cells, left + 1 + Math.ceil((right - left - 1 - label.length) / 2), label);
  const failed = event.condition !== undefined || (event.status ?? 0) >= 300;
  const time = `${milliseconds.toFixed(1)} ms`.padStart(9);
  const ladder = cells.slice(time.length).join('').trimEnd();
  return `${colour.dim(time)}${failed ? colour.bad(ladder) : ladder}`;
}

/** What the sender was told, and the id under which the gateway's log has both legs. */
function outcome(crossing: Crossing, colour: Palette): string {
  const last = crossing.events.findLast(
    (event) => (event.status ?? 0) >= 200 || event.condition !== undefined,
  );
  const failed = last === undefined || last.condition !== undefined || (last.status ?? 0) >= 300;
  const text = last === undefined ? 'no outcome seen' : (last.condition ?? last.label);
  const id =
    crossing.correlation === undefined
      ? ''
      : colour.dim(`   in the gateway's log: cid ${crossing.correlation}`);
  return `${' '.repeat(FIRST_COLUMN)}${failed ? colour.bad(`✗ ${text}`) : colour.good(`✓ ${text}`)}${id}`;
}

function blank(): string[] {
  return Array.from({ length: WIDTH }, () => ' ');
}

function put(cells: string[], at: number, text: string): void {
  for (const [offset, character] of Array.from(text).entries()) cells[at + offset] = character;
}

function position(column: number): number {
  return FIRST_COLUMN + column * GAP;
}

function shorten(text: string): string {
  const characters = Array.from(text);
  return characters.length > TEXT_LIMIT ? `${characters.slice(0, TEXT_LIMIT).join('')}…` : text;
}
