// Loaded into the gateway under test: at SIGUSR2 it collects garbage and tells on standard error, as a line of the log,
// what is left.

const collect = globalThis.gc;

process.on('SIGUSR2', () => {
  // Twice: what finalizers let go is collected the second time.
  collect?.();
  collect?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  process.stderr.write(`${JSON.stringify({ event: 'heap.probe', octets: heapUsed + external, rss })}\n`);
});
