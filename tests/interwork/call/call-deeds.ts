// What the people of a played call can do, each of their own accord.

import { rtpInfoElement } from '../../../src/xmpp/index.ts';
import { contentOf, type CallPlay } from './call-play.ts';

export type Deed = (play: CallPlay) => void;

const info = (play: CallPlay, kind: 'hold' | 'unhold'): void =>
  play.act(play.desk, { action: 'session-info', infos: [rtpInfoElement({ kind })] });

/** How a call comes to its answer and to its end. */
export const LIFE: Readonly<Record<string, Deed>> = {
  phoneRings: (play) => play.phone.progress(180),
  phoneTakes: (play) => play.phoneTakesCall(),
  phoneLeaves: (play) => play.phone.end(486),
  deskRings: (play) => play.desk.initiate({ kind: 'ring' }),
  deskTakes: (play) => play.take(play.desk),
  pocketTakes: (play) => play.take(play.pocket),
  deskStarts: (play) => play.startSession(play.desk),
  deskTrickles: (play) => play.startSession(play.desk, { candidates: false }),
  deskLeaves: (play) => play.leave(play.desk),
  deskBusy: (play) => play.leave(play.desk, 'busy'),
  pocketDeclines: (play) => play.leave(play.pocket, 'decline'),
  deskGone: (play) => {
    play.xmpp.step({ kind: 'unavailable' });
    play.xmpp.step({ kind: 'graceOver' });
  },
  crossing: (play) => play.xmpp.initiate({ kind: 'crossed', from: play.desk.self, id: '0' }),
  nobodyAnswers: (play) => play.expire('answer'),
  gathered: (play) => play.expire('gather'),
  undecided: (play) => play.expire('change'),
  handedOver: (play) => {
    if (play.call.phase === 'up') play.feed({ kind: 'handedOver', by: 'sip' });
  },
  stopped: (play) => {
    if (play.call.phase !== 'idle') play.feed({ kind: 'shutDown' });
  },
};

/** What changes an answered one. */
export const CHANGES: Readonly<Record<string, Deed>> = {
  phoneHolds: (play) => {
    play.phoneDirection = play.phoneDirection === 'sendrecv' ? 'sendonly' : 'sendrecv';
    play.phone.want(true);
  },
  phoneAsks: (play) => play.phone.want(false),
  phoneAdds: (play) => {
    if (play.phoneMedia.length < 2) play.phoneMedia = [...play.phoneMedia, 'video'];
    play.phone.want(true);
  },
  phoneMoves: (play) => {
    play.phoneUfrag = `${play.phoneUfrag}x`;
    play.phone.want(true);
  },
  deskAdds: (play) =>
    play.act(play.desk, {
      action: 'content-add',
      contents: [contentOf('cam', play.desk.session?.role ?? 'responder', 'video')],
    }),
  deskRemoves: (play) =>
    play.act(play.desk, {
      action: 'content-remove',
      contents: [{ name: 'cam', creator: play.desk.session?.role ?? 'responder' }],
    }),
  deskMoves: (play) => {
    const [content] = play.desk.session?.contents ?? [];
    if (content === undefined) return;
    const { name, creator } = content;
    const { transport } = contentOf(name, creator, 'audio', { ufrag: 'mov1' });
    play.act(play.desk, { action: 'transport-replace', contents: [{ name, creator, transport }] });
  },
  deskHolds: (play) => info(play, 'hold'),
  deskUnholds: (play) => info(play, 'unhold'),
  // Once and for all: how the play is judged depends on it.
  phoneRefuses: (play) => {
    play.habits = { ...play.habits, phoneTakes: false };
  },
  clientRefuses: (play) => {
    play.habits = { ...play.habits, clientTakes: false };
  },
};

/** The call is taken at the desk, or by the phone. */
export function answerCall(play: CallPlay): void {
  play.flush();
  play.startSession(play.desk);
  play.take(play.desk);
  play.flush();
  play.take(play.desk);
  play.phoneTakesCall();
  play.rest();
}
