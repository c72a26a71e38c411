// Two layers and a bad network between them: what one side sends reaches the other side's user exactly once or is
// reported as failed, whatever is lost, doubled and reordered; and nothing is left at the end.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import {
  Counters,
  SeededRandom,
  VirtualTime,
  silentLog,
  utf8Bytes,
  utf8TextLossy,
  type Bytes,
} from '../../../src/base/index.ts';
import {
  TransactionLayer,
  buildRequest,
  headerField,
  type LocalEndpoint,
  type Source,
  type Target,
  type Transport,
} from '../../../src/sip/index.ts';
import { RecordingHandlers, RecordingUser, endpoint } from './rig.ts';

interface Weather {
  readonly loss: number;
  readonly duplication: number;
  /** Each copy takes 1 … this many milliseconds, so that many overtake others. */
  readonly maxDelayMs: number;
}

const ONE = '192.0.2.1';
const TWO = '192.0.2.2';

class Network {
  readonly time = new VirtualTime(0, 1);
  readonly random: SeededRandom;
  readonly layers = new Map<string, TransactionLayer>();
  readonly weather: Weather;
  datagrams = 0;

  constructor(seed: number, weather: Weather) {
    this.random = new SeededRandom(seed);
    this.weather = weather;
  }

  attach(address: string): {
    readonly layer: TransactionLayer;
    readonly user: RecordingUser;
    readonly counters: Counters;
  } {
    const user = new RecordingUser();
    const counters = new Counters();
    const local = endpoint('UDP', address);
    const transport: Transport = {
      send: (bytes, target) => this.#send(bytes, local, target),
      localFor: (target) => (target.transport === 'UDP' ? local : undefined),
    };
    const { time, random } = this;
    const layer = new TransactionLayer(
      { clock: time, timers: time.timers, random, transport, log: silentLog, counters },
      user,
    );
    this.layers.set(address, layer);
    return { layer, user, counters };
  }

  #send(bytes: Bytes, from: LocalEndpoint, target: Target): void {
    const copies = this.random.unit() < this.weather.duplication ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      if (this.random.unit() < this.weather.loss) continue;
      this.datagrams += 1;
      const source: Source = {
        transport: 'UDP',
        reliable: false,
        remoteAddress: from.address,
        remotePort: from.port,
        local: endpoint('UDP', target.address),
        connectionId: undefined,
      };
      this.time.timers.set(1 + Math.floor(this.random.unit() * this.weather.maxDelayMs), () =>
        this.layers.get(target.address)?.receive(bytes, source),
      );
    }
  }
}

const TO_TWO: Target = { transport: 'UDP', address: TWO, port: 5060 };

const WEATHERS: readonly (readonly [string, Weather])[] = [
  ['fine', { loss: 0, duplication: 0, maxDelayMs: 1 }],
  ['doubles everything', { loss: 0, duplication: 1, maxDelayMs: 50 }],
  ['reorders over seconds', { loss: 0, duplication: 0.3, maxDelayMs: 3000 }],
  ['loses a third', { loss: 0.33, duplication: 0.2, maxDelayMs: 200 }],
  ['loses nine of ten', { loss: 0.9, duplication: 0.5, maxDelayMs: 400 }],
];

