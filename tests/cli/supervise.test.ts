import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { Agent, request } from 'node:http';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, describe, test } from 'node:test';
import { Counters, StoxgateError } from '../../src/base/index.ts';
import { supervise } from '../../src/cli/supervise.ts';
import { askAdmin, type AdminRoutes } from '../../src/edge/admin/index.ts';
import { StandardLog } from '../../src/edge/log/index.ts';
import type { Config, Gateway } from '../../src/gateway/index.ts';
import { fakeTerminal } from './support.ts';

const FILE = '/etc/s.yaml';
const TEXT = `domains: [{ home: sip, sip: example.net, xmpp: example.net }]
sip: { listen: ["udp://127.0.0.1:0"], trusted: [127.0.0.1] }
xmpp: { components: [{ domain: example.net, secret: a }] }
`;

/** A gateway that only writes down what is done to it. */
class RecordingGateway implements Gateway {
  readonly calls: string[] = [];
  readonly counters = new Counters();
  readonly admin: AdminRoutes = new Map([['message', () => ({ status: 200, body: { messages: [] } })]]);
  readonly reloads: Config[] = [];
  drainResult: Promise<void> = Promise.resolve();
  reloadResult: () => Promise<void> = () => Promise.resolve();

  status() {
    return {
      ready: true,
      healthy: true,
      draining: false,
      node: 'n',
      version: '1',
      startedAt: 0,
      links: [],
      listeners: [],
    };
  }
  reload(config: Config): Promise<void> {
    this.calls.push('reload');
    this.reloads.push(config);
    return this.reloadResult();
  }
  drain(): Promise<void> {
    this.calls.push('drain');
    return this.drainResult;
  }
  stop(): Promise<void> {
    this.calls.push('stop');
    return Promise.resolve();
  }
}

interface Rig {
  readonly gateway: RecordingGateway;
  readonly signals: EventEmitter;
  readonly exits: number[];
  readonly terminal: ReturnType<typeof fakeTerminal>;
  readonly log: string[];
  readonly status: Promise<number>;
  /** Waits until the log has this event, or one that begins so if it ends with a dot. */
  logged(event: string): Promise<void>;
}

function run(text = TEXT, start?: (gateway: RecordingGateway) => Promise<Gateway>): Rig {
  const gateway = new RecordingGateway();
  const signals = new EventEmitter();
  const exits: number[] = [];
  const terminal = fakeTerminal({ [FILE]: text });
  const log: string[] = [];
  const written = new EventEmitter();
  const sink = {
    write: (line: string) => {
      log.push(line);
      written.emit('line');
    },
    flushSync: () => {},
  };
  const status = supervise(FILE, {
    terminal,
    version: '1.2.3',
    start: () => start?.(gateway) ?? Promise.resolve(gateway),
    makeLog: (config) => new StandardLog(config.log, sink),
    signals,
    exit: (code) => exits.push(code),
    maxDrainMs: 50,
  });
  const logged = async (event: string): Promise<void> => {
    const part = event.endsWith('.') ? `"event":"${event}` : `"event":"${event}"`;
    while (!log.some((line) => line.includes(part))) await once(written, 'line');
  };
  return { gateway, signals, exits, terminal, log, status, logged };
}

