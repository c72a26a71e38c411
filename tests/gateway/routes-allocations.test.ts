// Without a route script the way of a message costs one question more, and no octet.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

/** The belief in a sender takes 48 octets, as before there were scripts. */
const SIP_OCTETS = 56;
/** What the view of a message takes (`readMessage`), as before there were scripts: 328, and noise. */
const XMPP_OCTETS = 336;
const PROGRAM = fileURLToPath(new URL('routes-allocations.ts', import.meta.url));

test('a dispatch allocates nothing for a script that is not there', () => {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['--expose-gc', '--min-semi-space-size=128', '--max-semi-space-size=128', PROGRAM],
    { encoding: 'utf8', env: {} },
  );
  assert.equal(status, 0, stderr);
  const { sip, xmpp, withScript, served } = JSON.parse(stdout);
  assert.ok(served > 400_000, 'every message was served');
  // Noise of the measurement; the smallest object is 16 octets, a closure with its context 100.
  assert.ok(sip < SIP_OCTETS, `SIP: ${sip} octets`);
  assert.ok(xmpp < XMPP_OCTETS, `XMPP: ${xmpp} octets`);
  // It can fail: what is shown to a script is made for it.
  assert.ok(withScript > 200, `with a script: ${withScript} octets`);
});
