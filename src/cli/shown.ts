// What others wrote, as a terminal may have it.

/** Without what would move the cursor, colour the screen or turn the line round: such characters are numbers. */
export function shown(text: string): string {
  return text.replaceAll(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}