describe('stoxgate run', () => {
  test('prints exactly one line `ready`, and SIGTERM drains, stops and exits 0', async () => {
    const rig = run();
    await rig.logged('gateway.ready');
    assert.deepEqual(rig.terminal.output, ['ready']);
    rig.signals.emit('SIGTERM', 'SIGTERM');
    assert.equal(await rig.status, 0);
    assert.deepEqual(rig.gateway.calls, ['drain', 'stop']);
    assert.deepEqual(rig.terminal.output, ['ready']);
    assert.deepEqual(rig.signals.eventNames(), []);
  });

  test('SIGINT does the same', async () => {
    const rig = run();
    await rig.logged('gateway.ready');
    rig.signals.emit('SIGINT', 'SIGINT');
    assert.equal(await rig.status, 0);
  });

  test('a second signal exits at once with 1', async () => {
    const rig = run();
    await rig.logged('gateway.ready');
    rig.gateway.drainResult = new Promise(() => {});
    rig.signals.emit('SIGTERM', 'SIGTERM');
    assert.deepEqual(rig.exits, []);
    rig.signals.emit('SIGINT', 'SIGINT');
    assert.deepEqual(rig.exits, [1]);
    await rig.status;
  });

  test('a drain that never ends is given up, and said', async () => {
    const rig = run();
    await rig.logged('gateway.ready');
    rig.gateway.drainResult = new Promise(() => {});
    rig.signals.emit('SIGTERM', 'SIGTERM');
    assert.equal(await rig.status, 1);
    assert.deepEqual(rig.gateway.calls, ['drain', 'stop']);
    assert.match(rig.log.join(''), /gateway\.drain-too-long/);
  });

  test('SIGTERM while it starts: never `ready`', async () => {
    const begun = Promise.withResolvers<void>();
    const rig = run(TEXT, async (gateway) => {
      await begun.promise;
      return gateway;
    });
    rig.signals.emit('SIGTERM', 'SIGTERM');
    begun.resolve();
    assert.equal(await rig.status, 0);
    assert.deepEqual(rig.terminal.output, []);
    assert.deepEqual(rig.gateway.calls, ['drain', 'stop']);
  });

  test('an unusable file: exit 2 with the findings on standard error', async () => {
    const rig = run('domains: []\n');
    assert.equal(await rig.status, 2);
    assert.deepEqual(rig.terminal.errors, ['/etc/s.yaml:1:10: domains: needs at least 1 entry']);
    assert.deepEqual(rig.terminal.output, []);
  });

  test('a listener that cannot be bound: exit 1, not `ready`', async () => {
    const rig = run(TEXT, () =>
      Promise.reject(new StoxgateError('ERR_SIP_LISTEN', 'udp://127.0.0.1:5060 is in use')),
    );
    assert.equal(await rig.status, 1);
    assert.match(rig.log.join(''), /ERR_SIP_LISTEN/);
    assert.deepEqual(rig.terminal.output, []);
  });

  test('a fault of our own at the start: exit 70', async () => {
    const rig = run(TEXT, () => Promise.reject(new TypeError('bug')));
    assert.equal(await rig.status, 70);
  });

  test('the console port in use: the gateway is stopped again, exit 1', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const address = other.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const rig = run(`${TEXT}console: { listen: "127.0.0.1:${port}" }\n`);
    assert.equal(await rig.status, 1);
    assert.deepEqual(rig.gateway.calls, ['stop']);
    assert.match(rig.log.join(''), /ERR_CONSOLE_LISTEN/);
    other.close();
  });
});

