// Fuzz target: message/cpim with what may lie inside.

import { utf8Bytes } from '../../src/base/index.ts';
import {
  cpimContentHeader,
  cpimHeaders,
  cpimText,
  formatCpim,
  NS_CPIM,
  parseCpim,
  parseCpimAddress,
  parseMediaType,
  parseMultipart,
  readImdnRequest,
} from '../../src/mime/index.ts';
import type { FuzzTarget } from './target.ts';

const SEEDS: readonly (readonly string[])[] = [
  [
    'From: MR SANDERS <im:piglet@100akerwood.com>',
    'To: "Depressed \\"Donkey\\"" <im:eeyore@100akerwood.com>',
    'DateTime: 2000-12-13T13:40:00-08:00',
    'Subject: the weather will be \\u0066ine today',
    "Subject:;lang=fr beau temps prevu pour aujourd'hui",
    'NS: MyFeatures <mid:MessageFeatures@id.foo.com>',
    'Require: MyFeatures.VitalMessageOption',
    'MyFeatures.VitalMessageOption: Confirmation-requested',
    '',
    'Content-type: text/xml; charset=utf-8',
    'Content-ID: <1234567890@foo.com>',
    '',
    '<body>Here is the text of my message.</body>',
  ],
  [
    'From: Alice <im:alice@example.com>',
    'NS: imdn <urn:ietf:params:imdn>',
    'imdn.Message-ID: 34jk324j',
    'imdn.Disposition-Notification: positive-delivery, negative-delivery',
    '',
    'Content-type: multipart/mixed; boundary="b"',
    'Content-length: 12',
    '',
    '--b',
    '',
    'Hello World',
    '--b--',
  ],
  ['NS: <urn:x>', 'a:;x="\\"";lang=de Grüße ☺', '', 'Content-Type: text/plain;', ' charset=utf-8', '', ''],
];

export const target: FuzzTarget = {
  name: 'cpim',
  seeds: () => SEEDS.map((lines) => utf8Bytes(lines.join('\r\n'))),
  run(input) {
    const parsed = parseCpim(input);
    if (!parsed.ok) return;
    const message = parsed.value;
    for (const [, headers] of cpimHeaders(message, NS_CPIM)) {
      for (const { value } of headers) {
        if (!cpimText(value).isWellFormed()) throw new Error('a lone surrogate came out of a header');
        parseCpimAddress(value);
      }
    }
    readImdnRequest(message);
    const type = parseMediaType(cpimContentHeader(message, 'content-type') ?? 'text/plain');
    parseMultipart(message.body, type?.params.get('boundary'));
    // Written and read again it is the same message.
    const again = parseCpim(formatCpim(message));
    if (!again.ok) throw new Error(`refused its own output: ${again.error.message}`);
    if (JSON.stringify(again.value.headers) !== JSON.stringify(message.headers))
      throw new Error('headers differ');
    if (Buffer.compare(again.value.body, message.body) !== 0) throw new Error('body differs');
  },
};
