// Who may call, how much, and who is told what of it: the operator's rules, limits, script and reload, DNS, floods, and
// `stoxgate call`, each against a whole gateway.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { AnswerFields } from '../../src/cli/answer-fields.ts';
import { explainCall } from '../../src/cli/call.ts';
import { TestDnsServer, type ZoneEntry } from '../edge/dns/dns-server.ts';
import { header, statusOf } from '../peers/sip-text.ts';
import {
  answeredByClient,
  callsPhone,
  CALLS,
  Client,
  contentXml,
  DESCRIPTION,
  jingleXml,
  jmiXml,
  NS_JMI,
  outcomes,
  Phone,
  reasonXml,
  REFUSED,
  sdp,
} from './call-stage.ts';
import { pause, play, Rig } from './rig.ts';
import { unique } from './sip-peer.ts';
import { errorOf, ROMEO } from './xmpp-peer.ts';

const folder = mkdtempSync(join(tmpdir(), 'stoxgate-calls-'));
after(() => rmSync(folder, { recursive: true }));

/** A route script with this body of onSipRequest, of subject `s`, context `c` and verbs `v`. */
function script(hook: string): string {
  const file = join(folder, `${unique('s')}.mjs`);
  writeFileSync(file, `export function onSipRequest(s, c, v) { ${hook} }\n`);
  return file;
}

/** A client proposes a call: the condition of the error, and what the gateway says of its outcome. */
async function refusedProposal(rig: Rig, to = ROMEO): Promise<string | undefined> {
  rig.xmpp.write(jmiXml('propose', unique('sid'), to, DESCRIPTION));
  const error = await rig.xmpp.stanzas.next('the refusal', (stanza) => stanza.attr('type') === 'error');
  return errorOf(error).condition;
}

describe('the rules of the operator for everything come first', () => {
  const rule = (direction: string) => ({ ...CALLS, policy: [{ action: 'deny', direction }] });

  play('ERR-G3: to XMPP, 403', rule('to-xmpp'), async (rig) => {
    assert.equal(statusOf(await new Phone(rig).final()), 403);
    assert.deepEqual(rig.xmpp.stanzas.untaken, []);
    assert.deepEqual(outcomes(rig), ['sip_to_xmpp refused']);
  });

  play('ERR-G3: to SIP, by a proposal and by a session-initiate', rule('to-sip'), async (rig) => {
    assert.equal(await refusedProposal(rig), 'forbidden');
    const answer = await new Client(rig).act(
      `${ROMEO}/sip`,
      jingleXml('session-initiate', 's1', contentXml('initiator')),
    );
    assert.equal(errorOf(answer).condition, 'forbidden');
    assert.deepEqual(rig.sip.requests.untaken, []);
    assert.deepEqual(outcomes(rig), ['xmpp_to_sip refused', 'xmpp_to_sip refused']);
  });

  const LIMITED = { ...CALLS, limits: { user: { rate: 0.01, burst: 1 } } };
  play('ERR-G2: its limits count an attempt', LIMITED, async (rig) => {
    const phone = new Phone(rig);
    const propose = await new Client(rig).proposal('propose');
    assert.equal(statusOf(await new Phone(rig).final()), 480);
    const sid = propose.child('propose', NS_JMI)?.attr('id') ?? '';
    rig.xmpp.write(jmiXml('reject', sid, propose.attr('from') ?? ''));
    await phone.final();
    assert.equal(outcomes(rig).length, 2);
  });
});

/** Attempts with an outcome; the log would leave out some of so many. */
const told = (rig: Rig): number => rig.counter('stoxgate_calls_total');

