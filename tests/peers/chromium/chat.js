// The page's side of tests/peers/browser-chat.ts: a chat client made of the public library stanza, as window.chat. Its calls are
// Jingle sessions (XEP-0166) with the browser's own WebRTC; the library knows no proposals (XEP-0353).

import { createClient } from 'stanza';
import { capture, descriptionsOf, event, forget, mediaOf, play, tell } from './media.js';

let client;
let session;
const stanzas = [];

/** `server` is the URL of the WebSocket (RFC 7395). The full JID that the server gave. */
function open({ server, jid, password, resource }) {
  client = createClient({ jid, password, resource, transports: { websocket: server, bosh: false } });
  client.on('raw:outgoing', (text) => stanzas.push(`OUT ${text}`));
  client.on('raw:incoming', (text) => stanzas.push(`IN ${text}`));
  client.on('subscribe', ({ from }) => {
    client.acceptSubscription(from);
    tell('subscribe', from);
  });
  client.on('presence', ({ from, type }) => tell('presence', `${type ?? 'available'} ${from}`));
  client.jingle.on('incoming', (incoming) => {
    watch(incoming);
    tell('incoming', incoming.peerID);
  });
  client.jingle.on('terminated', (ended, reason) => {
    if (ended === session) tell('ended', reason?.condition ?? '');
  });
  return new Promise((resolve, reject) => {
    client.on('auth:failed', () => reject(new Error('authentication failed')));
    client.on('session:started', async () => {
      await client.getRoster();
      client.updateCaps();
      client.sendPresence({ legacyCapabilities: client.disco.getCaps() });
      resolve(client.jid);
    });
    client.connect();
  });
}

function watch(one) {
  session = one;
  one.pc.addEventListener('connectionstatechange', () => {
    if (one.pc.connectionState !== 'connected') return;
    play(one.pc);
    tell('connected');
  });
}

async function call(to, media) {
  const one = client.jingle.createMediaSession(to, undefined, await capture(media));
  watch(one);
  const offer = {
    offerToReceiveAudio: media.includes('audio'),
    offerToReceiveVideo: media.includes('video'),
  };
  await new Promise((resolve) => one.start(offer, resolve));
}

async function accept(media) {
  const stream = await capture(media);
  for (const track of stream.getTracks()) session.addTrack(track, stream);
  await new Promise((resolve) => session.accept({}, resolve));
}

function hangUp() {
  session.end('success');
}

/** Asks to see somebody's presence. */
function subscribe(to) {
  client.subscribe(to);
}

/** The features of an address. */
async function features(of) {
  return (await client.getDiscoInfo(of)).features;
}

/** All that crossed the wire. */
function wire() {
  return stanzas.join('\n');
}

function close() {
  client.disconnect();
}

const media = () => mediaOf(session?.pc);
const descriptions = () => descriptionsOf(session?.pc);

window.chat = {
  open,
  call,
  accept,
  hangUp,
  subscribe,
  features,
  wire,
  event,
  forget,
  media,
  descriptions,
  close,
};
