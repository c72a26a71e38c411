// Edges with certificates, and raw TLS peers to set against them.

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { Counters, silentLog, TimerWheel } from '../../../src/base/index.ts';
import { CertificateStore, type CertificateEntry } from '../../../src/edge/tls/index.ts';
import { pemFiles, type TestCertificate } from '../../peers/test-ca.ts';
import { portOf } from './edge-rig.ts';

const clock = { now: () => performance.now(), wall: () => Date.now() };

/** A store of these certificates, as configuration would make it. */
export function certificates(...entries: CertificateEntry[]): CertificateStore {
  return new CertificateStore('sip', entries, {
    clock,
    timers: new TimerWheel(clock.now),
    log: silentLog,
    counters: new Counters(),
    readFile: (path) => readFileSync(path, 'utf8'),
    modifiedMs: () => 0,
  });
}

/** A raw TLS client; `made` undefined: without a certificate. */
export async function tlsClient(port: number, made?: TestCertificate): Promise<TLSSocket> {
  const own =
    made === undefined ? {} : { cert: pemFiles(made).certificate.text, key: pemFiles(made).key.text };
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...own });
  socket.on('error', () => {});
  await once(socket, 'secureConnect');
  return socket;
}

/** A raw TLS server that writes down what it reads. */
export async function tlsServer(made: TestCertificate) {
  const { certificate, key, ca } = pemFiles(made);
  const sockets: TLSSocket[] = [];
  const seen = { text: '', requests: 0 };
  const server = createServer(
    { cert: certificate.text, key: key.text, ca: ca?.text, requestCert: true, rejectUnauthorized: false },
    (socket) => {
      sockets.push(socket);
      socket.on('error', () => {});
      socket.on('data', (chunk) => (seen.text += chunk.toString('latin1')));
    },
  );
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    sockets,
    seen,
    target: { transport: 'TLS' as const, address: '127.0.0.1', port: portOf(server.address()) },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
