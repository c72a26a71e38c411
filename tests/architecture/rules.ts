// The import rule of docs/architecture.md as a function over source texts, so that the rule itself can be tested.

export interface Violation {
  readonly file: string;
  readonly message: string;
}

/** Levels of the rooms. A room imports only from lower levels. */
const LEVELS: Readonly<Record<string, number>> = {
  base: 0,
  xml: 1,
  sip: 1,
  sdp: 1,
  mime: 1,
  msrp: 1,
  xmpp: 1,
  mapping: 2,
  interwork: 3,
  policy: 3,
  edge: 4,
  gateway: 5,
  cli: 6,
};
const EDGE = 4;

/** Sideways imports that are part of the design. */
const SIDEWAYS = new Set([
  'mime xml',
  'xmpp xml',
  'msrp mime',
  // Certificates are the same whatever is spoken over TLS.
  'edge/sip edge/tls',
  'edge/xmpp edge/tls',
  'edge/identity edge/tls',
]);

/** Folders of which each subfolder is a room of its own, with its own door. */
const DIVIDED = new Set(['interwork', 'edge']);

/** The only doors to node:* below edge/. */
const NODE_BELOW_EDGE: Readonly<Record<string, readonly string[]>> = {
  'src/base/bytes.ts': ['node:buffer'],
  'src/base/digest.ts': ['node:crypto'],
};

/** Packages, and who may use them. */
export const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  tr46: ['xmpp', 'mapping'],
  pg: ['edge/store'],
  pino: ['edge/log'],
  ws: ['edge/sip'],
  yaml: ['gateway'],
  zod: ['gateway'],
};

/** Time, chance and surroundings come through `env` below edge/. */
const AMBIENT =
  /\b(?:Date\.now|new Date\(\)|performance\.now|Math\.random|setTimeout|setInterval|setImmediate|queueMicrotask|process\.|console\.|globalThis\b)/;

const MAX_LINES = 400;

/** Files that were thought about again at 400 lines, and why they are one. */
export const LONGER: Readonly<Record<string, { readonly lines: number; readonly why: string }>> = {
  'src/xml/tokenizer.ts': { lines: 500, why: 'one pass over the characters, one method a state' },
};

/** Everything that breaks a rule. Keys are paths such as `src/sip/index.ts`. */
export function violations(sources: ReadonlyMap<string, string>): Violation[] {
  const found: Violation[] = [];
  for (const [file, text] of sources) {
    const report = (message: string): number => found.push({ file, message });
    const code = withoutComments(text);
    const lines = text.split('\n').length - 1;
    const limit = LONGER[file]?.lines ?? MAX_LINES;
    if (lines > limit) report(`${lines} lines, the limit is ${limit}`);
    if (/^\s*export\s*\*/m.test(code)) report('"export *" hides what a room offers');
    const room = roomOf(file);
    if (room === undefined) {
      if (file !== 'src/index.ts') report('is in no room of the house');
      continue;
    }
    const ambient = AMBIENT.exec(code);
    if (levelOf(room) < EDGE && ambient !== null)
      report(`uses ${ambient[0]}, which comes through env below edge/`);
    for (const specifier of importsOf(code)) {
      const message = importFault(file, room, specifier, sources);
      if (message !== undefined) report(message);
    }
  }
  for (const room of roomsOf(sources)) {
    // Nobody is above the command to come in.
    if (room !== 'cli' && !sources.has(`src/${room}/index.ts`)) {
      found.push({ file: `src/${room}`, message: 'a room without a door (index.ts)' });
    }
  }
  return found;
}

function importFault(
  file: string,
  room: string,
  specifier: string,
  sources: ReadonlyMap<string, string>,
): string | undefined {
  if (specifier.startsWith('node:')) {
    if (levelOf(room) >= EDGE || NODE_BELOW_EDGE[file]?.includes(specifier) === true) return undefined;
    return `imports ${specifier} below edge/`;
  }
  if (!specifier.startsWith('.')) {
    const users = PACKAGES[packageOf(specifier)];
    if (users === undefined) return `imports ${specifier}, which is not a declared dependency`;
    return users.includes(room) ? undefined : `imports ${specifier}, which only ${users.join(', ')} may`;
  }
  const target = resolvePath(file, specifier);
  if (!sources.has(target)) return `imports ${specifier}, which is not there`;
  const other = roomOf(target);
  if (other === undefined) return `imports ${specifier}, which is in no room`;
  if (other === room) return undefined;
  const from = levelOf(room);
  const to = levelOf(other);
  if (to > from) return `imports ${specifier}: upward, from level ${from} to level ${to}`;
  if (to === from && !SIDEWAYS.has(`${room} ${other}`)) return `imports ${specifier}: sideways`;
  return target === `src/${other}/index.ts`
    ? undefined
    : `imports ${specifier}: not through the door of ${other}`;
}

/** Specifiers of all static and dynamic imports and re-exports. */
export function importsOf(code: string): string[] {
  const patterns = [
    /\b(?:import|export)\b[^'"`;]*?\bfrom\s*(['"])(.+?)\1/g,
    /\bimport\s*(['"])(.+?)\1/g,
    /\bimport\s*\(\s*(['"`])(.+?)\1/g,
    /\brequire\s*\(\s*(['"`])(.+?)\1/g,
  ];
  return patterns.flatMap((pattern) => [...code.matchAll(pattern)].map((match) => match[2] ?? ''));
}

/** Comments out, strings kept: enough for code that a formatter has laid out. */
export function withoutComments(text: string): string {
  return text.replace(
    /('(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`)|\/\*[\s\S]*?\*\/|(?<![:\\])\/\/[^\n]*/g,
    (_whole, text: string | undefined) => text ?? ' ',
  );
}

function roomOf(file: string): string | undefined {
  const [src, first = '', second = '', ...rest] = file.split('/');
  if (src !== 'src' || LEVELS[first] === undefined || second === '') return undefined;
  if (!DIVIDED.has(first)) return first;
  return rest.length === 0 ? undefined : `${first}/${second}`;
}

function roomsOf(sources: ReadonlyMap<string, string>): Set<string> {
  return new Set([...sources.keys()].flatMap((file) => roomOf(file) ?? []));
}

function levelOf(room: string): number {
  return LEVELS[room.split('/', 1)[0] ?? ''] ?? Number.POSITIVE_INFINITY;
}

export function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

function resolvePath(file: string, specifier: string): string {
  const steps = file.split('/').slice(0, -1);
  for (const step of specifier.split('/')) {
    if (step === '..') steps.pop();
    else if (step !== '.') steps.push(step);
  }
  return steps.join('/');
}
