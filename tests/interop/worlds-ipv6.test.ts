// The same without any IPv4 address, that of the loopback interface included.
import { inOwnNetwork } from '../peers/own-network.ts';
import { playWorlds } from './worlds-play.ts';

inOwnNetwork(import.meta.filename, 6, (network) => playWorlds('prosody', network));
