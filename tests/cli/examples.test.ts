// The configurations that the documentation shows are read as they stand, and `stoxgate address` says of them what it says
// beside them (ADDR-33, ADDR-53).

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { explainAddress } from '../../src/cli/address.ts';
import { loadOrTell } from '../../src/cli/terminal.ts';
import type { Config } from '../../src/gateway/index.ts';
import { AddressBook } from '../../src/mapping/index.ts';
import { fakeTerminal, type FakeTerminal } from './support.ts';

const FILE = '/etc/stoxgate/stoxgate.yaml';
const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const TWO_NAMES = read('examples/two-names/stoxgate.yaml');
const IRC =
  /^## Other networks behind the XMPP server\n[^]*?```yaml\n([^]*?)```/m.exec(
    read('docs/operation.md'),
  )?.[1] ?? '';
/** What the page leaves out, since it is that of README.md. */
const REST = `sip: { listen: ["udp://10.0.0.9:5060"], next_hops: { example.net: "sip:10.0.0.5" }, trusted: [10.0.0.5/32] }
xmpp: { components: [{ domain: example.net, secret: { file: component-secret } }] }
`;

function terminalFor(text: string): FakeTerminal {
  return fakeTerminal({
    [FILE]: text,
    '/etc/stoxgate/component-secret': 'secret\n',
    '/etc/stoxgate/routes-irc.ts': read('examples/routes-irc.ts'),
  });
}

function configOf(text: string): Config {
  const terminal = terminalFor(text);
  const loaded = loadOrTell(FILE, terminal);
  assert.ok(loaded, terminal.errors.join('\n'));
  // Nothing doubtful either.
  assert.deepEqual([terminal.errors, terminal.output], [[], []]);
  return loaded.config;
}

/** What `stoxgate address` says: the first word behind each question. */
function explained(text: string, address: string): Readonly<Record<string, string>> {
  const terminal = terminalFor(text);
  assert.equal(explainAddress(address, FILE, terminal), 0);
  const answers = terminal.output.flatMap((line) => {
    const [, question = '', answer = ''] = /^ {2}(.*?) {2,}(\S+?),?(?: |$)/.exec(line) ?? [];
    return question === '' ? [] : [[question, answer] as const];
  });
  return Object.fromEntries(answers);
}

const NOBODY = 'refused';

interface Row {
  readonly address: string;
  /** What becomes of it as the target and as the sender. */
  readonly to: string;
  readonly from: string;
}

function table(name: string, text: string, rows: readonly Row[]): void {
  describe(name, () => {
    for (const { address, to, from } of rows) {
      test(`${address}: to it ${to}, from it ${from}`, () => {
        const answers = explained(text, address);
        const side = address.startsWith('sip:') ? 'SIP request' : 'stanza';
        assert.deepEqual(answers, { [`${side} to it`]: to, [`${side} from it`]: from });
      });
    }
  });
}

// The table of README.md: each address is a sender or a target, and never both.
table('examples/two-names', TWO_NAMES, [
  { address: 'sip:ann@corp.example', to: NOBODY, from: 'ann@phones.corp.example' },
  { address: 'xmpp:ann@phones.corp.example', to: 'sip:ann@corp.example', from: NOBODY },
  { address: 'sip:ann@chat.corp.example', to: 'ann@corp.example', from: NOBODY },
  { address: 'xmpp:ann@corp.example', to: NOBODY, from: 'sip:ann@chat.corp.example' },
  { address: 'sip:ann@phones.corp.example', to: NOBODY, from: NOBODY },
  { address: 'xmpp:ann@chat.corp.example', to: NOBODY, from: NOBODY },
]);

table('IRC, docs/operation.md', `${IRC}${REST}`, [
  {
    address: 'sip:ivy%25irc.libera.chat@irc.example.org',
    to: 'ivy%irc.libera.chat@irc.example.org',
    from: NOBODY,
  },
  {
    address: 'sip:%23chat%25irc.libera.chat@irc.example.org',
    to: '#chat%irc.libera.chat@irc.example.org',
    from: NOBODY,
  },
  {
    address: 'xmpp:ivy%25irc.libera.chat@irc.example.org',
    to: NOBODY,
    from: 'sip:ivy%25irc.libera.chat@irc.example.org',
  },
  {
    address: 'xmpp:%23chat%25irc.libera.chat@irc.example.org',
    to: NOBODY,
    from: 'sip:%23chat%25irc.libera.chat@irc.example.org',
  },
]);

test('README.md and the page of IRC show what is tested', () => {
  assert.ok(read('README.md').includes(`\`\`\`yaml\n${TWO_NAMES}\`\`\``));
  assert.ok(read('docs/operation.md').includes('| `sip:%23chat%25irc.libera.chat@irc.example.org` |'));
});

describe('ADDR-39: whoever writes can be answered, and an answer reaches nobody else', () => {
  const user = fc.string({
    unit: fc.constantFrom(...Array.from("ab1#%&+!*'/[]^{|}~.-_ü")),
    minLength: 1,
    maxLength: 12,
  });

  for (const [name, text] of [
    ['examples/two-names', TWO_NAMES],
    ['IRC', `${IRC}${REST}`],
  ] as const) {
    test(name, () => {
      const { domains } = configOf(text);
      const book = new AddressBook(domains);
      let crossed = 0;
      fc.assert(
        fc.property(user, fc.constantFrom(...domains), (local, rule) => {
          const encoded = encodeURIComponent(local);
          const uri = `sip:${encoded}@${rule.sip}`;
          if (rule.home === 'sip') {
            const jid = book.sipSenderToJid(uri);
            if (!jid.ok) return;
            const back = book.jidTargetToSip(jid.value.jidText);
            assert.ok(back.ok, jid.value.jidText);
            const again = book.sipSenderToJid(back.value.uri);
            assert.equal(again.ok && again.value.jidText, jid.value.jidText);
            // Nobody on the XMPP side has that name, and no request to it comes back to XMPP.
            assert.equal(book.jidSenderToSip(jid.value.jidText).ok, false);
            assert.equal(book.sipTargetToJid(back.value.uri).ok, false);
          } else {
            const jid = book.sipTargetToJid(uri);
            if (!jid.ok) return;
            const back = book.jidSenderToSip(jid.value.jidText);
            assert.ok(back.ok, jid.value.jidText);
            const again = book.sipTargetToJid(back.value.uri);
            assert.equal(again.ok && again.value.jidText, jid.value.jidText);
            assert.equal(book.jidTargetToSip(jid.value.jidText).ok, false);
            assert.equal(book.sipSenderToJid(back.value.uri).ok, false);
          }
          crossed++;
        }),
      );
      assert.ok(crossed > 50, `only ${crossed} had a name on the other side`);
    });
  }
});
