// Rows FEAT-01, 02, 03, 06, 07, ERR-R1, ERR-R2, ERR-R3. Sources: XEP-0012, 0030, 0054, 0092, 0128, 0199, 0202, 0232.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assert as check, constantFrom, property, record, string } from 'fast-check';
import { element, NS_CLIENT, XmlElement } from '../../../src/xml/index.ts';
import {
  answerIq,
  capsVersion,
  NS_DISCO_INFO,
  NS_STANZAS,
  readDiscoInfo,
  userCaps,
  type CitizenContext,
} from '../../../src/xmpp/index.ts';
import { readStanza } from '../read-xml.ts';

const DOMAIN = 'sip.example.org';
const BARE = 'bob@sip.example.org';
const FULL = 'bob@sip.example.org/gr-1';
const context: CitizenContext = {
  domain: DOMAIN,
  name: 'Stoxgate',
  version: '0.1.0',
  startedMs: 5000,
  nowMs: 5000 + 903_000 + 999,
  wallMs: Date.UTC(2026, 0, 2, 3, 4, 5),
};

function ask(
  to: string,
  payload: string,
  type = 'get',
  from = 'alice@example.org/r',
): XmlElement | undefined {
  return answerIq(
    readStanza(`<iq type='${type}' from='${from}' to='${to}' id='q1'>${payload}</iq>`),
    context,
  );
}

function condition(answer: XmlElement | undefined): string | undefined {
  for (const child of answer?.child('error')?.elements() ?? []) {
    if (child.ns === NS_STANZAS) return `${child.name} ${answer?.child('error')?.attr('type')}`;
  }
  return undefined;
}

const disco = `<query xmlns='http://jabber.org/protocol/disco#info'/>`;
const items = `<query xmlns='http://jabber.org/protocol/disco#items'/>`;
const ping = `<ping xmlns='urn:xmpp:ping'/>`;
const version = `<query xmlns='jabber:iq:version'/>`;
const last = `<query xmlns='jabber:iq:last'/>`;
const time = `<time xmlns='urn:xmpp:time'/>`;
const vcard = `<vCard xmlns='vcard-temp'/>`;
const unknown = `<query xmlns='urn:unknown'/>`;

function info(to: string): { identities: string[]; features: string[] } {
  const query = ask(to, disco)?.child('query', NS_DISCO_INFO);
  assert.ok(query);
  const read = readDiscoInfo(query);
  return {
    identities: read.identities.map((each) => `${each.category}/${each.type}`),
    features: [...read.features].toSorted(),
  };
}

