// Values of attributes, read strictly: what is not of the schema is as good as absent.

/** A whole number from `min` to `max`; undefined for anything else. */
export function whole(text: string | undefined, max: number, min = 0): number | undefined {
  if (text === undefined || !/^\d{1,10}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= min && value <= max ? value : undefined;
}

/** xs:boolean. */
export function truth(text: string | undefined): boolean {
  return text === '1' || text === 'true';
}

/** One of these words. */
export function oneOf<T extends string>(text: string | undefined, words: readonly T[]): T | undefined {
  return words.find((word) => word === text);
}

export const MAX_UINT32 = 0xffff_ffff;
