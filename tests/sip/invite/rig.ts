// Machines of calls told as text, so that a table can hold what is expected of them.

import assert from 'node:assert/strict';

interface Told {
  readonly state: object;
  readonly effects: readonly object[];
  readonly expected: boolean;
}

/** "kind value value …" of an effect; flags by their names, nested objects in braces. */
export function effectText(effect: object): string {
  return Object.entries(effect)
    .map(([name, value]: [string, unknown]) => valueText(name, value))
    .filter((text) => text !== '')
    .join(' ');
}

function valueText(name: string, value: unknown): string {
  if (name === 'changes') return changesText(value);
  if (value === true) return name;
  if (value === false || value === undefined) return '';
  if (typeof value === 'object' && value !== null) return `{${effectText(value)}}`;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Of the changes of a dialog only what a session begins with. */
function changesText(value: unknown): string {
  if (typeof value !== 'object' || value === null || !('offer' in value) || !('ours' in value)) return '?';
  const { offer, ours } = value;
  const name = typeof ours === 'object' && ours !== null && 'name' in ours ? ours.name : '?';
  return name === 'idle' ? String(offer) : `${String(offer)}/${String(name)}`;
}

/** "effect, effect"; "-" for an event that is not expected, which must change nothing. */
export function told(before: object, transition: Told): string {
  if (!transition.expected) {
    assert.equal(transition.state, before, 'an unexpected event changes nothing');
    assert.deepEqual(transition.effects, []);
    return '-';
  }
  return transition.effects.map(effectText).join(', ');
}

/** One line of a play: an event, and what it must bring. */
export type Line<E> = readonly [event: E, expected: string];

/** Plays events one after the other, each with its expectation; the last state. */
export function play<S extends object, E extends object>(
  start: S,
  step: (
    state: S,
    event: E,
  ) => { readonly state: S; readonly effects: readonly object[]; readonly expected: boolean },
  lines: readonly Line<E>[],
): S {
  let state = start;
  for (const [event, expected] of lines) {
    const transition = step(state, event);
    assert.equal(told(state, transition), expected, effectText(event));
    state = transition.state;
  }
  return state;
}
