// Reading the schema itself: for suggestions and for the reference page.

import * as z from 'zod';

/** What stands behind wrappers (default, optional, transform) and beside each other in unions. */
export function alternatives(schema: z.core.$ZodType): z.core.$ZodType[] {
  if (
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodExactOptional
  ) {
    return alternatives(schema.def.innerType);
  }
  if (schema instanceof z.ZodPipe) return alternatives(schema.def.in);
  if (schema instanceof z.ZodUnion) return schema.def.options.flatMap(alternatives);
  return [schema];
}

/** The objects that may stand at a place in the file. */
export function objectsAt(schema: z.ZodType, path: readonly (string | number)[]): z.ZodObject[] {
  let here = alternatives(schema);
  for (const step of path) {
    here = here.flatMap((candidate) => {
      if (candidate instanceof z.ZodArray) return alternatives(candidate.element);
      if (candidate instanceof z.ZodRecord) return alternatives(candidate.valueType);
      if (!(candidate instanceof z.ZodObject)) return [];
      const member: z.core.$ZodType | undefined = Object.hasOwn(candidate.shape, step)
        ? candidate.shape[step]
        : undefined;
      return member === undefined ? [] : alternatives(member);
    });
  }
  return here.filter((candidate) => candidate instanceof z.ZodObject);
}

export function keysOf(object: z.ZodObject): string[] {
  return Object.keys(object.shape);
}
