import { udpSuite } from './udp-suite.ts';

udpSuite('SIP over UDP, by node:dgram');
