// A reporter of node:test that writes the runner's own final counts as one line: passed, failed, skipped.
import type { TestEvent } from 'node:test/reporters';

export default async function* countReporter(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const event of events) {
    // With one process a file there is a summary for each file too; the one without a name is the whole run's.
    if (event.type !== 'test:summary' || event.data.file !== undefined) continue;
    const { tests, passed, skipped, todo } = event.data.counts;
    // What was cancelled (a timeout, a file that ended before its tests) did not pass: it is among the failed.
    yield `${passed} ${tests - passed - skipped - todo} ${skipped + todo}\n`;
  }
}