describe('attempts', () => {
  play(
    'more than one user may make in a minute',
    { ...CALLS, calls: { limits: { attempts: 3 } } },
    async (rig) => {
      const client = new Client(rig);
      for (let i = 0; i < 3; i++) {
        const phone = new Phone(rig);
        const propose = await client.proposal('propose');
        const sid = propose.child('propose', NS_JMI)?.attr('id') ?? '';
        rig.xmpp.write(jmiXml('reject', sid, propose.attr('from') ?? ''));
        assert.ok((statusOf(await phone.final()) ?? 0) >= 480);
      }
      assert.equal(statusOf(await new Phone(rig).final()), 480);
      assert.equal(outcomes(rig).filter((each) => each.endsWith('refused')).length, 1);
    },
  );

  play('a flood of INVITEs holds what one user may have, and each has its answer', CALLS, async (rig) => {
    const phones = Array.from({ length: 300 }, () => new Phone(rig));
    await rig.until('all but four are refused', () => told(rig) >= 296, 20_000);
    assert.equal(rig.held('calls'), 4);
    assert.ok(rig.held('sip_legs') <= 4, `${rig.held('sip_legs')} legs`);
    assert.ok(rig.xmpp.stanzas.untaken.length <= 4);
    await rig.gateway.drain();
    for (const phone of phones) assert.ok((statusOf(await phone.final()) ?? 0) >= 480);
    assert.equal(told(rig), 300);
  });

  const MANY = { ...CALLS, calls: { limits: { user: 60, attempts: 100 } } };
  play(
    'as many as the operator lets one user have, besides those that have just ended',
    MANY,
    async (rig) => {
      const ended = Array.from({ length: 30 }, () => new Phone(rig));
      await rig.until('they ring', () => rig.held('calls') === 30);
      await Promise.all(ended.map((phone) => phone.cancel()));
      for (const phone of ended) assert.equal(statusOf(await phone.final()), 487);
      const phones = Array.from({ length: 61 }, () => new Phone(rig));
      await rig.until('all but one ring', () => rig.held('calls') === 60 && told(rig) === 31, 20_000);
      await rig.gateway.drain();
      for (const phone of phones) assert.ok((statusOf(await phone.final()) ?? 0) >= 480);
    },
  );

  play('and so does one of proposals', CALLS, async (rig) => {
    for (let i = 0; i < 300; i++) rig.xmpp.write(jmiXml('propose', unique('sid'), ROMEO, DESCRIPTION));
    await rig.until('they are answered', () => told(rig) >= 296, 20_000);
    assert.ok(rig.held('calls') <= 4, `${rig.held('calls')} calls`);
    assert.deepEqual(rig.sip.requests.untaken, [], 'nobody is called before a session');
    await rig.gateway.drain();
    assert.equal(told(rig), 300);
  });
});

describe('the route script', () => {
  const rejecting = { ...CALLS, routes: script("return v.reject(403, 'Not now');") };
  play('rejects an INVITE', rejecting, async (rig) => {
    const answer = await new Phone(rig).final();
    assert.match(answer.startLine, /^SIP\/2\.0 403 Not now/);
    assert.deepEqual(rig.xmpp.stanzas.untaken, []);
    assert.deepEqual(outcomes(rig), ['sip_to_xmpp refused']);
  });

  const redirecting = { ...CALLS, routes: script("return v.redirect('sip:desk@b.example');") };
  play('redirects one', redirecting, async (rig) => {
    const answer = await new Phone(rig).final();
    assert.equal(statusOf(answer), 302);
    assert.equal(header(answer, 'contact'), '<sip:desk@b.example>');
    assert.deepEqual(outcomes(rig), ['sip_to_xmpp refused']);
  });

  const slow = script('return new Promise((resolve) => setTimeout(() => resolve(v.relay()), 300));');
  play(
    'RFC 3261 §9.2: a CANCEL while it is with it: 487, and nobody is called',
    { ...CALLS, routes: slow },
    async (rig) => {
      const phone = new Phone(rig);
      await pause(50);
      assert.equal(statusOf(await phone.cancel()), 200);
      assert.equal(statusOf(await phone.final()), 487);
      await rig.until('the script is done', () => rig.held('route_runs') === 0);
      await pause(50);
      assert.deepEqual(rig.xmpp.stanzas.untaken, []);
      assert.equal(rig.held('calls'), 0);
    },
  );

  play('lets one through, and what belongs to it without asking', { ...CALLS, routes: slow }, async (rig) => {
    const { phone, client } = await answeredByClient(rig);
    assert.equal(statusOf(await phone.ask('BYE')), 200);
    await client.action('session-terminate');
    assert.deepEqual(outcomes(rig), ['sip_to_xmpp ended']);
  });
});

