// Addresses between the sides by the rules of `domains` (row ADDR-53; rows ERR-G6, ERR-G7, ERR-R9).
//
// A target of a SIP request is looked up by its SIP name among the rules with home xmpp, its sender among those with
// home sip; for stanzas the mirror image. Results are remembered by the text they came from: on the message path an
// address costs one look into a map.

import { detachText, type Result } from '../base/index.ts';
import { formatBareJid, formatJid, parseJid, type Jid } from '../xmpp/index.ts';
import { addressFault, type AddressFault, type AddressRole } from './address-fault.ts';
import { explainAddress } from './address-explanation.ts';
import { canonicalHost, domainToHost, hostToDomain } from './domain-name.ts';
import { compileRule, RuleTable, type CompiledRule, type DomainRule, type Side } from './domain-rules.ts';
import { localToText } from './escape.ts';
import { foldAddress, unfoldAddress } from './fold.ts';
import { GenerationCache } from './generation-cache.ts';
import { formatSipAddress, isGlobalNumber, readSipAddress, type SipAddress } from './sip-address.ts';
import { jidOf, jidToXmppUri, xmppUriToJid } from './uri-to-jid.ts';

/** The JID of a SIP address. */
export interface MappedJid {
  /** Host of the SIP address: A-labels, lower case, without final dot. */
  readonly host: string;
  readonly jid: Jid;
  readonly jidText: string;
  readonly bareText: string;
  /** The rule that led to it. Both names "*": the DNS rows decide who is at home. */
  readonly rule: DomainRule;
}

/** The SIP URI of a JID. */
export interface MappedUri {
  readonly uri: string;
  /** Host of the URI: A-labels, lower case. */
  readonly host: string;
  /** The JID it came from, prepared. */
  readonly jid: Jid;
  readonly jidText: string;
  readonly bareText: string;
  readonly rule: DomainRule;
}

export interface AddressBookOptions {
  /** Results remembered for each of the four questions. */
  readonly maxCached?: number;
  /** The SIP domain whose users are telephone numbers (ADDR-60, ADDR-61). */
  readonly telephonyDomain?: string | undefined;
}

const DEFAULT_MAX_CACHED = 10_000;
/** Longer texts are not remembered: they would make the cache as large as a peer likes. */
const MAX_KEY = 256;

type ToJid = Result<MappedJid, AddressFault>;
type ToUri = Result<MappedUri, AddressFault>;

export class AddressBook {
  readonly rules: readonly DomainRule[];
  /** By home, then by the side whose name is asked for. */
  readonly #tables: Readonly<Record<Side, Readonly<Record<Side, RuleTable>>>>;
  readonly #telephonyHost: string | undefined;
  readonly #jids: Readonly<Record<AddressRole, GenerationCache<ToJid>>>;
  readonly #uris: Readonly<Record<AddressRole, GenerationCache<ToUri>>>;

