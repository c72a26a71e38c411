// What `stoxgate address` prints of the rules of `policy`: which of them would decide about an address.

import type { AddressBook } from '../mapping/index.ts';
import { parseJid } from '../xmpp/index.ts';
import type { Party } from './address-pattern.ts';
import type { Direction, PolicyRule, PolicyRules } from './rules.ts';

interface Question {
  readonly words: string;
  readonly direction: Direction;
  readonly role: 'from' | 'to';
  readonly party: Party;
}

/** One line a way in which the address can occur. */
export function explainPolicy(rules: PolicyRules, book: AddressBook, address: string): readonly string[] {
  return questions(book, address.trim()).map(
    ({ words, direction, role, party }) =>
      `  policy, ${words}  ${verdict(rules.candidates(direction, role, party), role)}`,
  );
}

function questions(book: AddressBook, address: string): Question[] {
  const asked: Question[] = [];
  const add = (words: string, direction: Direction, role: 'from' | 'to', party: Party): number =>
    asked.push({ words, direction, role, party });
  const uri = /^(?:sips?|im|pres|tel):/i.test(address) ? address : `sip:${address}`;
  const bare = address.replace(/^(?:sips?|im|pres|tel|xmpp):/i, '');
  const target = book.sipTargetToJid(uri);
  if (target.ok) add('SIP request to it:  ', 'to-xmpp', 'to', target.value);
  const sender = book.sipSenderToJid(uri);
  if (sender.ok) add('SIP request from it:', 'to-xmpp', 'from', sender.value);
  if (!parseJid(bare).ok) return asked;
  const jidTarget = book.jidTargetToSip(bare);
  if (jidTarget.ok) add('stanza to it:       ', 'to-sip', 'to', jidTarget.value);
  const jidSender = book.jidSenderToSip(bare);
  if (jidSender.ok) add('stanza from it:     ', 'to-sip', 'from', jidSender.value);
  return asked;
}

function verdict(candidates: ReturnType<PolicyRules['candidates']>, role: 'from' | 'to'): string {
  const parts = candidates.map(({ index, rule, conditional }) => {
    const done = `policy[${index}] ${rule.action === 'deny' ? `denies (${rule.answer})` : 'allows'}`;
    return conditional ? `${done} ${conditions(rule, role)}` : done;
  });
  if (candidates.at(-1)?.conditional !== false) parts.push('no rule: allowed');
  return parts.join('; else ');
}

function conditions(rule: PolicyRule, role: 'from' | 'to'): string {
  const other = role === 'from' ? rule.to : rule.from;
  const parts: string[] = [];
  if (other !== undefined) parts.push(`${role === 'from' ? 'to' : 'from'} ${other.join(', ')}`);
  if (rule.network !== undefined) parts.push(`out of ${rule.network.join(', ')}`);
  return `what is ${parts.join(' and ')}`;
}