describe('DNS-05: where a domain is at home a call asks as a message does', () => {
  const OWN_SIP = { home: 'sip', sip: 'example.net', xmpp: 'example.net' };
  const OWN_XMPP = { home: 'xmpp', sip: 'example.com', xmpp: 'example.com' };
  const anyAt = (home: string): object => ({ home, sip: '*', xmpp: '*' });
  const CASES: readonly (readonly [string, ZoneEntry | undefined, number, string])[] = [
    ['nowhere', undefined, 404, 'remote-server-not-found'],
    ['DNS does not know', 'SERVFAIL', 504, 'remote-server-timeout'],
  ];
  const SERVICES = ['_xmpp-server._tcp', '_xmpps-server._tcp', '_sip._udp', '_sip._tcp', '_sips._tcp'];
  const zoneOf = (entry: ZoneEntry | undefined): Record<string, ZoneEntry> => {
    if (entry === undefined) return {};
    const of = (domain: string): [string, ZoneEntry][] => [
      [`NAPTR ${domain}`, entry],
      ...SERVICES.map((service): [string, ZoneEntry] => [`SRV ${service}.${domain}`, entry]),
    ];
    return Object.fromEntries([...of('example.com'), ...of('example.net')]);
  };

  async function withDns(
    entry: ZoneEntry | undefined,
    domains: readonly object[],
    act: (rig: Rig) => Promise<void>,
  ): Promise<void> {
    const dns = new TestDnsServer(zoneOf(entry));
    const address = await dns.start();
    const rig = await Rig.start({
      ...CALLS,
      domains: domains.map((domain) => ({ ...domain })),
      dns: { servers: [address] },
    });
    try {
      await act(rig);
    } finally {
      await rig.stop();
      await dns.stop();
      // The handles of the process are counted again after this.
      await pause(20);
    }
  }

  for (const [what, entry, status, condition] of CASES) {
    test(`${what}: from SIP`, () =>
      withDns(entry, [OWN_SIP, anyAt('xmpp')], async (rig) => {
        const phone = new Phone(rig);
        assert.equal(statusOf(await phone.final()), status);
        assert.deepEqual(rig.xmpp.stanzas.untaken, []);
        assert.deepEqual(outcomes(rig), ['sip_to_xmpp refused']);
      }));

    test(`${what}: from XMPP`, () =>
      withDns(entry, [OWN_XMPP, anyAt('sip')], async (rig) => {
        assert.equal(await refusedProposal(rig), condition);
        const answer = await new Client(rig).act(
          `${ROMEO}/sip`,
          jingleXml('session-initiate', 's1', contentXml('initiator')),
        );
        assert.equal(errorOf(answer).condition, condition);
        assert.deepEqual(rig.sip.requests.untaken, []);
      }));
  }
});

describe('a reload', () => {
  play('that ends the feature lets go on what goes on, and begins nothing', CALLS, async (rig) => {
    const { phone, client, sid, self } = await answeredByClient(rig);
    await rig.gateway.reload(rig.config({ calls: { enabled: false } }));
    assert.equal(statusOf(await new Phone(rig).final()), 405);
    assert.equal(await refusedProposal(rig), 'service-unavailable');
    const holding = phone.ask('INVITE', sdp(4000, ['a=sendonly'], 2));
    assert.notEqual((await client.action('session-info')).child('hold'), undefined);
    assert.equal(statusOf(await holding), 200);
    phone.send('ACK');
    const answer = await client.act(self, jingleXml('session-terminate', sid, reasonXml('success')));
    assert.equal(answer.attr('type'), 'result');
    await rig.sip.requests.next('BYE', ({ startLine }) => startLine.startsWith('BYE '));
    await rig.until('it is told', () => outcomes(rig).includes('sip_to_xmpp ended'));
    const options = await rig.ask({ method: 'OPTIONS' });
    assert.doesNotMatch(header(options, 'allow'), /INVITE/);
  });

  play('brings other rules and limits', CALLS, async (rig) => {
    const { phone, client } = await answeredByClient(rig);
    await rig.gateway.reload(rig.config({ calls: { rules: [{ action: 'deny', from: 'example.net' }] } }));
    assert.equal(statusOf(await new Phone(rig).final()), 403);
    await rig.gateway.reload(rig.config({ calls: { limits: { total: 1 } } }));
    assert.equal(statusOf(await new Phone(rig).final()), 480);
    assert.equal(statusOf(await phone.ask('BYE')), 200);
    await client.action('session-terminate');
  });
});

