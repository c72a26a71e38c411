// Counters are plain numbers on the message path; text is made only when somebody asks (`/metrics`).

/** One monotonic counter with fixed label values, found once and then bumped. */
export class Counter {
  value = 0;

  add(amount = 1): void {
    this.value += amount;
  }
}

interface Family {
  readonly help: string;
  readonly kind: 'counter' | 'gauge';
  readonly series: Map<string, Counter>;
}

export type Labels = Readonly<Record<string, string>>;

/** All counters of one gateway. Names follow the Prometheus conventions (`stoxgate_…_total`). */
export class Counters {
  readonly #families = new Map<string, Family>();
  readonly #gauges = new Map<string, { help: string; read: () => number; labels: string }[]>();

  /** The counter of this name and these labels; the same object each time. Labels must come from closed sets. */
  counter(name: string, help: string, labels: Labels = {}): Counter {
    let family = this.#families.get(name);
    if (family === undefined) {
      family = { help, kind: 'counter', series: new Map() };
      this.#families.set(name, family);
    }
    const key = labelText(labels);
    let counter = family.series.get(key);
    if (counter === undefined) {
      counter = new Counter();
      family.series.set(key, counter);
    }
    return counter;
  }

  /** A value read at the scrape. */
  gauge(name: string, help: string, read: () => number, labels: Labels = {}): void {
    const list = this.#gauges.get(name) ?? [];
    list.push({ help, read, labels: labelText(labels) });
    this.#gauges.set(name, list);
  }

  /** Sum over all series of a counter. */
  total(name: string): number {
    let sum = 0;
    for (const counter of this.#families.get(name)?.series.values() ?? []) sum += counter.value;
    return sum;
  }

  /** Prometheus text exposition format 0.0.4. */
  text(): string {
    const lines: string[] = [];
    for (const [name, family] of this.#families) {
      lines.push(`# HELP ${name} ${family.help}`, `# TYPE ${name} counter`);
      for (const [labels, counter] of family.series) lines.push(`${name}${labels} ${counter.value}`);
    }
    for (const [name, gauges] of this.#gauges) {
      lines.push(`# HELP ${name} ${gauges[0]?.help ?? ''}`, `# TYPE ${name} gauge`);
      for (const gauge of gauges) lines.push(`${name}${gauge.labels} ${gauge.read()}`);
    }
    return `${lines.join('\n')}\n`;
  }
}

function labelText(labels: Labels): string {
  const names = Object.keys(labels).sort();
  if (names.length === 0) return '';
  const quoted = names.map((name) => {
    const value = (labels[name] ?? '')
      .replaceAll('\\', '\\\\')
      .replaceAll('"', '\\"')
      .replaceAll('\n', '\\n');
    return `${name}="${value}"`;
  });
  return `{${quoted.join(',')}}`;
}
