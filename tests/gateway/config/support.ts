// A configuration file that is only a text, and other files beside it.

import { formatFinding, loadConfig, type Config } from '../../../src/gateway/index.ts';

export interface Outcome {
  readonly config: Config | undefined;
  /** Findings as printed. */
  readonly errors: string[];
  readonly warnings: string[];
}

/** Loads `text` as the file `/etc/s.yaml`. */
export function load(
  text: string,
  files: Readonly<Record<string, string>> = {},
  env: Readonly<Record<string, string>> = {},
): Outcome {
  const warnings: string[] = [];
  const all: Readonly<Record<string, string>> = { '/etc/s.yaml': text, ...files };
  const result = loadConfig('/etc/s.yaml', {
    env,
    readFile: (path) => {
      const content = all[path];
      if (content === undefined) throw Object.assign(new Error(`no ${path}`), { code: 'ENOENT' });
      return content;
    },
    warn: (finding) => warnings.push(formatFinding(finding)),
  });
  return result.ok
    ? { config: result.value, errors: [], warnings }
    : { config: undefined, errors: result.error.map(formatFinding), warnings };
}

/** The least that works. */
export const MINIMAL = `domains:
  - { home: sip, sip: example.net, xmpp: example.net }
  - { home: xmpp, xmpp: example.org, sip: example.org }
sip:
  listen: ["udp://127.0.0.1:5060"]
  trusted: ["127.0.0.1/32"]
xmpp:
  components:
    - { domain: example.net, secret: s3cret }
`;
