// The page's side of tests/peers/browser-phone.ts: a phone made of the public library SIP.js, as window.phone.

import {
  Inviter,
  Messager,
  Registerer,
  RegistererState,
  SessionState,
  Subscriber,
  UserAgent,
  Web,
} from 'sip.js';
import { capture, descriptionsOf, event, forget, mediaOf, play, tell } from './media.js';

const received = [];
const lines = [];
const waiting = [];
let agent;
let session;

/** `server` is the URL of the WebSocket; the host of Via and Contact is what SIP.js makes up (RFC 7118 §5). */
async function open({ server, user, domain, password }) {
  agent = new UserAgent({
    uri: UserAgent.makeURI(`sip:${user}@${domain}`),
    transportOptions: { server },
    authorizationUsername: user,
    authorizationPassword: password,
    logBuiltinEnabled: false,
    logLevel: 'debug',
    logConnector: (_level, _category, _label, text) => lines.push(text),
    sessionDescriptionHandlerFactory: Web.defaultSessionDescriptionHandlerFactory((constraints) =>
      capture(mediaIn(constraints)),
    ),
    sessionDescriptionHandlerFactoryOptions: {
      iceGatheringTimeout: 2000,
      peerConnectionConfiguration: { iceServers: [] },
    },
    delegate: {
      onInvite: (invitation) => {
        follow(invitation);
        tell('incoming', invitation.remoteIdentity.uri.toString());
      },
      onMessage: (message) => {
        const { from, body } = message.request;
        received.push({ from: from.uri.toString(), text: body });
        waiting.shift()?.();
        void message.accept();
      },
    },
  });
  await agent.start();
  return agent.configuration.viaHost;
}

/** The status of the final response to a REGISTER that a challenge does not end. */
function register() {
  const registerer = new Registerer(agent, { expires: 600 });
  return new Promise((resolve, reject) => {
    const requestDelegate = {
      onAccept: (response) =>
        resolve([response.message.statusCode, registerer.state === RegistererState.Registered]),
      onReject: (response) => resolve([response.message.statusCode, false]),
    };
    registerer.register({ requestDelegate }).catch(reject);
  });
}

/** The status of the final response to a message. */
function send(to, text) {
  return new Promise((resolve, reject) => {
    const requestDelegate = {
      onAccept: (response) => resolve(response.message.statusCode),
      onReject: (response) => resolve(response.message.statusCode),
    };
    new Messager(agent, UserAgent.makeURI(to), text).message({ requestDelegate }).catch(reject);
  });
}

/** The next message that was not handed out yet; the driver limits the time. */
async function next() {
  if (received.length === 0) await new Promise((resolve) => waiting.push(resolve));
  return received.shift();
}

/** Watches somebody's presence; each document is an event. */
async function watch(to) {
  const subscriber = new Subscriber(agent, UserAgent.makeURI(to), 'presence', {
    delegate: {
      onNotify: (notification) => {
        const { body } = notification.request;
        notification.accept().then(
          () => tell('notified', body),
          (error) => tell('failed', String(error)),
        );
      },
    },
  });
  await subscriber.subscribe();
}

const mediaIn = ({ audio, video }) => [...(audio ? ['audio'] : []), ...(video ? ['video'] : [])];
const wanted = (media) => ({
  sessionDescriptionHandlerOptions: {
    constraints: { audio: media.includes('audio'), video: media.includes('video') },
  },
});

function follow(one) {
  session = one;
  one.stateChange.addListener((state) => {
    if (state === SessionState.Established) {
      play(connection());
      tell('connected');
    }
    if (state === SessionState.Terminated) tell('ended');
  });
}

async function call(to, media) {
  const inviter = new Inviter(agent, UserAgent.makeURI(to), wanted(media));
  follow(inviter);
  await inviter.invite();
}

async function accept(media) {
  await session.accept(wanted(media));
}

async function hangUp() {
  await (session.state === SessionState.Established ? session.bye() : session.cancel());
}

const connection = () => session?.sessionDescriptionHandler?.peerConnection;
const media = () => mediaOf(connection());
const descriptions = () => descriptionsOf(connection());

/** All that crossed the wire, and what the library thinks of it. */
const wire = () => lines.join('\n');

async function close() {
  await agent.stop();
}

window.phone = {
  open,
  register,
  send,
  next,
  watch,
  call,
  accept,
  hangUp,
  event,
  forget,
  media,
  descriptions,
  wire,
  close,
};
