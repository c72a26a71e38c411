// Which dialog a Replaces means (RFC 3891 §3), and what becomes of an INFO (RFC 6086, RFC 2976; CALL-38, CALL-39).
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { infoVerdict, type InfoVerdict } from '../../../src/sip/invite/info.ts';
import { replaceVerdict, type ReplaceableDialog } from '../../../src/sip/invite/replaces.ts';

describe('RFC 3891 §3', () => {
  // §7.1: Alice has called Bob's desk; the lab takes the call over.
  const alice = { callId: '425928@phone.example.org', localTag: '7743', remoteTag: '6472' };
  const header = { callId: '425928@phone.example.org', toTag: '7743', fromTag: '6472', earlyOnly: false };
  const early: ReplaceableDialog = { dialog: alice, phase: 'early', ours: true };
  const confirmed: ReplaceableDialog = { dialog: alice, phase: 'confirmed', ours: true };
  const verdict = (given: typeof header, ...dialogs: ReplaceableDialog[]): string => {
    const found = replaceVerdict(given, dialogs);
    return found.kind === 'refuse' ? String(found.status) : found.by;
  };
  const cases: readonly (readonly [string, string, typeof header, ...ReplaceableDialog[]])[] = [
    ['§7.1: an early dialog that we began', 'CANCEL', { ...header, earlyOnly: true }, early],
    ['a confirmed one', 'BYE', header, confirmed],
    ['a confirmed one that the peer began', 'BYE', header, { ...confirmed, ours: false }],
    ['a confirmed one, "early-only"', '486', { ...header, earlyOnly: true }, confirmed],
    ['an early one that the peer began', '481', header, { ...early, ours: false }],
    ['one that has ended', '603', header, { ...confirmed, phase: 'terminated' }],
    ['none', '481', header],
    ['another Call-ID', '481', { ...header, callId: '425928@PHONE.example.org' }, confirmed],
    ['tags the wrong way round', '481', { ...header, toTag: '6472', fromTag: '7743' }, confirmed],
    [
      'tags have no case',
      'BYE',
      { ...header, toTag: 'AB' },
      { ...confirmed, dialog: { ...alice, localTag: 'ab' } },
    ],
    ['more than one', '481', header, confirmed, early],
    [
      '§6.1: zero matches zero',
      'BYE',
      { ...header, fromTag: '0' },
      { ...confirmed, dialog: { ...alice, remoteTag: '0' } },
    ],
    [
      '§6.1: zero matches null',
      'BYE',
      { ...header, fromTag: '0' },
      { ...confirmed, dialog: { ...alice, remoteTag: '' } },
    ],
    ['zero matches no other', '481', { ...header, fromTag: '0' }, confirmed],
  ];
  for (const [name, expected, given, ...dialogs] of cases) {
    test(name, () => assert.equal(verdict(given, ...dialogs), expected));
  }
  test('it says which', () => {
    const found = replaceVerdict(header, [{ ...early, dialog: { ...alice, callId: 'x' } }, confirmed]);
    assert.equal(found.kind === 'replace' && found.match, confirmed);
  });
});

describe('INFO', () => {
  const rules = { packages: ['trickle-ice'], oldTypes: ['application/dtmf-relay'] };
  const cases: readonly (readonly [string, string | undefined, string | undefined, InfoVerdict])[] = [
    ['a package that we take', 'trickle-ice', 'application/trickle-ice-sdpfrag', { kind: 'take' }],
    ['RFC 6086 §4.2.2: another one', 'foo', 'application/x', { kind: 'refuse', status: 469 }],
    ['§7.2: names have case', 'Trickle-ICE', undefined, { kind: 'refuse', status: 469 }],
    ['CALL-38: the old kind', undefined, 'application/dtmf-relay', { kind: 'take' }],
    ['CALL-39: the old kind, unknown', undefined, 'application/x', { kind: 'refuse', status: 415 }],
    ['CALL-39: empty', undefined, undefined, { kind: 'acknowledge' }],
  ];
  for (const [name, infoPackage, contentType, expected] of cases) {
    test(name, () => assert.deepEqual(infoVerdict({ package: infoPackage, contentType }, rules), expected));
  }
});
