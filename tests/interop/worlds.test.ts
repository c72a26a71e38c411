// Whole worlds over IPv4, with each XMPP server (rows DNS-01, DNS-02, DNS-10, S2S-01; RFC 7247 §5, RFC 3263, RFC 5922).
import { inOwnNetwork } from '../peers/own-network.ts';
import { SERVERS } from './lab.ts';
import { playWorlds } from './worlds-play.ts';

inOwnNetwork(import.meta.filename, 4, (network) => {
  for (const server of SERVERS) playWorlds(server, network);
});
