// The reference page of the configuration (docs/configuration.md), made from the schema: `npm run docs`.

import * as z from 'zod';
import { laterKeysOf } from './later.ts';
import { alternatives } from './schema-walk.ts';
import { configSchema } from './schema.ts';
import { entries, type KeyEntry } from './schema-kit.ts';

const HEAD = `# Configuration

<!-- Made from src/gateway/config/schema.ts by \`npm run docs\`. Do not edit. -->

One YAML 1.2 file. \`stoxgate check --config FILE\` says what is wrong with it, with line, column and remedy; \`stoxgate
run\` refuses a file with an error. Keys that do not exist are errors, and so are keys of features that are not built yet.
Paths are relative to the file. A secret is text, \`{ file: PATH }\` (one trailing line break is dropped) or
\`{ env: NAME }\`. \`*\` is written in quotes, because YAML means something else by it.

SIGHUP reads the file again. A file with an error is reported and the old configuration stays.

## A whole file

\`\`\`yaml
domains:
  - { home: sip, sip: example.net, xmpp: example.net } # transparent: one address on both sides (RFC 7247)
  - { home: xmpp, xmpp: example.org, sip: example.org }
sip:
  listen: ["udp://10.0.0.9:5060", "tcp://10.0.0.9:5060"]
  next_hops:
    example.net: "sip:10.0.0.5:5060;transport=udp;lr"
  trusted: ["10.0.0.5/32"]
xmpp:
  components:
    - { domain: example.net, host: 127.0.0.1, port: 5347, secret: { file: component-secret } }
console: { listen: "127.0.0.1:8080" }
log: { level: info, format: json }
\`\`\`

## Rules

- A SIP request's target is looked up by its \`sip\` name among the \`home: xmpp\` rules, its From among the \`home: sip\`
  rules; for stanzas the mirror image. An exact name beats \`*.name\`, which beats \`*\`; the order of the file decides only
  between equals.
- \`"*"\` on the home side alone folds the whole foreign address into the local part of the other side's domain, by the
  escape of that side (\`\\40\` in a JID, \`%40\` in a SIP user part) or by \`separator\`. Both forms are read, the
  configured one is written. Folding splits at the last separator.
- \`"*"\` on both sides keeps every address as it is; \`"*.name"\` on both sides keeps what stands for the star.
- No rule for the target: 404, or \`item-not-found\`. No rule for the sender, or nothing that proves who he is
  (\`sip.trusted\`, \`sip.users\`, \`sip.identity\`): 403, 401 or 428, or \`forbidden\`.
- Each \`home: sip\` rule needs a component of its \`xmpp\` domain, since only that component may speak for it. Without one
  the gateway starts with a warning, messages from the rule's SIP users get 403, and \`check\` reports it.
- \`sip.next_hops\` is asked before DNS. Hosts of next hops are never refused as private.
`;

const REQUIRED = Symbol('required');

interface Row {
  readonly path: string;
  readonly schema: z.core.$ZodType;
  readonly entry: KeyEntry;
}

/** The whole page. */
export function referencePage(): string {
  const none = () => ({ ok: true, value: '' }) as const;
  const schema = configSchema({
    file: none,
    env: none,
    keyFile: (path) => ({ ok: true, value: { path, text: undefined } }),
  });
  const rows = rowsOf(schema, '');
  const later = laterRows(schema, '');
  return [
    HEAD,
    '## Keys\n',
    ...rows.map(section),
    '## Not built yet\n',
    'These keys are reserved, and refused until their feature is there:',
    `${later.map((key) => `\`${key}\``).join(', ')}.\n`,
  ].join('\n');
}

function rowsOf(schema: z.core.$ZodType, path: string): Row[] {
  return alternatives(schema).flatMap((here): Row[] => {
    if (here instanceof z.ZodArray) return rowsOf(here.element, `${path}[]`);
    if (!(here instanceof z.ZodObject)) return [];
    return Object.entries(here.shape).flatMap(([key, member]) => {
      const entry = member instanceof z.ZodType ? entries.get(member) : undefined;
      // A part of a value that is described as a whole ({ file } of a secret) has no entry of its own.
      if (entry === undefined) return [];
      const own = path === '' ? key : `${path}.${key}`;
      return [{ path: own, schema: member, entry }, ...rowsOf(member, own)];
    });
  });
}

function laterRows(schema: z.core.$ZodType, path: string): string[] {
  return alternatives(schema).flatMap((here): string[] => {
    if (here instanceof z.ZodArray) return laterRows(here.element, `${path}[]`);
    if (!(here instanceof z.ZodObject)) return [];
    const join = (key: string): string => (path === '' ? key : `${path}.${key}`);
    return [
      ...laterKeysOf(here).map(join),
      ...Object.entries(here.shape).flatMap(([key, member]) => laterRows(member, join(key))),
    ];
  });
}

function section({ path, schema, entry }: Row): string {
  const lines = [`### \`${path}\`\n`, `${entry.says}\n`];
  const type = entry.type ?? typeText(schema);
  if (type !== undefined) lines.push(`- type: ${type}`);
  const value = entry.default ?? defaultText(schema);
  if (value === REQUIRED) lines.push('- required');
  else if (value !== undefined) lines.push(`- default: ${value}`);
  if (entry.unit !== undefined) lines.push(`- unit: ${entry.unit}`);
  if (entry.example !== undefined) lines.push(`- example: \`${lastKey(path)}: ${entry.example}\``);
  return lines.length === 2 ? lines.join('\n') : `${lines.join('\n')}\n`;
}

function lastKey(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}

/** The type in words; undefined for an object, whose keys follow. */
function typeText(schema: z.core.$ZodType): string | undefined {
  const [here] = alternatives(schema);
  if (here instanceof z.ZodEnum) return here.options.map((option) => `\`${option}\``).join(', ');
  if (here instanceof z.ZodLiteral) return [...here.values].map((value) => `\`${String(value)}\``).join(', ');
  if (here instanceof z.ZodBoolean) return '`true`, `false`';
  if (here instanceof z.ZodNumber) {
    return `whole number, ${here.minValue ?? 'any'} to ${here.maxValue ?? 'any'}`;
  }
  return here instanceof z.ZodObject ? undefined : 'text';
}

function defaultText(schema: z.core.$ZodType): string | typeof REQUIRED | undefined {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodExactOptional) return 'none';
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    const value: unknown = schema.def.defaultValue;
    // A section without keys of its own stands for the defaults of its keys.
    const section = alternatives(schema).some((here) => here instanceof z.ZodObject);
    return section ? undefined : `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
  }
  return REQUIRED;
}
