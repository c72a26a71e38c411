// What the pages of tests/peers/chromium.ts share: microphone and camera (Chromium's own false ones), what was counted of a call,
// and events that wait until the driver asks for them.

/** A stream with these media. */
export function capture(media) {
  const video = media.includes('video') && { width: 320, height: 240 };
  return navigator.mediaDevices.getUserMedia({ audio: media.includes('audio'), video });
}

/** Received media are decoded, and their energy counted, only where something plays them. */
export function play(connection) {
  const element = document.createElement('video');
  element.srcObject = new MediaStream(connection.getReceivers().map(({ track }) => track));
  element.autoplay = true;
  document.body.append(element);
  void element.play();
}

const NOTHING = {
  codec: '',
  sent: 0,
  received: 0,
  energy: 0,
  frames: 0,
  dtls: '',
  srtp: '',
  local: '',
  remote: '',
};

/** See BrowserMedia in browser-media.ts. */
export async function mediaOf(connection) {
  if (!connection) return undefined;
  const all = new Map();
  (await connection.getStats()).forEach((each) => all.set(each.id, each));
  const kinds = {};
  for (const each of all.values()) {
    if (each.type !== 'outbound-rtp' && each.type !== 'inbound-rtp') continue;
    const one = (kinds[each.kind] ??= { ...NOTHING, ...wayOf(all, each.transportId) });
    if (each.type === 'outbound-rtp') {
      one.sent += each.packetsSent;
      continue;
    }
    one.received += each.packetsReceived;
    one.energy += each.totalAudioEnergy ?? 0;
    one.frames += each.framesDecoded ?? 0;
    one.codec = all.get(each.codecId)?.mimeType ?? '';
  }
  return { ice: connection.iceConnectionState, kinds };
}

/** One transport of ICE and DTLS: a stream's own, or one for all (BUNDLE). */
function wayOf(all, id) {
  const transport = all.get(id);
  const pair = all.get(transport?.selectedCandidatePairId);
  const placeOf = (candidate) => {
    const { address, port } = all.get(candidate) ?? {};
    return address === undefined ? '' : `${address}:${port}`;
  };
  return {
    dtls: transport?.dtlsState ?? '',
    srtp: transport?.srtpCipher ?? '',
    local: placeOf(pair?.localCandidateId),
    remote: placeOf(pair?.remoteCandidateId),
  };
}

export function descriptionsOf(connection) {
  return `${connection?.localDescription?.sdp}\n${connection?.remoteDescription?.sdp}`;
}

const told = [];
const waiting = new Set();

export function tell(type, detail = '') {
  told.push({ type, detail });
  for (const wake of waiting) wake();
}

/** The next event of a type that was not handed out yet; the driver limits the time. */
export async function event(type) {
  for (;;) {
    const at = told.findIndex((each) => each.type === type);
    if (at >= 0) return told.splice(at, 1)[0];
    await new Promise((resolve) => waiting.add(resolve));
    waiting.clear();
  }
}

export function forget() {
  told.length = 0;
}
