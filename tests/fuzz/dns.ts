// DNS answers: whatever stands in the records, only what fits its grammar comes out, and nothing throws.
//
// An input is first read as a DNS packet, whose answers are handed over as node:dns does it; one that is no packet is
// read as a row of records with fields made of its octets.

import assert from 'node:assert/strict';
import dnsPacket from 'dns-packet';
import { addressAnswer, failureAnswer, naptrAnswer, srvAnswer } from '../../src/edge/dns/index.ts';
import { isDnsName } from '../../src/sip/index.ts';
import { isIP } from 'node:net';
import type { FuzzTarget } from './target.ts';

const NAPTR_FIELDS = ['order', 'preference', 'flags', 'service', 'regexp', 'replacement'];
const SRV_FIELDS = ['priority', 'weight', 'port', 'name'];

export const target: FuzzTarget = {
  name: 'dns',
  seeds: () => [
    ...[
      {
        type: 'NAPTR',
        data: {
          order: 50,
          preference: 50,
          flags: 's',
          services: 'SIP+D2T',
          regexp: '',
          replacement: '_sip._tcp.example.com',
        },
      },
      { type: 'SRV', data: { priority: 0, weight: 1, port: 5060, target: 'server1.example.com' } },
      { type: 'A', data: '192.0.2.1' },
      { type: 'AAAA', data: '2001:db8::1' },
    ].map(({ type, data }) =>
      Uint8Array.from(
        dnsPacket.encode({
          type: 'response',
          id: 1,
          flags: 0,
          questions: [{ type, name: 'example.com' }],
          answers: [{ type, name: 'example.com', ttl: 300, data }],
        }),
      ),
    ),
    Uint8Array.from(
      Buffer.from('s\u0000server1.example.com\u0000192.0.2.1\u0000::1\u0000SIP+D2U\u0000', 'latin1'),
    ),
  ],
  run: (input) => {
    for (const raw of [packetRecords(input), fieldRecords(input)]) checkAll(raw);
  },
};

function checkAll(raw: unknown): void {
  const srv = srvAnswer(raw);
  if (srv.kind === 'records') {
    assert.ok(srv.records.length > 0 && srv.records.length <= 64);
    for (const record of srv.records) {
      for (const number of [record.priority, record.weight, record.port]) assertUint16(number);
      if (record.target === '.') continue;
      assert.ok(record.port > 0);
      assertName(record.target);
    }
  }
  const naptr = naptrAnswer(raw);
  if (naptr.kind === 'records') {
    for (const record of naptr.records) {
      for (const number of [record.order, record.preference]) assertUint16(number);
      assert.match(record.flags + record.service, /^[\x21-\x7e]*$/);
      if (record.replacement !== '.') assertName(record.replacement);
    }
  }
  for (const family of [4, 6] as const) {
    const addresses = addressAnswer(raw, family);
    if (addresses.kind !== 'records') continue;
    for (const address of addresses.records) assert.equal(isIP(address), family);
    assert.ok(addresses.ttlMs === undefined || addresses.ttlMs >= 0);
  }
  assert.ok(failureAnswer(raw).kind.length > 0);
}

function assertUint16(number: number): void {
  assert.ok(Number.isInteger(number) && number >= 0 && number <= 65_535);
}

function assertName(name: string): void {
  assert.ok(isDnsName(name) && name === name.toLowerCase() && /^[\x21-\x7e]+$/.test(name));
}

/** The answers of a packet in the form of node:dns; undefined when it is no packet. */
function packetRecords(input: Uint8Array): unknown {
  try {
    // The library reads as many answers as the header claims; more than are looked at would only cost time here.
    const answers = dnsPacket.decode(Buffer.from(input)).answers?.slice(0, 80);
    return answers?.map(({ data, ttl, type }) => {
      if (typeof data === 'string') return { address: data, ttl };
      const fields: Record<string, unknown> = typeof data === 'object' && data !== null ? { ...data } : {};
      return type === 'SRV'
        ? { ...fields, name: fields['target'] }
        : { ...fields, service: fields['services'] };
    });
  } catch {
    return undefined;
  }
}

/** Records whose fields are numbers or texts by turns, as the octets say. */
function fieldRecords(input: Uint8Array): unknown {
  const texts = Buffer.from(input).toString('latin1').split('\0');
  const records: Record<string, unknown>[] = [];
  for (let i = 0; i < texts.length && records.length < 80; i++) {
    const number = ((input[i] ?? 0) << 8) | (input[i + 1] ?? 0);
    const record: Record<string, unknown> = { address: texts[i], ttl: number - 5 };
    for (const [index, field] of [...NAPTR_FIELDS, ...SRV_FIELDS].entries()) {
      const isNumber = ((input[i + index] ?? 0) & 1) === 0;
      record[field] = isNumber ? number + index - 3 : texts[(i + index) % texts.length];
    }
    // Otherwise hardly any record would be fit, and what comes of a fit one would not be looked at.
    if (((input[i] ?? 0) & 3) === 3) {
      Object.assign(record, {
        order: number,
        preference: number,
        flags: 's',
        service: 'SIP+D2U',
        regexp: '',
      });
      Object.assign(record, { priority: number, weight: number, port: number });
    }
    records.push(record);
  }
  return records;
}