describe('disco#info', () => {
  test('FEAT-01: the domain is a gateway to SIP, and says what it answers', () => {
    assert.deepEqual(info(DOMAIN), {
      identities: ['gateway/sip'],
      features: [
        'http://jabber.org/protocol/disco#info',
        'http://jabber.org/protocol/disco#items',
        'jabber:iq:last',
        'jabber:iq:version',
        'jid\\20escaping',
        'urn:xmpp:ping',
        'urn:xmpp:time',
        'vcard-temp',
      ],
    });
  });

  /** The fields of the form in an answer to disco#info, and their values. */
  function software(to: string, os?: string): unknown {
    const request = readStanza(`<iq type='get' from='a@b' to='${to}' id='1'>${disco}</iq>`);
    const form = answerIq(request, { ...context, os })
      ?.child('query', NS_DISCO_INFO)
      ?.child('x', 'jabber:x:data');
    if (form === undefined) return undefined;
    const fields = [...form.elements()].map((field) => [
      `${field.name} ${field.attr('var') ?? ''} ${field.attr('type') ?? ''}`.trim(),
      [...field.elements()].map((value) => `${value.name} ${value.text()}`),
    ]);
    return [form.attr('type'), Object.fromEntries(fields)];
  }

  test('XEP-0232, XEP-0128: the domain says which software it is, in a form of type result', () => {
    const told = {
      'field FORM_TYPE hidden': ['value urn:xmpp:dataforms:softwareinfo'],
      'field software': ['value Stoxgate'],
      'field software_version': ['value 0.1.0'],
    };
    assert.deepEqual(software(DOMAIN), ['result', told]);
    assert.deepEqual(software(DOMAIN, 'Debian'), ['result', { ...told, 'field os': ['value Debian'] }]);
  });

  test('XEP-0128: nobody speaks for the software of a user', () => {
    assert.equal(software(BARE), undefined);
    assert.equal(software(FULL), undefined);
  });

  test('FEAT-02: a bare JID is an account, whoever it is', () => {
    const expected = {
      identities: ['account/registered'],
      features: ['http://jabber.org/protocol/disco#info', 'vcard-temp'],
    };
    assert.deepEqual(info(BARE), expected);
    assert.deepEqual(info('nobody-at-all@sip.example.org'), expected);
  });

  test('FEAT-03: a full JID is a phone that knows what is built: no calls yet', () => {
    assert.deepEqual(info(FULL), {
      identities: ['client/phone'],
      features: [
        'http://jabber.org/protocol/caps',
        'http://jabber.org/protocol/chatstates',
        'http://jabber.org/protocol/disco#info',
        'jid\\20escaping',
        'urn:xmpp:ping',
      ],
    });
  });

  describe('FEAT-04: what presence announces can be asked for, and its hash is right', () => {
    const sets = [['urn:a'], ['urn:a', 'urn:b']];
    for (const features of sets) {
      for (const to of [BARE, FULL]) {
        test(`${features.join(' ')} of ${to}`, () => {
          const c = userCaps('Stoxgate', features);
          assert.equal(c.attr('hash'), 'sha-1');
          const node = `${c.attr('node')}#${c.attr('ver')}`;
          const xml = `<iq type='get' from='a@b/c' to='${to}' id='1'><query xmlns='${NS_DISCO_INFO}' node='${node}'/></iq>`;
          const answer = answerIq(readStanza(xml), { ...context, userFeatures: ['urn:a'], announced: sets });
          const query = answer?.child('query', NS_DISCO_INFO);
          assert.ok(query);
          assert.equal(query.attr('node'), node);
          assert.equal(capsVersion(query, 'sha-1'), c.attr('ver'));
          for (const feature of features) assert.ok(readDiscoInfo(query).features.has(feature));
        });
      }
    }
    test('the domain has no such node', () => {
      const c = userCaps('Stoxgate', ['http://jabber.org/protocol/chatstates']);
      const node = `${c.attr('node')}#${c.attr('ver')}`;
      const asked = `<query xmlns='${NS_DISCO_INFO}' node='${node}'/>`;
      assert.equal(condition(ask(DOMAIN, asked)), 'item-not-found cancel');
      assert.equal(condition(ask(FULL, asked)), undefined);
    });
  });

  test('FEAT-06: the vCard of a user, of his bare JID alone', () => {
    const vCard = element('vCard', 'vcard-temp', {}, element('FN', 'vcard-temp', {}, 'Bob'));
    const get = (to: string, known: XmlElement | undefined, type = 'get'): XmlElement | undefined =>
      answerIq(readStanza(`<iq type='${type}' from='a@b/c' to='${to}' id='1'>${vcard}</iq>`), {
        ...context,
        vCard: ({ from }) => (from === 'a@b/c' ? known : undefined),
      });
    assert.equal(get(BARE, vCard)?.child('vCard', 'vcard-temp')?.child('FN', 'vcard-temp')?.text(), 'Bob');
    assert.equal(condition(get(BARE, undefined)), 'service-unavailable cancel');
    assert.equal(condition(get(FULL, vCard)), 'service-unavailable cancel');
    assert.equal(condition(get(BARE, vCard, 'set')), 'service-unavailable cancel');
  });

  test('the at-sign and the slash of a resource do not mislead', () => {
    assert.deepEqual(info('bob@sip.example.org/a@b/c').identities, ['client/phone']);
    assert.deepEqual(info('sip.example.org/a@b').identities, ['gateway/sip']);
  });

  test('recorded: the bare domain `sm` of jabberd2 asks and is answered', () => {
    const answer = ask(DOMAIN, `<query xmlns="http://jabber.org/protocol/disco#info" />`, 'get', 'sm');
    assert.deepEqual([answer?.attr('to'), answer?.attr('type')], ['sm', 'result']);
  });

  for (const to of [DOMAIN, BARE, FULL]) {
    for (const ns of ['info', 'items']) {
      test(`XEP-0030: an unknown node of ${to} (disco#${ns}) is item-not-found`, () => {
        const answer = ask(to, `<query xmlns='http://jabber.org/protocol/disco#${ns}' node='x'/>`);
        assert.equal(condition(answer), 'item-not-found cancel');
      });
    }
  }
});

