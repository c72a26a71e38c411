// What a service or device can do (RFC 5196): <servcaps/> and <devcaps/>. Media and methods, as far as a watcher can use
// them; classes, priorities and actors are left out.

import { element, type XmlElement } from '../xml/index.ts';

export const NS_PIDF_CAPS = 'urn:ietf:params:xml:ns:pidf:caps';

/** Features that are true or false. */
const FLAGS = [
  ...['audio', 'application', 'data', 'control', 'video', 'text', 'message', 'automata', 'isfocus'],
] as const;
export type CapabilityFlag = (typeof FLAGS)[number];

/** Features that are lists of names. */
const LISTS = ['methods', 'event-packages', 'extensions'] as const;
export type CapabilityList = (typeof LISTS)[number];

export interface Capabilities {
  readonly flags: Readonly<Partial<Record<CapabilityFlag, boolean>>>;
  /** Names as written: "MESSAGE", "presence", "pref". */
  readonly supported: Readonly<Partial<Record<CapabilityList, readonly string[]>>>;
  readonly notSupported: Readonly<Partial<Record<CapabilityList, readonly string[]>>>;
}

/** Reads a <servcaps/> or <devcaps/>. What is not understood is left out. */
export function readCapabilities(caps: XmlElement): Capabilities {
  const flags: Partial<Record<CapabilityFlag, boolean>> = {};
  for (const flag of FLAGS) {
    const value = caps.child(flag, NS_PIDF_CAPS)?.text().trim();
    if (value === 'true' || value === '1') flags[flag] = true;
    else if (value === 'false' || value === '0') flags[flag] = false;
  }
  return { flags, supported: namesOf(caps, 'supported'), notSupported: namesOf(caps, 'notsupported') };
}

function namesOf(
  caps: XmlElement,
  which: 'supported' | 'notsupported',
): Partial<Record<CapabilityList, readonly string[]>> {
  const names: Partial<Record<CapabilityList, readonly string[]>> = {};
  for (const list of LISTS) {
    const group = caps.child(list, NS_PIDF_CAPS)?.child(which, NS_PIDF_CAPS);
    if (group === undefined) continue;
    const own = Array.from(group.elements()).filter(({ ns }) => ns === NS_PIDF_CAPS);
    names[list] = own.map(({ name }) => name);
  }
  return names;
}

/** The <servcaps/>. Names come from a document that was read, or from code. */
export function capabilitiesElement(capabilities: Capabilities): XmlElement {
  const make = (name: string, ...children: readonly (XmlElement | string)[]): XmlElement =>
    element(name, NS_PIDF_CAPS, {}, ...children);
  const children: XmlElement[] = [];
  for (const flag of FLAGS) {
    const value = capabilities.flags[flag];
    if (value !== undefined) children.push(make(flag, String(value)));
  }
  for (const list of LISTS) {
    const supported = capabilities.supported[list];
    const notSupported = capabilities.notSupported[list];
    if (supported === undefined && notSupported === undefined) continue;
    const groups: XmlElement[] = [];
    if (supported !== undefined) groups.push(make('supported', ...supported.map((name) => make(name))));
    if (notSupported !== undefined) groups.push(make('notsupported', ...notSupported.map((n) => make(n))));
    children.push(make(list, ...groups));
  }
  return make('servcaps', ...children);
}