  /** Throws StoxgateError ERR_ADDRESS_RULE for rules that mean nothing. */
  constructor(rules: readonly DomainRule[], options: AddressBookOptions = {}) {
    const compiled = rules.map(compileRule);
    this.rules = rules;
    this.#tables = {
      sip: { sip: new RuleTable(compiled, 'sip', 'sip'), xmpp: new RuleTable(compiled, 'sip', 'xmpp') },
      xmpp: { sip: new RuleTable(compiled, 'xmpp', 'sip'), xmpp: new RuleTable(compiled, 'xmpp', 'xmpp') },
    };
    const { maxCached = DEFAULT_MAX_CACHED, telephonyDomain } = options;
    this.#telephonyHost = telephonyDomain === undefined ? undefined : canonicalHost(telephonyDomain);
    this.#jids = { target: new GenerationCache(maxCached), sender: new GenerationCache(maxCached) };
    this.#uris = { target: new GenerationCache(maxCached), sender: new GenerationCache(maxCached) };
  }

  /** Who on the XMPP side a Request-URI means (a byte string, as written). */
  sipTargetToJid(uri: string): ToJid {
    return this.#jids.target.get(uri) ?? this.#mapUri(uri, 'target', undefined);
  }

  /**
   * Who on the SIP side a From URI is to XMPP. `headerGr`: value of a `gr` that stands outside of the angle brackets
   * (ADDR-13).
   */
  sipSenderToJid(uri: string, headerGr?: string): ToJid {
    if (headerGr !== undefined) return this.#mapUri(uri, 'sender', headerGr);
    return this.#jids.sender.get(uri) ?? this.#mapUri(uri, 'sender', undefined);
  }

  /** Who on the SIP side the `to` of a stanza means; as text it is parsed only once. */
  jidTargetToSip(jid: Jid | string): ToUri {
    const text = typeof jid === 'string' ? jid : formatJid(jid);
    return this.#uris.target.get(text) ?? this.#mapJid(text, 'target');
  }

  /** Who on the XMPP side the `from` of a stanza is to SIP. */
  jidSenderToSip(jid: Jid | string): ToUri {
    const text = typeof jid === 'string' ? jid : formatJid(jid);
    return this.#uris.sender.get(text) ?? this.#mapJid(text, 'sender');
  }

  /** The rule of whom the XMPP side has under this domain, whatever rule an address of it was folded by. */
  xmppHome(domain: string): DomainRule | undefined {
    const host = domainToHost(domain);
    return host.ok ? this.#tables.xmpp.xmpp.find(host.value)?.rule.rule : undefined;
  }

  /** A new address out of `<gone/>` or `<redirect/>` as a Contact; undefined when SIP has no name for it. */
  addressToContact(address: string): string | undefined {
    const jid = xmppUriToJid(address);
    if (!jid.ok) return undefined;
    const uri = this.jidSenderToSip(jid.value);
    if (uri.ok) return uri.value.uri;
    const sipUser = this.jidTargetToSip(jid.value);
    return sipUser.ok ? sipUser.value.uri : undefined;
  }

  /** A Contact as the text of `<gone/>` or `<redirect/>`: an xmpp URI; undefined when XMPP has no name for it. */
  contactToAddress(uri: string): string | undefined {
    const jid = this.sipSenderToJid(uri);
    if (jid.ok) return jidToXmppUri(jid.value.jid);
    const xmppUser = this.sipTargetToJid(uri);
    return xmppUser.ok ? jidToXmppUri(xmppUser.value.jid) : undefined;
  }

  /** Lines that say what becomes of an address in both directions, and by which rule. */
  explain(address: string): readonly string[] {
    return explainAddress(this, address);
  }

  // A remembered result holds parts of the text it was made of, and so a copy that keeps no datagram alive.

  #mapUri(uri: string, role: AddressRole, headerGr: string | undefined): ToJid {
    if (headerGr !== undefined || uri.length > MAX_KEY) return this.#uriToJid(uri, role, headerGr);
    const key = detachText(uri);
    const result = this.#uriToJid(key, role, undefined);
    this.#jids[role].set(key, result);
    return result;
  }

  #mapJid(text: string, role: AddressRole): ToUri {
    if (text.length > MAX_KEY) return this.#textToUri(text, role);
    const key = detachText(text);
    const result = this.#textToUri(key, role);
    this.#uris[role].set(key, result);
    return result;
  }

  #textToUri(text: string, role: AddressRole): ToUri {
    const jid = parseJid(text);
    if (jid.ok) return this.#jidToUri(jid.value, role);
    return addressFault('unmappable', jid.error.message, jid.error.clause);
  }

  #uriToJid(uri: string, role: AddressRole, headerGr: string | undefined): ToJid {
    const read = readSipAddress(uri, {
      headerGr,
      telephonyDomain: this.#telephonyHost,
    });
    if (!read.ok) return read;
    const address = read.value;
    const rule = this.#ruleFor(address.host, 'sip', role, address.user === '');
    if (role === 'target' && address.secure && !(rule.ok && rule.value.rule.sips === 'carry'))
      return secured();
    if (!rule.ok) return rule;
    const jid = this.#toXmpp(address, rule.value);
    if (!jid.ok) return jid;
    if (role === 'target') {
      const host = domainToHost(jid.value.domain);
      // ERR-R9, DNS-06: an address of the SIP side is not sent to XMPP to come back.
      if (host.ok && this.#livesOn('sip', 'xmpp', host.value)) return loop(jid.value.domain, 'SIP');
    }
    return {
      ok: true,
      value: {
        host: address.host,
        jid: jid.value,
        jidText: formatJid(jid.value),
        bareText: formatBareJid(jid.value),
        rule: rule.value.rule,
      },
    };
  }

  #toXmpp(address: SipAddress, rule: CompiledRule): Result<Jid, AddressFault> {
    if (rule.kind !== 'fold') {
      const domain = hostToDomain(this.#tables[rule.rule.home].sip.renamed(address.host, rule));
      return domain.ok ? jidOf(address.user, domain.value, address.instance) : domain;
    }
    const { separator } = rule.rule;
    if (rule.rule.home === 'xmpp') {
      const inner = unfoldAddress(address.user, separator);
      if (inner === undefined) return nobody(address.user);
      const domain = hostToDomain(inner.domain);
      return domain.ok ? jidOf(inner.user, domain.value, address.instance) : domain;
    }
    // The domain in the form of the side it is written on (ADDR-50); an A-label where a localpart cannot hold that.
    const unicode = hostToDomain(address.host);
    if (!unicode.ok) return unicode;
    const text = foldAddress({ user: address.user, domain: unicode.value }, separator);
    const jid = jidOf(text, rule.xmppDomain, address.instance);
    if (jid.ok || unicode.value === address.host) return jid;
    const ascii = foldAddress({ user: address.user, domain: address.host }, separator);
    return jidOf(ascii, rule.xmppDomain, address.instance);
  }

  #jidToUri(jid: Jid, role: AddressRole): ToUri {
    const domain = domainToHost(jid.domain);
    if (!domain.ok) return domain;
    const rule = this.#ruleFor(domain.value, 'xmpp', role, jid.local === '');
    if (!rule.ok) return rule;
    const address = this.#toSip(jid, domain.value, rule.value);
    if (!address.ok) return address;
    const { host, user } = address.value;
    if (role === 'target' && this.#livesOn('xmpp', 'sip', host)) return loop(host, 'XMPP');
    const phone = host === this.#telephonyHost && isGlobalNumber(user);
    return {
      ok: true,
      value: {
        uri: formatSipAddress(address.value, phone),
        host,
        jid,
        jidText: formatJid(jid),
        bareText: formatBareJid(jid),
        rule: rule.value.rule,
      },
    };
  }

  #toSip(jid: Jid, domain: string, rule: CompiledRule): Result<SipAddress, AddressFault> {
    const user = localToText(jid.local);
    if (!user.ok) return user;
    const instance = jid.resource;
    if (rule.kind !== 'fold') {
      const host = this.#tables[rule.rule.home].xmpp.renamed(domain, rule);
      return { ok: true, value: { user: user.value, host, instance } };
    }
    const { separator } = rule.rule;
    if (rule.rule.home === 'sip') {
      const inner = unfoldAddress(user.value, separator);
      if (inner === undefined) return nobody(jid.local);
      const unicode = hostToDomain(inner.domain);
      const host = unicode.ok ? domainToHost(unicode.value) : unicode;
      return host.ok ? { ok: true, value: { user: inner.user, host: host.value, instance } } : host;
    }
    const folded = foldAddress({ user: user.value, domain }, separator);
    return { ok: true, value: { user: folded, host: rule.names.sip, instance } };
  }

  /** The rule for an address found on `side`: targets live on the other side, senders on this one. */
  #ruleFor(
    host: string,
    side: Side,
    role: AddressRole,
    isDomain: boolean,
  ): Result<CompiledRule, AddressFault> {
    const other: Side = side === 'sip' ? 'xmpp' : 'sip';
    const home = role === 'target' ? other : side;
    const match = this.#tables[home][side].find(host);
    if (match === undefined) {
      const message = `no rule with home ${home} covers ${host}`;
      return { ok: false, error: { kind: 'no-rule', message, ...(isDomain ? { isDomain } : {}) } };
    }
    // A wildcard does not make believable on this side what a closer rule says lives on the other.
    if (role === 'sender' && this.#livesOn(other, side, host)) {
      return addressFault('no-rule', `${host} is at home on the ${other === 'sip' ? 'SIP' : 'XMPP'} side`);
    }
    return { ok: true, value: match.rule };
  }

  /** True when the closest rule for a host, by its name on `side`, says that its users live on `home`. */
  #livesOn(home: Side, side: Side, host: string): boolean {
    const here = this.#tables[home][side].find(host);
    const there = this.#tables[home === 'sip' ? 'xmpp' : 'sip'][side].find(host);
    return (here?.specificity ?? -1) > (there?.specificity ?? -1);
  }
}

function secured(): Result<never, AddressFault> {
  return addressFault('sips', 'XMPP cannot promise TLS on every hop', 'RFC 7247 §8');
}

function nobody(text: string): Result<never, AddressFault> {
  return addressFault('no-rule', `"${text}" holds no address of another domain`, 'XEP-0106 §4.2');
}

function loop(domain: string, side: 'SIP' | 'XMPP'): Result<never, AddressFault> {
  return addressFault(
    'loop',
    `${domain} is at home on the ${side} side, where this came from`,
    'RFC 7247 §8',
  );
}