describe('Answers', () => {
  const cases: readonly (readonly [string, string, string, string])[] = [
    ['disco#items of the domain: none', DOMAIN, items, 'result query'],
    ['disco#items of a user: none', BARE, items, 'result query'],
    ['FEAT-06: ping to the domain', DOMAIN, ping, 'result'],
    ['FEAT-06: ping to a bare JID', BARE, ping, 'result'],
    ['FEAT-06: ping to a full JID', FULL, ping, 'result'],
    ['version of the domain', DOMAIN, version, 'result query'],
    ['version of a user', FULL, version, 'service-unavailable cancel'],
    ['XEP-0012: of the domain', DOMAIN, last, 'result query'],
    ['XEP-0012: of a user', BARE, last, 'service-unavailable cancel'],
    ['XEP-0202: of the domain', DOMAIN, time, 'result time'],
    ['XEP-0202: of a user', FULL, time, 'service-unavailable cancel'],
    ['XEP-0054: of the domain', DOMAIN, vcard, 'result vCard'],
    ['XEP-0054 1.3: of a user without one', BARE, vcard, 'service-unavailable cancel'],
    ['FEAT-07: unknown, domain', DOMAIN, unknown, 'service-unavailable cancel'],
    ['FEAT-07: unknown, bare', BARE, unknown, 'service-unavailable cancel'],
    ['FEAT-07: unknown, full', FULL, unknown, 'service-unavailable cancel'],
    ['a known name in an unknown namespace', DOMAIN, `<ping xmlns='urn:x'/>`, 'service-unavailable cancel'],
    [
      'a known namespace with an unknown name',
      DOMAIN,
      `<pong xmlns='urn:xmpp:ping'/>`,
      'service-unavailable cancel',
    ],
    ['RFC 6120 §8.2.3: no payload', DOMAIN, '', 'bad-request modify'],
    ['RFC 6120 §8.2.3: two payloads', DOMAIN, ping + version, 'bad-request modify'],
  ];
  for (const [name, to, payload, expected] of cases) {
    test(name, () => {
      const answer = ask(to, payload);
      const child = answer?.children[0];
      const result = child === undefined || typeof child === 'string' ? 'result' : `result ${child.name}`;
      assert.equal(condition(answer) ?? result, expected);
      // ERR-R2: from the address the sender used, same id.
      assert.deepEqual(
        [answer?.attr('from'), answer?.attr('to'), answer?.attr('id')],
        [to, 'alice@example.org/r', 'q1'],
      );
    });
  }

  test('XEP-0092: name and version; the system only when it is to be told', () => {
    const texts = (answer: XmlElement | undefined): string[] =>
      [...(answer?.child('query')?.elements() ?? [])].map((each) => `${each.name}=${each.text()}`);
    assert.deepEqual(texts(ask(DOMAIN, version)), ['name=Stoxgate', 'version=0.1.0']);
    const request = readStanza(`<iq type='get' from='a@b' to='${DOMAIN}' id='1'>${version}</iq>`);
    assert.deepEqual(texts(answerIq(request, { ...context, os: 'Debian' })), [
      'name=Stoxgate',
      'version=0.1.0',
      'os=Debian',
    ]);
  });

  test('XEP-0012 "Server query": the uptime in whole seconds', () => {
    assert.equal(ask(DOMAIN, last)?.child('query')?.attr('seconds'), '903');
  });

  test('XEP-0202: UTC', () => {
    const answer = ask(DOMAIN, time)?.child('time');
    assert.deepEqual(
      [answer?.child('tzo')?.text(), answer?.child('utc')?.text()],
      ['+00:00', '2026-01-02T03:04:05Z'],
    );
  });

  test('a set is never more than refused', () => {
    for (const payload of [disco, items, ping, version, last, time, vcard, unknown]) {
      assert.equal(condition(ask(DOMAIN, payload, 'set')), 'service-unavailable cancel');
    }
  });
});

describe('ERR-R1 and ERR-R3', () => {
  test('results and errors are not answered, nor what is no iq', () => {
    assert.equal(ask(DOMAIN, ping, 'result'), undefined);
    assert.equal(ask(DOMAIN, `<error type='cancel'/>`, 'error'), undefined);
    assert.equal(ask(DOMAIN, '', 'result'), undefined);
    assert.equal(answerIq(readStanza(`<message from='a@b' to='${DOMAIN}'/>`), context), undefined);
  });

  test('every get and set has exactly one answer, and it is not a question', () => {
    const anyIq = record({
      type: constantFrom('get', 'set'),
      to: constantFrom(DOMAIN, BARE, FULL, `${DOMAIN}/x`),
      id: string({ minLength: 1 }),
      name: constantFrom('query', 'ping', 'time', 'vCard', 'x'),
      ns: constantFrom(
        'jabber:iq:version',
        'urn:xmpp:ping',
        'urn:xmpp:time',
        'vcard-temp',
        NS_DISCO_INFO,
        'urn:x',
      ),
    });
    check(
      property(anyIq, ({ type, to, id, name, ns }) => {
        const payload = new XmlElement(name, ns);
        const iq = new XmlElement(
          'iq',
          NS_CLIENT,
          ['type', type, 'from', 'a@b/c', 'to', to, 'id', id],
          [payload],
        );
        const answer = answerIq(iq, context);
        assert.ok(answer);
        assert.match(answer.attr('type') ?? '', /^(result|error)$/);
        assert.deepEqual([answer.attr('from'), answer.attr('to'), answer.attr('id')], [to, 'a@b/c', id]);
      }),
    );
  });
});
