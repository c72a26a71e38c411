// "Did you mean …?": the nearest of a few known words.

/** Damerau–Levenshtein distance (adjacent letters may be swapped once). */
export function editDistance(left: string, right: string): number {
  const rows: number[][] = [Array.from({ length: right.length + 1 }, (_, column) => column)];
  for (let i = 1; i <= left.length; i++) {
    const row = [i];
    const above = rows[i - 1] ?? [];
    for (let j = 1; j <= right.length; j++) {
      const same = left[i - 1] === right[j - 1];
      let best = Math.min(cell(above, j) + 1, cell(row, j - 1) + 1, cell(above, j - 1) + (same ? 0 : 1));
      if (i > 1 && j > 1 && left[i - 1] === right[j - 2] && left[i - 2] === right[j - 1]) {
        best = Math.min(best, cell(rows[i - 2] ?? [], j - 2) + 1);
      }
      row.push(best);
    }
    rows.push(row);
  }
  return cell(rows[left.length] ?? [], right.length);
}

function cell(row: readonly number[], index: number): number {
  return row[index] ?? 0;
}

/** The known word that was probably meant: at most one slip in three letters, none in a shorter word. Case and `-` for `_` are no slips. */
export function suggest(word: string, known: readonly string[]): string | undefined {
  // A key of a thousand letters is nobody's slip, and the distance is quadratic.
  if (word.length > 40) return undefined;
  const folded = fold(word);
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    const distance = editDistance(folded, fold(candidate));
    if (distance < bestDistance && distance <= slipsIn(candidate)) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

function slipsIn(word: string): number {
  return Math.floor(word.length / 3);
}

function fold(word: string): string {
  return word.toLowerCase().replaceAll('-', '_');
}
