import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { target as sip } from '../../fuzz/sip.ts';
import { target as uri } from '../../fuzz/uri.ts';

describe('the promises of the fuzz targets hold', () => {
  for (const target of [sip, uri]) {
    test(`${target.name}: for the seeds`, () => {
      for (const seed of target.seeds()) target.run(seed);
    });
    test(`${target.name}: for any octets, and for seeds with octets put in`, () => {
      const octets = fc.uint8Array({ maxLength: 200 });
      const wounded = fc
        .tuple(fc.constantFrom(...target.seeds()), fc.nat(), fc.uint8Array({ maxLength: 4 }))
        .map(([seed, at, wound]) => {
          const cut = at % (seed.length + 1);
          return Uint8Array.from([...seed.subarray(0, cut), ...wound, ...seed.subarray(cut)]);
        });
      fc.assert(
        fc.property(fc.oneof(octets, wounded), (input) => target.run(input)),
        { numRuns: 150 },
      );
    });
  }
});