for (const [name, weather] of WEATHERS) {
  describe(`a network that is: ${name}`, () => {
    test('MESSAGE: each reaches the user once, or never and then fails; the outcome is the one that was answered', () => {
      const network = new Network(name.length, weather);
      const sender = network.attach(ONE);
      const receiver = network.attach(TWO);
      const answers = [200, 202, 404, 480, 486];
      receiver.user.answer = (transaction) => {
        const number = Number(utf8TextLossy(transaction.request.body));
        // At once, after a while, or after the 100 (RFC 4320); with a further field now and then.
        const headers = number % 7 === 0 ? [headerField('X-Number', String(number))] : undefined;
        const respond = (): void => transaction.respond(answers[number % 5] ?? 500, { headers });
        if (number % 3 === 0) respond();
        else network.time.timers.set(number % 3 === 1 ? 300 : 5000, respond);
      };
      const total = 150;
      const handlers: RecordingHandlers[] = [];
      for (let number = 0; number < total; number++) {
        const watcher = new RecordingHandlers();
        handlers.push(watcher);
        const request = buildRequest({
          method: 'MESSAGE',
          requestUri: `sip:user${number}@example.com`,
          from: '<sip:a@example.net>;tag=f',
          to: '<sip:b@example.com>',
          callId: `call-${number % 10}`,
          cseq: number + 1,
          body: utf8Bytes(String(number)),
        });
        sender.layer.request(request, TO_TWO, watcher);
        network.time.advance(5);
      }
      network.time.advance(120_000);
      const delivered = receiver.user.requests.map((transaction) =>
        Number(utf8TextLossy(transaction.request.body)),
      );
      assert.equal(new Set(delivered).size, delivered.length, 'a request was delivered twice');
      let answered = 0;
      for (const [number, watcher] of handlers.entries()) {
        const finals = watcher.statuses.filter((status) => status >= 200);
        assert.equal(finals.length + watcher.failures.length, 1, `message ${number} has one outcome`);
        if (finals.length === 0) continue;
        answered += 1;
        assert.deepEqual(finals, [answers[number % 5]]);
        assert.ok(delivered.includes(number));
      }
      if (weather.loss === 0) assert.equal(answered, total);
      if (weather.loss < 0.5) assert.ok(answered >= total - 2, `${answered} of ${total} got through`);
      for (const { layer } of [sender, receiver]) {
        assert.deepEqual(layer.pending, { client: 0, server: 0, completed: 0 });
      }
      assert.equal(network.time.timers.size, 0);
      for (const { counters } of [sender, receiver]) {
        assert.equal(counters.total('stoxgate_sip_malformed_total'), 0);
        assert.equal(counters.total('stoxgate_sip_merged_requests_total'), 0);
      }
    });

    test('INVITE: refused or accepted once, acknowledged, and nothing is left', () => {
      const network = new Network(name.length + 1, weather);
      const caller = network.attach(ONE);
      const callee = network.attach(TWO);
      callee.user.answer = (transaction) => {
        network.time.timers.set(1500, () => transaction.respond(180));
        network.time.timers.set(3000, () =>
          transaction.respond(transaction.request.cseq.number % 2 === 0 ? 486 : 600),
        );
      };
      const handlers: RecordingHandlers[] = [];
      for (let number = 0; number < 40; number++) {
        const watcher = new RecordingHandlers();
        handlers.push(watcher);
        const request = buildRequest({
          method: 'INVITE',
          requestUri: 'sip:b@example.com',
          from: '<sip:a@example.net>;tag=f',
          to: '<sip:b@example.com>',
          callId: `call-${number}`,
          cseq: number,
        });
        caller.layer.request(request, TO_TWO, watcher);
        network.time.advance(10);
      }
      network.time.advance(200_000);
      assert.equal(
        new Set(callee.user.requests.map((t) => t.request.callId)).size,
        callee.user.requests.length,
      );
      for (const [number, watcher] of handlers.entries()) {
        const finals = watcher.statuses.filter((status) => status >= 200);
        assert.ok(finals.length + watcher.failures.length <= 1);
        if (weather.loss < 0.5) assert.deepEqual(finals, [number % 2 === 0 ? 486 : 600]);
      }
      if (weather.loss < 0.5) assert.deepEqual(callee.user.failures, []);
      // A caller whose INVITE got a provisional response and no more rings on until its user gives up.
      caller.layer.stop();
      for (const { layer } of [caller, callee]) {
        assert.deepEqual(layer.pending, { client: 0, server: 0, completed: 0 });
      }
      assert.equal(network.time.timers.size, 0);
    });
  });
}
