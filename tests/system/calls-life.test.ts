// How long an answered call may be silent (`calls.session_timer`): what session timers say on the SIP side (RFC 4028 §7.1, §9).

import assert from 'node:assert/strict';
import { header, parameter } from '../peers/sip-text.ts';
import { answeredByClient, callsPhone, REFUSED } from './call-stage.ts';
import { play } from './rig.ts';

play('the interval of the configuration, and of a new one for the next call', REFUSED, async (rig) => {
  const says = async (): Promise<string> => {
    const { invite } = await callsPhone(rig);
    rig.sip.respond(invite, { status: 486, tag: 'busy' });
    return header(invite, 'session-expires');
  };
  // RFC 4028 §4: "recommended that it have a value of 1800 seconds".
  assert.match(await says(), /^1800\b/);
  await rig.gateway.reload(rig.config({ calls: { session_timer: 90 } }));
  assert.match(await says(), /^90\b/);
});

play(
  'a phone that asks for none gets it, and we refresh',
  { ...REFUSED, calls: { session_timer: 600 } },
  async (rig) => {
    const { phone } = await answeredByClient(rig);
    const answer = rig.sip.responses.all.findLast(({ startLine }) => startLine.startsWith('SIP/2.0 200'));
    assert.ok(answer);
    assert.match(header(answer, 'session-expires'), /^600\b/);
    assert.equal(parameter(header(answer, 'session-expires'), 'refresher'), 'uas');
    await phone.ask('BYE');
  },
);
