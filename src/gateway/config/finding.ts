// What is wrong with a configuration, and where.

export type KeyPath = readonly (string | number)[];

/** A fault without its place in the file: what the schema and the rules say. */
export interface Remark {
  readonly path: KeyPath;
  /** True when the key is meant, not its value. */
  readonly atKey?: boolean;
  readonly message: string;
  /** What was probably meant. */
  readonly suggestion?: string;
  /** Default: error. A warning does not keep the gateway from starting. */
  readonly severity?: 'error' | 'warning';
}

export interface ConfigFinding {
  readonly file: string;
  /** From 1; undefined when the file could not be read at all. */
  readonly line: number | undefined;
  readonly column: number | undefined;
  /** For example `sip.listen[0]`; '' for the file as a whole. */
  readonly key: string;
  readonly message: string;
  readonly suggestion: string | undefined;
  readonly severity: 'error' | 'warning';
}

/** `FILE:LINE:COLUMN: key: message (did you mean …?)`, on one line whatever the file holds. */
export function formatFinding(finding: ConfigFinding): string {
  const place = finding.line === undefined ? '' : `:${finding.line}:${finding.column ?? 1}`;
  const key = finding.key === '' ? '' : `${finding.key}: `;
  const severity = finding.severity === 'warning' ? 'warning: ' : '';
  const hint = finding.suggestion === undefined ? '' : ` (did you mean ${finding.suggestion}?)`;
  // Keys and values come from the file, and a quoted one may hold anything.
  // oxlint-disable-next-line no-control-regex
  return `${finding.file}${place}: ${severity}${key}${finding.message}${hint}`.replace(
    /[\u0000-\u001f\u007f]+/g,
    ' ',
  );
}

/** `sip.next_hops["example.net"][0]` */
export function formatKeyPath(path: KeyPath): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else if (/^[A-Za-z_][A-Za-z0-9_-]*$/.test(step)) text += text === '' ? step : `.${step}`;
    else text += `[${JSON.stringify(step)}]`;
  }
  return text;
}
