// What presence has no room for, to XMPP users: mood, activity, place, vCard and capabilities of SIP contacts (XEP-0163, XEP-0107,
// XEP-0108, XEP-0080, XEP-0054, XEP-0115; rows RPID-03 … RPID-17, FEAT-04 … FEAT-06).

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { NS_CLIENT, serialize, XmlElement } from '../../src/xml/index.ts';
import { capsVersion, readCaps } from '../../src/xmpp/index.ts';
import type { SipText } from '../peers/sip-text.ts';
import { readStanza } from '../xmpp/read-xml.ts';
import { JULIET, play as watchPlay, ROMEO, type PresenceRig } from './presence-rig.ts';

const MOOD = 'http://jabber.org/protocol/mood';
const ACTIVITY = 'http://jabber.org/protocol/activity';
const GEOLOC = 'http://jabber.org/protocol/geoloc';
const EVENT = 'http://jabber.org/protocol/pubsub#event';

/** A document about Romeo, who is there, with this about his person. */
const document = (person: string): string =>
  `<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model" xmlns:r="urn:ietf:params:xml:ns:pidf:rpid" ` +
  `xmlns:c="urn:ietf:params:xml:ns:pidf:cipid" xmlns:gp="urn:ietf:params:xml:ns:pidf:geopriv10" entity="pres:${ROMEO}">` +
  `<tuple id="ID-orchard"><status><basic>open</basic></status></tuple><dm:person id="p">${person}</dm:person></presence>`;
const HAPPY = '<r:mood><r:happy/></r:mood>';
const SAD = '<r:mood><r:sad/></r:mood>';
const MEETING = '<r:activities><r:meeting/></r:activities>';
/** RFC 4480 §3.12: a time zone is told as the place is. */
const ZONE = '<r:time-offset>120</r:time-offset>';

/** disco#info of a client that wants these, and its verification string. */
function client(...nodes: readonly string[]): { readonly query: XmlElement; readonly ver: string } {
  const features = nodes.map((node) => `<feature var='${node}+notify'/>`).join('');
  const xml = `<query xmlns='http://jabber.org/protocol/disco#info'><identity category='client' type='pc'/>${features}</query>`;
  const [query] = [...readStanza(`<iq type='result' id='1'>${xml}</iq>`).elements()];
  assert.ok(query);
  return { query, ver: capsVersion(query, 'sha-1') ?? '' };
}

