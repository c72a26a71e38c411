// Reads the JSON that the gateway answered, field by field: what is not there or of another kind is undefined.

export class AnswerFields {
  readonly #fields: ReadonlyMap<string, unknown>;

  constructor(value: unknown) {
    const isObject = typeof value === 'object' && value !== null;
    this.#fields = new Map<string, unknown>(isObject ? Object.entries(value) : []);
  }

  get(name: string): unknown {
    return this.#fields.get(name);
  }

  text(name: string): string | undefined {
    const found = this.get(name);
    return typeof found === 'string' ? found : undefined;
  }

  number(name: string): number | undefined {
    const found = this.get(name);
    return typeof found === 'number' ? found : undefined;
  }

  is(name: string): boolean {
    return this.get(name) === true;
  }

  has(name: string): boolean {
    return this.#fields.has(name);
  }

  of(name: string): AnswerFields {
    return new AnswerFields(this.get(name));
  }

  list(name: string): readonly unknown[] {
    const found = this.get(name);
    return Array.isArray(found) ? found : [];
  }

  rows(name: string): readonly AnswerFields[] {
    return this.list(name).map((row) => new AnswerFields(row));
  }

  texts(name: string): readonly string[] {
    return this.list(name).filter((each) => typeof each === 'string');
  }
}
