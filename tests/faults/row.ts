// One row of the matrix: a stage, load in all three directions at once, the fault in the middle of it, and the count.

import { pause } from '../peers/wait.ts';
import type { Deed, Fault } from './faults.ts';
import {
  DIRECTIONS,
  DIRECTION_NAMES,
  FATES,
  type Cell,
  type Direction,
  type Entry,
  type Fate,
} from './ledger.ts';
import { Stage } from './stage.ts';

export interface Load {
  /** Messages of each direction, and how many a second. */
  readonly messages: number;
  readonly perSecond: number;
  /** How often the fault strikes, and how long it lasts each time. */
  readonly strikes: number;
  readonly lastsMs: number;
}

export interface Row {
  readonly fault: Fault;
  readonly cells: Readonly<Record<Direction, Cell>>;
  /** What must not be: each a line for people. */
  readonly faults: readonly string[];
  /** Requests that came to a SIP receiver again, and were known for the same. */
  readonly merged: number;
}

const STEP_MS = 20;
const DEFAULT_PATIENCE_MS = 20_000;
/** Nothing new for so long, and nothing held by the gateway: that was all. */
const QUIET_MS = 1000;
const SHOW_AGAIN_MS = 3000;
/** A fault that fails everything shows nothing of the rest. */
const LEAST_DELIVERED = 0.1;

export async function runRow(fault: Fault, load: Load): Promise<Row> {
  const stage = await Stage.open(fault.stage);
  try {
    const deed: Deed = { killedMs: [], felt: 0 };
    const [sends] = await Promise.all([send(stage, load), strikeOften(fault, stage, deed, load)]);
    await Promise.all(sends);
    await settle(stage, fault.patienceMs ?? DEFAULT_PATIENCE_MS);
    await stage.xmpp.collect();
    const explains = (entry: Entry): boolean => fault.explains?.(entry, stage, deed) === true;
    const { s2x, x2s, kept } = stage.ledgers;
    const cells = { s2x: s2x.close(explains), x2s: x2s.close(explains), kept: kept.close(explains) };
    const faults = DIRECTIONS.flatMap((direction) => judge(fault, direction, cells[direction]));
    if (deed.felt === 0) faults.push(`${fault.name}: nobody felt it`);
    const left = await stage.held();
    if (left > 0) faults.push(`${fault.name}: ${left} messages or records are still held by the gateway`);
    const records = await stage.recordsLeft();
    if (records > 0) faults.push(`${fault.name}: ${records} records are left in the store`);
    return { fault, cells, faults, merged: stage.sip.merged };
  } finally {
    await stage.close();
  }
}

/** At a steady rate, whatever becomes of them. The promises are those of the SIP senders. */
export async function send(stage: Stage, { messages, perSecond }: Load): Promise<readonly Promise<void>[]> {
  const open: Promise<void>[] = [];
  const began = performance.now();
  for (let index = 0; index < messages;) {
    const due = Math.min(messages, Math.ceil(((performance.now() - began) * perSecond) / 1000));
    for (; index < due; index++) {
      open.push(stage.sip.send(index));
      for (const direction of ['x2s', 'kept'] as const)
        stage.xmpp.send(direction, index, stage.sip.recipient(direction, index));
    }
    await pause(STEP_MS);
  }
  return open;
}

async function strikeOften(fault: Fault, stage: Stage, deed: Deed, load: Load): Promise<void> {
  const lasts = (load.messages / load.perSecond) * 1000;
  const between = lasts / (load.strikes + 0.5);
  const lastsMs = Math.max(load.lastsMs, fault.lastsMs ?? 0);
  for (let strike = 0; strike < load.strikes; strike++) {
    await pause(Math.max(200, between - load.lastsMs));
    await fault.strike(stage, deed);
    await pause(lastsMs);
    await fault.mend(stage, deed);
  }
}

/** Until every message has its outcome, or nothing happens any more. */
export async function settle(stage: Stage, patienceMs: number): Promise<void> {
  const end = performance.now() + patienceMs;
  let shownMs = -Infinity;
  let before = -1;
  let sinceMs = 0;
  while (performance.now() < end) {
    const now = performance.now();
    if (now - shownMs > SHOW_AGAIN_MS) {
      shownMs = now;
      await stage.sip.show();
    }
    const progress = heard(stage);
    if (progress !== before) {
      before = progress;
      sinceMs = now;
    } else if (now - sinceMs > QUIET_MS && (await stage.held()) === 0) return;
    await pause(100);
  }
}

function heard(stage: Stage): number {
  let sum = 0;
  for (const direction of DIRECTIONS) {
    for (const { arrivals, refusals } of stage.ledgers[direction].entries.values())
      sum += arrivals.length + refusals.length;
  }
  return sum;
}

export function judge(fault: Fault, direction: Direction, cell: Cell): string[] {
  const where = `${fault.name}, ${DIRECTION_NAMES[direction]}`;
  const faults: string[] = [];
  const excuses: Partial<Record<Fate, string>> = fault.excuses[direction] ?? {};
  for (const fate of FATES) {
    if (fate === 'once' || fate === 'reported' || cell.fates[fate] === 0) continue;
    if (excuses[fate] !== undefined && fate !== 'lost') continue;
    const examples = cell.texts[fate].slice(0, 5).join(' ');
    faults.push(`${where}: ${cell.fates[fate]} ${fate}: ${examples}`);
  }
  if (cell.renamed > 0) faults.push(`${where}: ${cell.renamed} came again under another name`);
  if (direction === 'kept' && cell.disordered > 0)
    faults.push(`${where}: ${cell.disordered} came before an earlier one`);
  if (cell.fates.once < cell.sent * LEAST_DELIVERED)
    faults.push(`${where}: only ${cell.fates.once} of ${cell.sent} were delivered once`);
  return faults;
}

/** The matrix as text. */
export function tableOf(rows: readonly Row[]): string {
  const head = ['fault', 'direction', 'sent', ...FATES, '482', 'told'];
  const lines = rows.flatMap(({ fault, cells, merged }) =>
    DIRECTIONS.map((direction) => {
      const { sent, fates, refusals } = cells[direction];
      const told = Object.entries(refusals)
        .map(([why, count]) => `${why} ${count}`)
        .join(', ');
      const known = direction === 'x2s' ? String(merged) : '';
      return [
        fault.name,
        DIRECTION_NAMES[direction],
        String(sent),
        ...FATES.map((fate) => String(fates[fate])),
        known,
        told,
      ];
    }),
  );
  const widths = head.map((_, column) =>
    Math.max(...[head, ...lines].map((line) => line[column]?.length ?? 0)),
  );
  return [head, ...lines]
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Why a count that is not "once" or "reported" may be there. */
export function reasonsOf(rows: readonly Row[]): string {
  const lines = rows.flatMap(({ fault, cells }) =>
    DIRECTIONS.flatMap((direction) => {
      const excuses: Partial<Record<Fate, string>> = fault.excuses[direction] ?? {};
      return FATES.filter((fate) => cells[direction].fates[fate] > 0 && excuses[fate] !== undefined).map(
        (fate) => `${fault.name}, ${DIRECTION_NAMES[direction]}, ${fate}: ${excuses[fate]}`,
      );
    }),
  );
  return lines.join('\n');
}