describe('SIP → XMPP', () => {
  /** "balcony: <mood …>", what was told since the last time, and presence by its type alone. */
  function told(rig: PresenceRig, from: number): string[] {
    return rig.link.stanzas.slice(from).map((stanza) => {
      if (stanza.name === 'presence') return stanza.attr('type') ?? 'available';
      if (stanza.name === 'iq') return `asks ${stanza.attr('to')}`;
      assert.deepEqual([stanza.attr('from'), stanza.attr('type')], [ROMEO, 'headline']);
      const items = stanza.child('event', EVENT)?.child('items', EVENT);
      const payload = [...(items?.child('item', EVENT)?.elements() ?? [])][0];
      assert.equal(payload?.ns, items?.attr('node'));
      const words = [...(payload?.elements() ?? [])].map(({ name }) => name).join(' ');
      return `${stanza.attr('to')}: ${payload?.name} ${words}`.trim();
    });
  }

  /** Her client comes, with these wishes; it answers when it is asked. */
  function comes(rig: PresenceRig, resource: string, ...nodes: readonly string[]): void {
    const { query, ver } = client(...nodes);
    const c = `<c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='urn:client' ver='${ver}'/>`;
    const before = rig.link.stanzas.length;
    rig.user(undefined, `${JULIET}/${resource}`, ROMEO, [
      ...readStanza(`<presence>${c}</presence>`).elements(),
    ]);
    const question = rig.link.stanzas.slice(before).find(({ name }) => name === 'iq');
    if (question === undefined) return;
    const attributes = ['type', 'result', 'id', question.attr('id') ?? ''];
    attributes.push('from', question.attr('to') ?? '', 'to', question.attr('from') ?? '');
    assert.equal(rig.capabilities.answer(new XmlElement('iq', NS_CLIENT, attributes, [query])), true);
  }

  async function tells(rig: PresenceRig, subscribe: SipText, person: string): Promise<string[]> {
    const from = rig.link.stanzas.length;
    assert.equal(await rig.notify(subscribe, 'active', document(person)), 200);
    return told(rig, from).filter((each) => each !== 'available');
  }

  watchPlay('each client that wants it hears of it: once, and when it is gone', async (rig) => {
    const subscribe = await rig.established();
    comes(rig, 'balcony', MOOD, ACTIVITY);
    comes(rig, 'chamber', MOOD);
    comes(rig, 'garden');
    assert.deepEqual(await tells(rig, subscribe, HAPPY + MEETING), [
      `${JULIET}/balcony: mood happy`,
      `${JULIET}/balcony: activity working`,
      `${JULIET}/chamber: mood happy`,
    ]);
    assert.deepEqual(await tells(rig, subscribe, HAPPY + MEETING), [], 'nothing new');
    assert.deepEqual(await tells(rig, subscribe, SAD + MEETING), [
      `${JULIET}/balcony: mood sad`,
      `${JULIET}/chamber: mood sad`,
    ]);
    rig.user('unavailable', `${JULIET}/chamber`);
    // XEP-0107 §2.2, XEP-0108 §2.2: the empty element takes it back.
    assert.deepEqual(await tells(rig, subscribe, ''), [
      `${JULIET}/balcony: mood`,
      `${JULIET}/balcony: activity`,
    ]);
  });

  watchPlay('a client that comes later hears what is known, and is asked once', async (rig) => {
    const subscribe = await rig.established();
    assert.deepEqual(await tells(rig, subscribe, HAPPY), [], 'nobody wants it');
    let from = rig.link.stanzas.length;
    comes(rig, 'balcony', MOOD);
    const heard = (each: string): boolean => each !== 'available';
    assert.deepEqual(told(rig, from).filter(heard), [
      `asks ${JULIET}/balcony`,
      `${JULIET}/balcony: mood happy`,
    ]);
    from = rig.link.stanzas.length;
    comes(rig, 'chamber', MOOD);
    assert.deepEqual(told(rig, from).filter(heard), [`${JULIET}/chamber: mood happy`]);
    from = rig.link.stanzas.length;
    comes(rig, 'chamber', MOOD);
    assert.deepEqual(told(rig, from).filter(heard), []);
  });

  watchPlay('the authorization ends: it is taken back, and nothing is told any more', async (rig) => {
    const subscribe = await rig.established();
    comes(rig, 'balcony', MOOD);
    await tells(rig, subscribe, HAPPY);
    const from = rig.link.stanzas.length;
    assert.equal(await rig.notify(subscribe, 'terminated;reason=rejected'), 200);
    assert.deepEqual(told(rig, from), ['unavailable', `${JULIET}/balcony: mood`, 'unsubscribed']);
    comes(rig, 'balcony', MOOD);
    assert.equal(rig.link.stanzas.length, from + 3);
  });

  watchPlay('no link: told when it is up', async (rig) => {
    const subscribe = await rig.established();
    comes(rig, 'balcony', MOOD);
    rig.linkDown();
    assert.deepEqual(await tells(rig, subscribe, HAPPY), []);
    const from = rig.link.stanzas.length;
    rig.linkUp();
    assert.deepEqual(told(rig, from), ['available', `${JULIET}/balcony: mood happy`]);
  });

  watchPlay('a restart: nobody knows what was told, so that also nothing is told', async (rig) => {
    const subscribe = await rig.established();
    comes(rig, 'balcony', MOOD);
    await tells(rig, subscribe, HAPPY);
    await rig.restart();
    comes(rig, 'balcony', MOOD);
    assert.deepEqual(await tells(rig, subscribe, ''), [`${JULIET}/balcony: mood`]);
    assert.deepEqual(await tells(rig, subscribe, ''), []);
  });

  for (const [location, expected] of [
    ['hide', []],
    ['share', [`${JULIET}/balcony: geoloc tzo`]],
  ] as const) {
    watchPlay(
      `RPID-17: presence.location: ${location}`,
      async (rig) => {
        const subscribe = await rig.established();
        comes(rig, 'balcony', GEOLOC);
        assert.deepEqual(await tells(rig, subscribe, ZONE), expected);
      },
      { location },
    );
  }

  watchPlay('FEAT-04: presence of a contact announces capabilities; FEAT-06: his vCard', async (rig) => {
    const subscribe = await rig.established();
    const available = rig.link.stanzas.at(-1);
    assert.ok(available && readCaps(available));
    await tells(rig, subscribe, '<c:display-name>Romeo</c:display-name>');
    const { book } = rig;
    const [juliet, nurse] = [JULIET, 'nurse@example.com'].map((jid) => book.jidSenderToSip(jid));
    const romeo = book.jidTargetToSip(ROMEO);
    assert.ok(juliet?.ok && nurse?.ok && romeo.ok);
    const card = rig.watchers.view(juliet.value, romeo.value)?.person().vCard;
    assert.equal(card && serialize(card), `<vCard xmlns='vcard-temp'><FN>Romeo</FN></vCard>`);
    assert.equal(rig.watchers.view(nurse.value, romeo.value), undefined);
    await rig.notify(subscribe, 'terminated;reason=rejected');
    assert.equal(rig.watchers.view(juliet.value, romeo.value)?.person().vCard, undefined);
  });
});
