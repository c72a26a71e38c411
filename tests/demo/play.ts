// What the demonstration's two users say to each other, and what must come of it.
import { waitFor } from '../peers/wait.ts';
import { SIP_DOMAIN, XMPP_DOMAIN, type Stage } from './stage.ts';

export interface Scene {
  readonly title: string;
  /** Resolves to undefined when all went as it must, else to what did not. */
  run(stage: Stage): Promise<string | undefined>;
}

const ALICE = `alice@${XMPP_DOMAIN}`;
const BOB = `bob@${SIP_DOMAIN}`;
const TIMEOUT_MS = 10_000;

export const SCENES: readonly Scene[] = [
  { title: 'Bob writes from his SIP phone', run: (stage) => phoneToClient(stage, 'Good morning, Alice!') },
  { title: 'Alice answers from her XMPP client', run: (stage) => clientToPhone(stage, 'Good morning, Bob.') },
  {
    title: 'Signs that mean something in XML, a letter outside ASCII',
    run: (stage) => phoneToClient(stage, 'if (a < b && b > "c") say(\'naïve\')'),
  },
  {
    title: 'Two lines, right to left, an emoji',
    run: (stage) => clientToPhone(stage, 'שלום בוב\n👋 from the other side'),
  },
  { title: 'Bob writes to somebody who does not exist: his phone is told', run: phoneToNobody },
  { title: 'So does Alice: her client is told', run: clientToNobody },
];

async function phoneToClient(stage: Stage, text: string): Promise<string | undefined> {
  const from = stage.client.agent.events.length;
  await stage.phone.message(`sip:${ALICE}`, text);
  const arrived = await stage.client
    .message((m) => m.sender.startsWith(BOB), TIMEOUT_MS, from)
    .catch(() => undefined);
  return compare('the XMPP client', arrived?.body ?? undefined, text);
}

async function clientToPhone(stage: Stage, text: string): Promise<string | undefined> {
  const before = stage.phone.received.length;
  stage.client.send({ to: BOB, body: text });
  const arrived = await waitFor(() => stage.phone.received[before], TIMEOUT_MS);
  return compare('the SIP phone', arrived?.body, text);
}

async function phoneToNobody(stage: Stage): Promise<string | undefined> {
  const before = stage.phone.output.length;
  await stage.phone.message(`sip:nobody@${XMPP_DOMAIN}`, 'Is anybody there?');
  const told = await waitFor(
    () => /SIP\/2\.0 (480|404|604|403) /.exec(stage.phone.output.slice(before)),
    TIMEOUT_MS,
  );
  return told ? undefined : 'the SIP phone got no answer about an unknown XMPP user';
}

async function clientToNobody(stage: Stage): Promise<string | undefined> {
  const from = stage.client.agent.events.length;
  stage.client.send({ to: `nobody@${SIP_DOMAIN}`, body: 'Is anybody there?' });
  const told = await stage.client.message((m) => m.type === 'error', TIMEOUT_MS, from).catch(() => undefined);
  if (told === undefined) return 'the XMPP client got no error about an unknown SIP user';
  return told.condition === 'item-not-found'
    ? undefined
    : `the XMPP client was told ${told.condition}, not item-not-found`;
}

function compare(who: string, arrived: string | undefined, sent: string): string | undefined {
  if (arrived === undefined) return `${who} got nothing within ${TIMEOUT_MS / 1_000} s`;
  return arrived === sent
    ? undefined
    : `${who} got ${JSON.stringify(arrived)} instead of ${JSON.stringify(sent)}`;
}
