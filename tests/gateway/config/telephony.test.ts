// `telephony`: what is read, and what is said of a mistake.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { load, MINIMAL } from './support.ts';

test('a domain that a rule covers, whichever side its users live on', () => {
  for (const domain of ['example.net', 'example.org']) {
    const { config, warnings } = load(`${MINIMAL}telephony: { domain: ${domain} }\n`);
    assert.deepEqual(warnings, []);
    assert.deepEqual(config?.telephony, { domain });
  }
});

describe('mistakes', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['{}', /telephony\.domain: is missing/],
    ['{ domain: nowhere.example }', /:\d+:\d+: telephony\.domain: no rule of "domains" covers this domain/],
    ['{ domain: "*" }', /telephony\.domain: /],
    ['{ domain: "sip:example.net" }', /telephony\.domain: /],
    ['{ domian: example.net }', /did you mean domain\?/],
  ];
  for (const [text, finding] of cases) {
    test(text, () => {
      const { config, errors } = load(`${MINIMAL}telephony: ${text}\n`);
      assert.equal(config, undefined);
      assert.match(errors.join('\n'), finding);
    });
  }
});