describe('within a call', () => {
  play('what cannot be read is refused, and the call goes on', CALLS, async (rig) => {
    const { phone, client, sid, self } = await answeredByClient(rig);
    assert.equal(statusOf(await phone.ask('INVITE', 'v=0\r\nnonsense')), 400);
    phone.send('ACK');
    const broken = await client.act(self, jingleXml('no-such-action', sid));
    assert.equal(errorOf(broken).condition, 'bad-request');
    const early = await client.act(self, jingleXml('session-accept', sid, contentXml('initiator')));
    assert.equal(errorOf(early).condition, 'unexpected-request');
    assert.deepEqual(outcomes(rig), []);
    // RFC 3515 §2.4.2: without Refer-To.
    assert.equal(statusOf(await phone.ask('REFER')), 400);
    assert.equal(statusOf(await phone.ask('BYE')), 200);
    await client.action('session-terminate');
    assert.deepEqual(outcomes(rig), ['sip_to_xmpp ended']);
  });
});

describe('stoxgate call', () => {
  interface Told {
    readonly status: number;
    readonly text: string;
  }
  async function ask(rig: Rig, ...args: readonly string[]): Promise<Told> {
    const route = rig.gateway.admin.get('call') ?? assert.fail('no such question');
    const { status, body } = await route(args);
    const fields = new AnswerFields(JSON.parse(JSON.stringify(body)) as unknown);
    return { status, text: fields.rows('calls').flatMap(explainCall).join('\n') };
  }

  play('of a call that goes on, and of one that has ended: by each of its names', CALLS, async (rig) => {
    const { phone, client, sid } = await answeredByClient(rig);
    const open = await ask(rig, sid);
    assert.equal(open.status, 200);
    const id = /^call (\S+), SIP to XMPP: romeo@example\.net calls juliet@example\.com$/m.exec(
      open.text,
    )?.[1];
    assert.ok(id !== undefined, open.text);
    assert.match(open.text, new RegExp(`^  Call-ID ${phone.callId}, session ${sid}$`, 'm'));
    assert.match(open.text, /^ {2}state: up; open legs: sip, session, proposal$/m);
    assert.match(
      open.text,
      /^ {2}audio over RTP\/AVP: the XMPP side at port 9000, the SIP side at port 4000$/m,
    );
    assert.doesNotMatch(open.text, /outcome/);
    for (const name of [id, phone.callId]) assert.equal((await ask(rig, name)).text, open.text);
    await phone.ask('BYE');
    await client.action('session-terminate');
    await rig.until('its legs have ended', () => rig.held('calls') === 0);
    for (const name of [id, phone.callId, sid]) {
      const { status, text } = await ask(rig, name);
      assert.equal(status, 200);
      assert.match(text, /^ {2}outcome: ended, by sip$/m);
      assert.equal(text.match(/outcome/g)?.length, 1);
    }
  });

  play('of one that rings: its timers', REFUSED, async (rig) => {
    const { client, sid, self, invite } = await callsPhone(rig);
    rig.sip.respond(invite, { status: 180, tag: 'one' });
    await client.action('session-info');
    const { text } = await ask(rig, sid);
    assert.match(text, /^ {2}state: calling, it rings; open legs: sip, session, proposal$/m);
    assert.match(text, /^ {2}timer "[^"]+" fires \d{4}-/m);
    await client.act(self, jingleXml('session-terminate', sid, reasonXml('cancel')));
    await rig.sip.requests.next('CANCEL', ({ startLine }) => startLine.startsWith('CANCEL '));
    rig.sip.respond(invite, { status: 487, tag: 'one' });
    await rig.until('it is told', () => outcomes(rig).length > 0);
  });

  test('what others wrote cannot move the cursor', () => {
    const [line] = explainCall(
      new AnswerFields({ id: 'a', direction: 'toSip', caller: '\u001b[2J', callee: 'b' }),
    );
    assert.equal(line?.includes('\u001b'), false);
  });

  play(
    'of one that was refused, and of none',
    { ...CALLS, calls: { rules: [{ action: 'deny' }] } },
    async (rig) => {
      const phone = new Phone(rig);
      assert.equal(statusOf(await phone.final()), 403);
      assert.match((await ask(rig, phone.callId)).text, /^ {2}outcome: refused, clause ERR-G3, status 403$/m);
      assert.equal((await ask(rig, 'nothing')).status, 404);
      assert.equal((await ask(rig)).status, 400);
    },
  );
});
