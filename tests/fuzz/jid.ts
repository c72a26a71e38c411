// Addresses: whatever comes, preparing does not throw, settles, and what is accepted is read back the same and cannot
// be taken for something else.

import assert from 'node:assert/strict';
import { formatJid, jidFromParts, parseJid } from '../../src/xmpp/jid/index.ts';
import type { FuzzTarget } from './target.ts';

const SEEDS: readonly string[] = [
  'juliet@example.com/foo bar',
  'a.example.com/b@example.net',
  'foo\\20bar@example.com',
  'fußball@xn--bcher-kva.example/♚',
  'ＡＢＣ@例え。テスト/\u1680x',
  'שלום@אבג.example/٣',
  'क्\u200dष@नामه\u200cای.example',
  'x@[2001:db8::192.0.2.1]/y',
  'col·legi@192.0.2.1/あ・い',
  'ΑΣ@ΒΌΛΟΣ.com/é',
];

export const target: FuzzTarget = {
  name: 'jid',
  seeds: () => SEEDS.map((text) => Buffer.from(text, 'utf8')),
  run(input: Uint8Array): void {
    // As UTF-8, and as UTF-16 for lone surrogates.
    for (const text of [Buffer.from(input).toString('utf8'), Buffer.from(input).toString('utf16le')]) {
      const result = parseJid(text);
      if (!result.ok) {
        assert.equal(result.error.code, 'jid-malformed');
        continue;
      }
      const { local, domain, resource } = result.value;
      for (const part of [local, domain, resource]) assert.ok(Buffer.byteLength(part) <= 1023);
      assert.doesNotMatch(local, /["&'/:<>@\p{Z}\p{Cc}\p{Cs}]/u);
      assert.doesNotMatch(domain, /["&'/<>@\p{Z}\p{Cc}\p{Cs}]/u);
      assert.doesNotMatch(resource, /[\p{Cc}\p{Cs}]/u);
      assert.notEqual(domain, '');
      assert.deepEqual(parseJid(formatJid(result.value)), result);
      assert.deepEqual(jidFromParts(local, domain, resource), result);
    }
  },
};
