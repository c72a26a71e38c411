import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readArguments, type Command } from '../../src/cli/arguments.ts';

const good: [string, Command][] = [
  ['run --config a.yaml', { kind: 'run', config: 'a.yaml' }],
  ['--config=a.yaml run', { kind: 'run', config: 'a.yaml' }],
  ['check -c a.yaml', { kind: 'check', config: 'a.yaml' }],
  ['address sip:a@b --config a', { kind: 'address', config: 'a', address: 'sip:a@b' }],
  ['message a1 --config a', { kind: 'message', config: 'a', id: 'a1', json: false }],
  ['message --json -c a -- -a1', { kind: 'message', config: 'a', id: '-a1', json: true }],
  ['message --totals --config a', { kind: 'message', config: 'a', id: undefined, json: false }],
  ['message --config a', { kind: 'message', config: 'a', id: undefined, json: false }],
  [
    'presence a@b sip:c@d --config e',
    { kind: 'presence', config: 'e', watcher: 'a@b', contact: 'sip:c@d', json: false },
  ],
  [
    'presence --json -c e -- a@b c@d',
    { kind: 'presence', config: 'e', watcher: 'a@b', contact: 'c@d', json: true },
  ],
  ['--version', { kind: 'version' }],
  ['--help', { kind: 'help' }],
  ['run -h', { kind: 'help' }],
  ['help', { kind: 'help' }],
];
describe('good command lines', () => {
  for (const [line, command] of good) {
    test(line, () => assert.deepEqual(readArguments(line.split(' ')), command));
  }
});

const bad: [string, RegExp][] = [
  ['', /a command is missing/],
  ['start --config a', /unknown command "start"/],
  ['run', /needs --config FILE/],
  ['run --config=', /needs --config FILE/],
  ['run --config', /config/],
  ['run --confg a', /--confg/],
  ['run a b --config c', /does not take "a"/],
  ['check x --config c', /does not take "x"/],
  ['address --config c', /needs ADDRESS|needs an ADDRESS/],
  ['address a b --config c', /does not take "b"/],
  ['init', /not built yet/],
  ['call --config c', /call needs an ID/],
  ['call a b --config c', /does not take "b"/],
  ['call a --totals --config c', /call does not take --totals/],
  ['presence --config c', /needs a WATCHER and a CONTACT/],
  ['presence a --config c', /needs a WATCHER and a CONTACT/],
  ['presence a b d --config c', /presence does not take "d"/],
  ['presence a b', /presence needs --config FILE/],
  ['presence a b --totals --config c', /presence does not take --totals/],
  ['toString --config c', /unknown command "toString"/],
  ['message 5', /needs --config FILE/],
  ['message 5 6 --config c', /does not take "6"/],
  ['message 5 --totals --config c', /an ID or --totals/],
  ['run --json --config c', /run does not take --json/],
  ['check --totals --config c', /check does not take --totals/],
];
describe('unusable command lines', () => {
  for (const [line, reason] of bad) {
    test(line, () => {
      const command = readArguments(line === '' ? [] : line.split(' '));
      assert.equal(command.kind, 'unusable');
      assert.match(command.kind === 'unusable' ? command.reason : '', reason);
    });
  }
});