describe('SIGHUP', () => {
  test('reads the file again and hands it over', async () => {
    const rig = run();
    await rig.logged('gateway.ready');
    rig.terminal.files.set(FILE, `${TEXT}node: other\n`);
    rig.signals.emit('SIGHUP', 'SIGHUP');
    await rig.logged('reload.done');
    assert.equal(rig.gateway.reloads[0]?.node, 'other');
    rig.signals.emit('SIGTERM', 'SIGTERM');
    assert.equal(await rig.status, 0);
  });

  test('an unusable file changes nothing and is told', async () => {
    const rig = run();
    await rig.logged('gateway.ready');
    rig.terminal.files.set(FILE, `${TEXT}nod: other\n`);
    rig.signals.emit('SIGHUP', 'SIGHUP');
    await rig.logged('reload.failed');
    assert.deepEqual(rig.gateway.calls, []);
    assert.match(rig.log.join(''), /did you mean node\?/);
    rig.signals.emit('SIGTERM', 'SIGTERM');
    assert.equal(await rig.status, 0);
  });

  test('a reload that fails leaves the gateway running', async () => {
    const rig = run();
    await rig.logged('gateway.ready');
    rig.gateway.reloadResult = () => Promise.reject(new StoxgateError('ERR_SIP_LISTEN', 'in use'));
    rig.signals.emit('SIGHUP', 'SIGHUP');
    await rig.logged('reload.failed');
    rig.gateway.reloadResult = () => Promise.resolve();
    rig.signals.emit('SIGHUP', 'SIGHUP');
    await rig.logged('reload.done');
    rig.signals.emit('SIGTERM', 'SIGTERM');
    assert.equal(await rig.status, 0);
  });

  test('two at once are done one after the other', async () => {
    const rig = run();
    await rig.logged('gateway.ready');
    let open = 0;
    let most = 0;
    rig.gateway.reloadResult = async () => {
      most = Math.max(most, ++open);
      await new Promise((resolve) => setImmediate(resolve));
      open -= 1;
    };
    rig.signals.emit('SIGHUP', 'SIGHUP');
    rig.signals.emit('SIGHUP', 'SIGHUP');
    rig.signals.emit('SIGTERM', 'SIGTERM');
    assert.equal(await rig.status, 0);
    assert.deepEqual(rig.gateway.calls, ['reload', 'reload', 'drain', 'stop']);
    assert.equal(most, 1);
  });

  test('the log level follows', async () => {
    const rig = run(`${TEXT}log: { level: error }\n`);
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(rig.log, []);
    rig.terminal.files.set(FILE, `${TEXT}log: { level: info }\n`);
    rig.signals.emit('SIGHUP', 'SIGHUP');
    await rig.logged('reload.done');
    rig.signals.emit('SIGTERM', 'SIGTERM');
    assert.equal(await rig.status, 0);
  });
});

/** Loopback ports that are free now. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports: number[] = [];
  for (const server of servers) {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    ports.push(typeof address === 'object' ? (address?.port ?? 0) : 0);
  }
  for (const server of servers) await new Promise((resolve) => server.close(resolve));
  return ports;
}

/** The status of a page; undefined when nothing listens there. */
async function pageStatus(port: number, path = '/healthz', token = ''): Promise<number | undefined> {
  try {
    const headers = { authorization: `Bearer ${token}`, connection: 'close' };
    return (await fetch(`http://127.0.0.1:${port}${path}`, { headers })).status;
  } catch {
    return undefined;
  }
}

