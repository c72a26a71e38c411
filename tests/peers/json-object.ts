// JSON lines of peers and logs, read without trusting their shape.

export type JsonObject = Readonly<Record<string, unknown>>;

/** The object that `text` holds; undefined when it is no JSON object (half a line, a library's own print-out). */
export function readObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

export function textField(object: JsonObject, name: string): string | undefined {
  const value = object[name];
  return typeof value === 'string' ? value : undefined;
}
