// What a user decides about his watchers, as presence authorization rules (RFC 5025 over RFC 4745; rows CSP-12, CSP-13). Three
// rules of the document are the gateway's, one for each value; all others are the user's own and stay as they are.

import { element, type XmlElement } from '../../xml/index.ts';

export const NS_PRES_RULES = 'urn:ietf:params:xml:ns:pres-rules';
export const NS_COMMON_POLICY = 'urn:ietf:params:xml:ns:common-policy';
/** RFC 5025 §9.4. */
export const PRES_RULES_TYPE = 'application/auth-policy+xml';

/** `ask`: whoever is blocked is not any more, but waits for a decision when he asks the next time. */
export type WatcherDecision = 'allow' | 'block' | 'ask';

/** Values of sub-handling (RFC 5025 §3.2.1). */
type OwnRule = 'allow' | 'confirm' | 'block';

const OWN_RULES: readonly OwnRule[] = ['allow', 'confirm', 'block'];

const RULE_IDS: Readonly<Record<OwnRule, string>> = {
  allow: 'stoxgate-allow',
  confirm: 'stoxgate-confirm',
  block: 'stoxgate-block',
};
/** Watchers of one rule; the first ones go when there are more. */
const MAX_WATCHERS = 1000;

/**
 * The document with the decision about one watcher, a SIP URI; undefined: it says so already. A rule without any watcher is
 * left out: without conditions it might be taken to be for everybody. A rule of the user's own may allow what is blocked
 * here: "the maximum of those other values" counts (RFC 5025 §3.2.1).
 */
export function decideWatcher(
  document: XmlElement | undefined,
  watcher: string,
  decision: WatcherDecision,
): XmlElement | undefined {
  const root = document ?? element('ruleset', NS_COMMON_POLICY);
  const before: Readonly<Record<OwnRule, readonly string[]>> = {
    allow: watchersOf(root, 'allow'),
    confirm: watchersOf(root, 'confirm'),
    block: watchersOf(root, 'block'),
  };
  if (decision === 'ask' && !before.block.includes(watcher)) return undefined;
  const into: OwnRule = decision === 'ask' ? 'confirm' : decision;
  const lists: Record<OwnRule, readonly string[]> = { ...before };
  for (const each of OWN_RULES) {
    lists[each] = each === into ? including(before[each], watcher) : without(before[each], watcher);
  }
  if (OWN_RULES.every((each) => isSame(lists[each], before[each]))) return undefined;
  const kept = root.children.filter((node) => typeof node === 'string' || !isOurs(node));
  const own = OWN_RULES.filter((each) => lists[each].length > 0);
  return element(
    'ruleset',
    NS_COMMON_POLICY,
    attributesOf(root),
    ...kept,
    ...own.map((each) => rule(each, lists[each])),
  );
}

/** Our own rule cannot be told from one that somebody else wrote under its name; then that one is taken over. */
function isOurs(node: XmlElement): boolean {
  return isRule(node) && OWN_RULES.some((each) => RULE_IDS[each] === node.attr('id'));
}

function isRule(node: XmlElement): boolean {
  return node.name === 'rule' && node.ns === NS_COMMON_POLICY;
}

function watchersOf(root: XmlElement, decision: OwnRule): readonly string[] {
  const found: string[] = [];
  for (const each of root.elements()) {
    if (!isRule(each) || each.attr('id') !== RULE_IDS[decision]) continue;
    const identity = each.child('conditions', NS_COMMON_POLICY)?.child('identity', NS_COMMON_POLICY);
    for (const one of identity?.elements() ?? []) {
      const id = one.attr('id');
      if (one.name === 'one' && one.ns === NS_COMMON_POLICY && id !== undefined) found.push(id);
    }
  }
  return found;
}

function including(list: readonly string[], watcher: string): readonly string[] {
  return list.includes(watcher) ? list : [...list, watcher].slice(-MAX_WATCHERS);
}

function isSame(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.at(-1) === right.at(-1);
}

function without(list: readonly string[], watcher: string): readonly string[] {
  return list.filter((each) => each !== watcher);
}

/** RFC 5025 §3.3: what is not granted is not shown, so that "allow" alone would show nothing. */
function rule(decision: OwnRule, watchers: readonly string[]): XmlElement {
  const policy = (name: string, ...children: readonly XmlElement[]): XmlElement =>
    element(name, NS_COMMON_POLICY, {}, ...children);
  const grant = (name: string, all: string): XmlElement =>
    element(name, NS_PRES_RULES, {}, element(all, NS_PRES_RULES));
  const ones = watchers.map((id) => element('one', NS_COMMON_POLICY, { id }));
  const handling = element('sub-handling', NS_PRES_RULES, {}, decision);
  return element(
    'rule',
    NS_COMMON_POLICY,
    { id: RULE_IDS[decision] },
    policy('conditions', policy('identity', ...ones)),
    policy('actions', handling),
    decision === 'allow'
      ? policy(
          'transformations',
          grant('provide-services', 'all-services'),
          grant('provide-persons', 'all-persons'),
          grant('provide-devices', 'all-devices'),
          element('provide-all-attributes', NS_PRES_RULES),
        )
      : undefined,
  );
}

function attributesOf({ attributes }: XmlElement): Record<string, string> {
  const all: Record<string, string> = {};
  for (let i = 0; i + 1 < attributes.length; i += 2) all[attributes[i] ?? ''] = attributes[i + 1] ?? '';
  return all;
}
