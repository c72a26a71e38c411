// The main job in the open: messages cross between a SIP phone and an XMPP client, each shown as a ladder of both legs.
// `--once` plays its scenes and exits 0 or 1; without it everything stays up for the reader's own clients until Ctrl-C.
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { killAllPeers } from '../peers/peer-process.ts';
import { removeAllTempFolders, TempFolder } from '../peers/temp-folder.ts';
import { waitFor } from '../peers/wait.ts';
import { textField } from '../peers/json-object.ts';
import { Crossings } from './crossings.ts';
import { drawLadder, palette } from './ladder.ts';
import { SCENES } from './play.ts';
import { Robots } from './robots.ts';
import { SIP_ACCOUNTS, SIP_DOMAIN, Stage, XMPP_ACCOUNTS, XMPP_DOMAIN } from './stage.ts';
import { readKamailioTrace, readProsodyTrace } from './wire-events.ts';

const USAGE = `usage: ./demo [--once]
  Starts Prosody, Kamailio and Stoxgate on loopback in a temporary folder, and lets a SIP phone (baresip) and an
  XMPP client (slixmpp) write to each other through them.
  --once   play the scenes, then stop; exit status 0 when every message had the outcome that it must have, else 1`;

/** How long the ladder of a scene may take after the scene itself is over. */
const LADDER_MS = 3_000;

const colour = palette(process.stdout.isTTY && process.env['NO_COLOR'] === undefined);
const say = (text = ''): void => void process.stdout.write(`${text}\n`);

const arguments_ = readArguments();
if (arguments_ === undefined) {
  process.stderr.write(`${USAGE}\n`);
  process.exit(2);
}
if (arguments_.help) {
  say(USAGE);
  process.exit(0);
}
process.exitCode = await run(arguments_.once);

function readArguments(): { once: boolean; help: boolean } | undefined {
  try {
    const options = {
      once: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    } as const;
    return parseArgs({ options }).values;
  } catch {
    return undefined;
  }
}

async function run(once: boolean): Promise<number> {
  const folder = new TempFolder('demo');
  const robots = new Robots();
  const crossings = new Crossings((crossing) => say(drawLadder(crossing, colour)));
  const interrupted = new Promise<string>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.once(signal, () => resolve(signal));
    // The reader of our output went away (`./demo | head`): nobody watches any more.
    process.stdout.on('error', () => resolve('end of output'));
  });
  let stage: Stage | undefined;
  try {
    const signal = await Promise.race([
      interrupted,
      (async () => {
        let gatewayAddress = '';
        stage = await Stage.prepare(folder, {
          kamailio: (line) => show(crossings, readKamailioTrace(line, gatewayAddress)),
          prosody: (line) => show(crossings, readProsodyTrace(line)),
          stoxgate: (line) => {
            const [stanzaId, callId] = [textField(line, 'cid'), textField(line, 'callId')];
            if (stanzaId !== undefined && callId !== undefined) crossings.join(stanzaId, callId);
          },
        });
        gatewayAddress = `127.0.0.1:${stage.ports.gatewaySip}`;
        say('Starting Prosody (example.org), Kamailio (example.net) and Stoxgate between them …');
        const began = performance.now();
        await stage.start();
        say(`All up after ${((performance.now() - began) / 1_000).toFixed(1)} s.\n`);
        await play(stage, crossings);
        return undefined;
      })(),
    ]);
    if (signal !== undefined) return stopped(signal, once);
    say(colour.good(`All ${SCENES.length} messages had the outcome that they must have.`));
    if (once || stage === undefined) return 0;
    say(invitation(stage));
    robots.start(stage);
    listenToTheTerminal(stage);
    return stopped(await interrupted, once);
  } catch (error) {
    process.stderr.write(
      `\n${colour.bad('The demonstration failed:')} ${error instanceof Error ? error.message : String(error)}\n`,
    );
    if (stage?.gateway.output)
      process.stderr.write(`The gateway's last words:\n${stage.gateway.output.slice(-1_500)}\n`);
    return 1;
  } finally {
    robots.stop();
    crossings.stop();
    process.stdin.destroy();
    await stage?.stop().catch(() => {});
    killAllPeers();
    if (process.env['STOXGATE_KEEP'] === '1') say(`Logs and configuration: ${folder.path}`);
    removeAllTempFolders();
  }
}

function show(crossings: Crossings, event: ReturnType<typeof readProsodyTrace>): void {
  if (event) crossings.add(event);
}

/** Throws at the first message that has another outcome than it must have. */
async function play(stage: Stage, crossings: Crossings): Promise<void> {
  for (const [index, scene] of SCENES.entries()) {
    say(colour.bold(`${index + 1}. ${scene.title}`));
    const fault = await scene.run(stage);
    await waitFor(() => crossings.openCount === 0, LADDER_MS);
    if (fault !== undefined) throw new Error(fault);
  }
}

function stopped(signal: string, once: boolean): number {
  say(`\n${signal}: stopping everything …`);
  // Somebody who asked for the result of one run and interrupted it has none.
  return once ? 1 : 0;
}

function listenToTheTerminal(stage: Stage): void {
  createInterface({ input: process.stdin }).on('line', (line) => {
    const [, who, text] = /^\s*(alice|bob)\s*:\s*(.+)$/i.exec(line) ?? [];
    if (who === undefined || text === undefined) {
      if (line.trim() !== '') say(colour.dim('Type "alice: TEXT" or "bob: TEXT".'));
    } else if (who.toLowerCase() === 'alice') stage.client.send({ to: `bob@${SIP_DOMAIN}`, body: text });
    else void stage.phone.message(`sip:alice@${XMPP_DOMAIN}`, text);
  });
}

function invitation(stage: Stage): string {
  const { ports } = stage;
  const [, carol] = XMPP_ACCOUNTS;
  const [, dave] = SIP_ACCOUNTS;
  return `
${colour.bold('Try it with clients of your own')} (everything listens on 127.0.0.1 only)
  XMPP client   ${carol.user}@${XMPP_DOMAIN}   password ${carol.password}   server 127.0.0.1, port ${ports.xmppClient}
                (no encryption, or STARTTLS with a self-signed certificate)
  SIP phone     ${dave.user}@${SIP_DOMAIN}    password ${dave.password}    proxy 127.0.0.1, port ${ports.sipProxy}, UDP or TCP
  Write from one to the other, or to alice@${XMPP_DOMAIN} and bob@${SIP_DOMAIN}: robots, they answer you.
  Here:         "alice: TEXT" is sent by Alice to Bob, "bob: TEXT" by Bob to Alice.
  The gateway:  http://127.0.0.1:${ports.console}/healthz and /metrics; its configuration is ${stage.gateway.configFile}
${colour.dim('Ctrl-C stops everything and removes it.')}
`;
}
