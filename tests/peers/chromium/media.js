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

/** See BrowserMedia in browser-media.ts. */
export async function mediaOf(connection) {
  if (!connection) return undefined;
  const all = new Map();
  (await connection.getStats()).forEach((each) => all.set(each.id, each));
  const found = { ice: connection.iceConnectionState, dtls: '', srtp: '', local: '', remote: '', kinds: {} };
  const placeOf = (id) => {
    const { address, port } = all.get(id) ?? {};
    return address === undefined ? '' : `${address}:${port}`;
  };
  const streamOf = (kind) =>
    (found.kinds[kind] ??= { codec: '', sent: 0, received: 0, energy: 0, frames: 0 });
  for (const each of all.values()) {
    if (each.type === 'transport') {
      const pair = all.get(each.selectedCandidatePairId);
      found.dtls = each.dtlsState;
      found.srtp = each.srtpCipher ?? '';
      found.local = placeOf(pair?.localCandidateId);
      found.remote = placeOf(pair?.remoteCandidateId);
    } else if (each.type === 'outbound-rtp') {
      streamOf(each.kind).sent += each.packetsSent;
    } else if (each.type === 'inbound-rtp') {
      const one = streamOf(each.kind);
      one.received += each.packetsReceived;
      one.energy += each.totalAudioEnergy ?? 0;
      one.frames += each.framesDecoded ?? 0;
      one.codec = all.get(each.codecId)?.mimeType ?? '';
    }
  }
  return found;
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
