// Fuzz target: registration documents, and the table of a subscription that takes one after the other.
//
// An input is documents with a NUL between them.

import assert from 'node:assert/strict';
import { isRegistered, mergeRegInfo, parseRegInfo, type RegInfoTable } from '../../src/mime/index.ts';
import type { FuzzTarget } from './target.ts';

const head = (version: number, state: string): string =>
  `<?xml version="1.0"?>\n<reginfo xmlns="urn:ietf:params:xml:ns:reginfo" version="${version}" state="${state}">`;
const SEEDS: readonly string[] = [
  `${head(0, 'full')}<registration aor="sip:joe@example.com" id="a7" state="init" /></reginfo>\0` +
    `${head(1, 'partial')}<registration aor="sip:joe@example.com" id="a7" state="active"><contact id="76" state="active" ` +
    `event="registered" duration-registered="0"><uri>sip:joe@pc34.example.com</uri></contact></registration></reginfo>`,
  `${head(3, 'partial')}<registration aor="sip:a@b" id="r" state="terminated"><contact id="1" state="terminated" ` +
    `event="probation" retry-after="60" expires="5" q="0.5" callid="x" cseq="2"><uri>sip:a@h</uri><display-name ` +
    `xml:lang="en">A</display-name><unknown-param name="x">y</unknown-param></contact></registration></reginfo>`,
];

export const target: FuzzTarget = {
  name: 'reginfo',
  seeds: () => SEEDS.map((text) => Buffer.from(text)),
  run(input) {
    let table: RegInfoTable | undefined;
    let start = 0;
    for (let end = 0; end >= 0; start = end + 1) {
      end = input.indexOf(0, start);
      const document = parseRegInfo(input.subarray(start, end < 0 ? undefined : end));
      if (!document.ok) continue;
      assert.ok(document.value.version >= 0 && document.value.version < 2 ** 32);
      const merged = mergeRegInfo(table, document.value);
      if (!merged.ok) continue;
      const after = merged.value.table;
      assert.ok(table === undefined || after.version >= table.version, 'the version falls');
      if (!merged.value.taken) assert.equal(after, table);
      assert.ok(after.registrations.length <= 64);
      for (const registration of after.registrations) {
        assert.ok(registration.contacts.every(({ state }) => state === 'active'));
        if (registration.contacts.length > 0) assert.ok(isRegistered(registration));
      }
      table = after;
    }
  },
};
