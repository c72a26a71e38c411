// Fuzz target: the configuration file. Any text ends in a configuration or in findings that name a place in it.

import assert from 'node:assert/strict';
import { formatFinding, parseConfig } from '../../src/gateway/index.ts';
import type { FuzzTarget } from './target.ts';

const SEEDS: readonly string[] = [
  `domains:
  - { home: sip, sip: example.net, xmpp: example.net }
  - { home: xmpp, xmpp: example.org, sip: example.org }
sip:
  listen: ["udp://127.0.0.1:5060"]
  trusted: ["127.0.0.1/32"]
xmpp:
  components:
    - { domain: example.net, secret: s3cret }
`,
  `domains:
  - { home: sip,  sip: "*", xmpp: sip.example.org }
  - { home: xmpp, xmpp: "*", sip: xmpp.example.net, separator: "*" }
sip:
  listen: ["udp://0.0.0.0:5060", { url: "tcp://[::]:5060", advertise: gw.example.net }]
  advertise: gw.example.net
  next_hops:
    example.net: ["sip:10.0.0.5:5060;transport=udp;lr", "sip:10.0.0.6"]
    "*": "sip:proxy.example.net;lr"
  trusted: ["10.0.0.5/32", { network: 10.1.0.0/16, domains: [corp.example] }]
  credentials: [{ realm: example.net, user: gw, password: { env: SIP_PASSWORD } }]
xmpp:
  components:
    - { domain: sip.example.org, host: 127.0.0.1, port: 5347, secret: { file: secret } }
messages: { accepted: 202, type: mirror, encrypted: refuse, composing: learned, reports: learned, redirects: ignore }
dns: { servers: ["127.0.0.1:53"], private_targets: refuse }
console: { listen: "127.0.0.1:8080", token: { file: console-token } } # web page
log: { level: info, format: json }
`,
  '# anchors and texts\na: &a { home: sip }\ndomains: [*a, { <<: *a, sip: "\\x41" }]\nlog: |-\n  level\n   info\n',
  '{"domains": [{"home": "sip", "sip": "é.example", "xmpp": "*.example"}], "sip": {"listen": ["udp://[::1]:0"]}}',
];

export const target: FuzzTarget = {
  name: 'config',
  // An operator's own file; the library needs milliseconds for each kilobyte.
  maxLength: 1200,
  seeds: () => SEEDS.map((text) => Buffer.from(text, 'utf8')),
  run(input) {
    const text = Buffer.from(input).toString('utf8');
    const told: string[] = [];
    const result = parseConfig(text, '/etc/stoxgate.yaml', {
      env: { SIP_PASSWORD: 'hidden-password' },
      readFile: (path) => {
        if (!path.endsWith('secret')) throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
        return 'hidden-file\n';
      },
      warn: (finding) => told.push(formatFinding(finding)),
    });
    assert.equal(Object.getPrototypeOf({}), Object.prototype);
    assert.equal('sip' in {} || 'listen' in {}, false, 'the prototype of all objects was changed');
    if (result.ok) return;
    assert.ok(result.error.length > 0, 'refused without a reason');
    const lines = text.split(/\r\n|\r|\n/).length;
    for (const finding of result.error) {
      assert.ok((finding.line ?? 1) >= 1 && (finding.line ?? 1) <= lines, `line ${finding.line} of ${lines}`);
      assert.ok((finding.column ?? 1) >= 1, `column ${finding.column}`);
      assert.notEqual(finding.message, '');
      told.push(formatFinding(finding));
    }
    for (const line of told) {
      assert.doesNotMatch(line, /[\0-\x1f\x7f]/, 'a finding that is more than a line');
      assert.ok(!line.includes('hidden-'), 'a secret in a finding');
    }
  },
};