describe('SIGHUP and the console: the new one is taken whole, or the old one stays', () => {
  let port: number;
  let other: number;
  let rig: Rig;

  const listening = (console: string): string => `${TEXT}console: { listen: ${console} }\n`;
  const reload = async (text: string, event: 'reload.done' | 'reload.failed'): Promise<void> => {
    rig.log.length = 0;
    rig.terminal.files.set(FILE, text);
    rig.signals.emit('SIGHUP', 'SIGHUP');
    await rig.logged('reload.');
    assert.match(rig.log.join(''), new RegExp(`"event":"${event}"`));
  };
  const occupied = async (at: number, act: () => Promise<void>): Promise<void> => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(at, '127.0.0.1', resolve));
    try {
      await act();
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  };

  beforeEach(async () => {
    [port = 0, other = 0] = await freePorts(2);
    rig = run(listening(`"127.0.0.1:${port}"`));
    await rig.logged('gateway.ready');
  });
  afterEach(async () => {
    rig.signals.emit('SIGTERM', 'SIGTERM');
    assert.equal(await rig.status, 0);
    assert.equal(await pageStatus(port), undefined);
    assert.equal(await pageStatus(other), undefined);
  });

  test('another port', async () => {
    await reload(listening(`"127.0.0.1:${other}"`), 'reload.done');
    assert.equal(await pageStatus(other), 200);
    assert.equal(await pageStatus(port), undefined);
  });

  test('a port that is taken: nothing changes; once it is free the same file is taken', async () => {
    const text = `${listening(`"127.0.0.1:${other}"`)}node: new\n`;
    await occupied(other, async () => {
      await reload(text, 'reload.failed');
      assert.match(rig.log.join(''), /ERR_CONSOLE_LISTEN/);
      assert.deepEqual(rig.gateway.calls, []);
      assert.equal(await pageStatus(port), 200);
    });
    await reload(text, 'reload.done');
    assert.equal(await pageStatus(other), 200);
    assert.equal(await pageStatus(port), undefined);
    assert.deepEqual(
      rig.gateway.reloads.map(({ node }) => node),
      ['new'],
    );
  });

  test('a port that is taken, and the file is put back: as if nothing had been', async () => {
    await occupied(other, () => reload(listening(`"127.0.0.1:${other}"`), 'reload.failed'));
    await reload(listening(`"127.0.0.1:${port}"`), 'reload.done');
    assert.equal(await pageStatus(port), 200);
  });

  test('the gateway refuses: the new console is closed, the old one stays', async () => {
    rig.gateway.reloadResult = () => Promise.reject(new StoxgateError('ERR_GATEWAY_RELOAD', 'no'));
    await reload(listening(`"127.0.0.1:${other}"`), 'reload.failed');
    assert.equal(await pageStatus(port), 200);
    assert.equal(await pageStatus(other), undefined);
  });

  test('only the token changes: the same socket, without a gap', async () => {
    const text = (token: string): string => listening(`"127.0.0.1:${port}", token: ${token}`);
    assert.equal(await pageStatus(port, '/api/status'), 404);
    await reload(text('first'), 'reload.done');
    assert.equal(await pageStatus(port, '/api/status', 'first'), 200);

    const kept = new Agent({ keepAlive: true, maxSockets: 1 });
    await statusBy(kept, port, 'first');
    rig.gateway.reloadResult = () => Promise.reject(new StoxgateError('ERR_GATEWAY_RELOAD', 'no'));
    await reload(text('second'), 'reload.failed');
    assert.deepEqual(await statusBy(kept, port, 'first'), { status: 200, reused: true });
    rig.gateway.reloadResult = () => Promise.resolve();
    await reload(text('second'), 'reload.done');
    assert.deepEqual(await statusBy(kept, port, 'first'), { status: 401, reused: true });
    assert.deepEqual(await statusBy(kept, port, 'second'), { status: 200, reused: true });
    kept.destroy();
    await reload(listening(`"127.0.0.1:${port}"`), 'reload.done');
    assert.equal(await pageStatus(port, '/api/status', 'second'), 404);
  });

  test('the same port at the wildcard, where the old console itself is in the way', async () => {
    await reload(listening(`"0.0.0.0:${port}"`), 'reload.done');
    assert.equal(await pageStatus(port), 200);
    rig.gateway.reloadResult = () => Promise.reject(new StoxgateError('ERR_GATEWAY_RELOAD', 'no'));
    await reload(listening(`"127.0.0.1:${port}"`), 'reload.failed');
    assert.equal(await pageStatus(port), 200);
    rig.gateway.reloadResult = () => Promise.resolve();
    await reload(listening(`"127.0.0.1:${port}"`), 'reload.done');
    assert.equal(await pageStatus(port), 200);
  });

  test('the same port at an address that this machine does not have: the old one stays', async () => {
    await reload(listening(`"192.0.2.1:${port}"`), 'reload.failed');
    assert.equal(await pageStatus(port), 200);
  });

  test('no console any more, and one again', async () => {
    await reload(TEXT, 'reload.done');
    assert.equal(await pageStatus(port), undefined);
    await occupied(port, () => reload(listening(`"127.0.0.1:${port}"`), 'reload.failed'));
    await reload(listening(`"127.0.0.1:${port}"`), 'reload.done');
    assert.equal(await pageStatus(port), 200);
  });
});

