// Resource ⇄ id of a tuple, priority both ways (rows PRES-61, PRES-67, PRES-81, PRES-84).
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  contactPriority,
  resourcesOf,
  tupleIdOf,
  xmppPriority,
} from '../../../src/interwork/presence/index.ts';
import { prepareResource } from '../../../src/xmpp/index.ts';

/** Namespaces in XML 1.0 [4], for ASCII. */
const NC_NAME = /^[A-Za-z_][A-Za-z0-9.\-_]*$/;

const back = (id: string): string | undefined => resourcesOf([id]).get(id);

describe('PRES-61, PRES-81: one resource', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['yn0cl4bnw0yr3vym', 'ID-yn0cl4bnw0yr3vym'],
    ['1', 'ID-1'],
    ['', 'ID-'],
    ['a b', 'ID-a_x0020_b'],
    ['Gajim.Ü', 'ID-Gajim._x00DC_'],
    ['a:b/c@d', 'ID-a_x003A_b_x002F_c_x0040_d'],
    ['a_b', 'ID-a_b'],
    ['a_x', 'ID-a_x005F_x'],
    ['_x0041_', 'ID-_x005F_x0041_'],
    ['\u{1f600}', 'ID-_x1F600_'],
    ['\u{10fffd}', 'ID-_x10FFFD_'],
  ];
  for (const [resource, id] of cases) {
    test(JSON.stringify(resource), () => {
      assert.equal(tupleIdOf(resource), id);
    });
  }
});

describe('PRES-81: ids of other makers', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['t4109', 't4109'],
    ['ID-a', 'a'],
    ['id-a', 'id-a'],
    ['ID-a_x0020_b', 'a b'],
    // Not how we write it: left as it is, within the prefix that goes.
    ['ID-a_x20_b', 'a_x20_b'],
    ['ID-a_x00dc_b', 'a_x00dc_b'],
    ['ID-a_x01F600_', 'a_x01F600_'],
    // Undone it would be no resourcepart (RFC 7622 §3.4.1: no controls), or no text at all: the id stays.
    ['ID-_x0000_', 'ID-_x0000_'],
    ['ID-_xD800_', 'ID-_xD800_'],
  ];
  for (const [id, resource] of cases) test(id, () => assert.equal(back(id), resource));
  test('one that cannot be a resource at all is named by its hash', () => {
    const long = 'x'.repeat(2000);
    assert.match(back(long) ?? '', /^t-[\w-]{22}$/);
    assert.notEqual(back(long), back(`${long}y`));
  });
  test('two ids never get one resource', () => {
    assert.deepEqual(
      [...resourcesOf(['a', 'ID-a', 'ID-ID-a'])],
      [
        ['ID-a', 'a'],
        ['ID-ID-a', 'ID-a'],
        ['a', resourcesOf(['a', 'ID-a', 'ID-ID-a']).get('a') ?? ''],
      ],
    );
    assert.match(resourcesOf(['a', 'ID-a', 'ID-ID-a']).get('a') ?? '', /^t-/);
  });
});

describe('properties', () => {
  const anyText = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.string({ unit: fc.constantFrom('_', 'x', '0', '4', '1', 'F', '-', 'I', 'D', ' '), maxLength: 20 }),
  );
  test('PRES-61: an NCName, different for different resources', () => {
    fc.assert(
      fc.property(anyText, anyText, (one, other) => {
        assert.match(tupleIdOf(one), NC_NAME);
        assert.equal(tupleIdOf(one) === tupleIdOf(other), one === other);
      }),
      { numRuns: 2000 },
    );
  });
  test('PRES-81: every prepared resource comes back', () => {
    let reached = 0;
    fc.assert(
      fc.property(anyText, (text) => {
        const resource = prepareResource(text);
        if (!resource.ok) return;
        reached += 1;
        assert.equal(back(tupleIdOf(resource.value)), resource.value);
      }),
      { numRuns: 2000 },
    );
    assert.ok(reached > 500, `${reached} of 2000`);
  });
  test('any ids: as many resources, each of them prepared or empty', () => {
    const id = fc.oneof(
      anyText,
      anyText.map((text) => `ID-${text}`),
      anyText.map(tupleIdOf),
    );
    fc.assert(
      fc.property(fc.uniqueArray(id, { maxLength: 8 }), (ids) => {
        const resources = resourcesOf(ids);
        assert.equal(resources.size, ids.length);
        assert.equal(new Set(resources.values()).size, ids.length);
        for (const resource of resources.values()) {
          const prepared = prepareResource(resource);
          assert.ok(
            resource === '' || (prepared.ok && prepared.value === resource),
            JSON.stringify(resource),
          );
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe('PRES-67, PRES-84: priority', () => {
  test('negative MUST NOT be mapped', () => {
    for (const priority of [-1, -128]) assert.equal(contactPriority(priority), undefined);
  });
  test('0 is 0, 127 is 1, the examples of note 6', () => {
    assert.deepEqual([0, 1, 2, 126, 127].map(contactPriority), [0, 0.007, 0.015, 0.992, 1]);
  });
  test('all are different, in order, of three places, and come back', () => {
    const all = Array.from({ length: 128 }, (_, i) => contactPriority(i) ?? -1);
    for (const [priority, q] of all.entries()) {
      assert.ok(priority === 0 || q > (all[priority - 1] ?? 2));
      assert.ok(Math.abs(q * 1000 - Math.round(q * 1000)) < 1e-9);
      assert.equal(xmppPriority(q), priority);
    }
  });
  test('every thousandth is a priority', () => {
    for (let q = 0; q <= 1000; q++) {
      const priority = xmppPriority(q / 1000);
      assert.ok(Number.isInteger(priority) && priority >= 0 && priority <= 127);
    }
  });
});