/** `GET /api/status` by this agent, and whether it went by a connection that was there. */
function statusBy(agent: Agent, port: number, token: string): Promise<{ status: number; reused: boolean }> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` };
    const call = request({ host: '127.0.0.1', port, path: '/api/status', headers, agent }, (response) => {
      response.resume();
      response.on('end', () => resolve({ status: response.statusCode ?? 0, reused: call.reusedSocket }));
    });
    call.on('error', reject);
    call.end();
  });
}

describe('the admin socket', () => {
  const folder = mkdtempSync(join(tmpdir(), 'stoxgate-supervise-'));
  after(() => rmSync(folder, { recursive: true }));
  const socket = (name: string): string => join(folder, name);
  const withAdmin = (name: string): string => `${TEXT}admin: unix:${socket(name)}\n`;
  const answers = async (name: string): Promise<boolean> => (await askAdmin(socket(name), ['message'])).ok;

  async function reload(rig: Rig, text: string, event: string): Promise<void> {
    rig.log.length = 0;
    rig.terminal.files.set(FILE, text);
    rig.signals.emit('SIGHUP', 'SIGHUP');
    await rig.logged('reload.');
    assert.match(rig.log.join(''), new RegExp(`"event":"${event}"`));
  }

  async function end(rig: Rig): Promise<void> {
    rig.signals.emit('SIGTERM', 'SIGTERM');
    assert.equal(await rig.status, 0);
    assert.deepEqual(readdirSync(folder), []);
  }

  test('answers while the gateway runs, and is removed when it has stopped', async () => {
    const rig = run(withAdmin('a'));
    await rig.logged('gateway.ready');
    assert.equal(await answers('a'), true);
    await end(rig);
  });

  test('another one by a reload, none, and one again', async () => {
    const rig = run(withAdmin('a'));
    await rig.logged('gateway.ready');
    await reload(rig, withAdmin('b'), 'reload.done');
    assert.deepEqual([await answers('a'), await answers('b')], [false, true]);
    await reload(rig, TEXT, 'reload.done');
    assert.deepEqual(readdirSync(folder), []);
    await reload(rig, withAdmin('a'), 'reload.done');
    await reload(rig, withAdmin('a'), 'reload.done');
    assert.equal(await answers('a'), true);
    await end(rig);
  });

  test('one that cannot be made: the reload fails and the old one stays', async () => {
    const rig = run(withAdmin('a'));
    await rig.logged('gateway.ready');
    await reload(rig, withAdmin('missing/b'), 'reload.failed');
    assert.match(rig.log.join(''), /ERR_ADMIN_LISTEN/);
    assert.deepEqual(rig.gateway.calls, []);
    assert.equal(await answers('a'), true);
    await end(rig);
  });

  test('the gateway refuses the file: the new one is removed, the old one stays', async () => {
    const rig = run(withAdmin('a'));
    await rig.logged('gateway.ready');
    rig.gateway.reloadResult = () => Promise.reject(new StoxgateError('ERR_GATEWAY_RELOAD', 'no'));
    await reload(rig, withAdmin('b'), 'reload.failed');
    assert.deepEqual([await answers('a'), await answers('b')], [true, false]);
    await end(rig);
  });

  test('one that another gateway has: exit 1, and its socket stays', async () => {
    const first = run(withAdmin('a'));
    await first.logged('gateway.ready');
    const [port = 0] = await freePorts(1);
    const second = run(`${withAdmin('a')}console: { listen: "127.0.0.1:${port}" }\n`);
    assert.equal(await second.status, 1);
    assert.match(second.log.join(''), /ERR_ADMIN_LISTEN.*a running process has it/);
    assert.deepEqual(second.gateway.calls, ['stop']);
    assert.equal(await pageStatus(port), undefined, 'its console is closed again');
    assert.equal(await answers('a'), true);
    await end(first);
  });
});
