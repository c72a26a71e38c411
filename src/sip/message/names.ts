// Names of header fields: canonical id, spellings, compact forms (RFC 3261 §7.3.3, §20; IANA "SIP Parameters").

/** Which of the fields that the parser reads at once; OTHER for the rest. */
export const Slot = {
  OTHER: 0,
  VIA: 1,
  FROM: 2,
  TO: 3,
  CALL_ID: 4,
  CSEQ: 5,
  MAX_FORWARDS: 6,
  CONTENT_LENGTH: 7,
} as const;

export type Slot = (typeof Slot)[keyof typeof Slot];

export interface HeaderName {
  /** As written in this spelling. */
  readonly name: string;
  /** Long form, lower case. */
  readonly id: string;
  readonly slot: Slot;
}

const COMPACT: Readonly<Record<string, string>> = {
  a: 'Accept-Contact',
  b: 'Referred-By',
  c: 'Content-Type',
  d: 'Request-Disposition',
  e: 'Content-Encoding',
  f: 'From',
  i: 'Call-ID',
  j: 'Reject-Contact',
  k: 'Supported',
  l: 'Content-Length',
  m: 'Contact',
  n: 'Identity-Info',
  o: 'Event',
  r: 'Refer-To',
  s: 'Subject',
  t: 'To',
  u: 'Allow-Events',
  v: 'Via',
  x: 'Session-Expires',
  y: 'Identity',
};

const SLOTS: Readonly<Record<string, Slot>> = {
  via: Slot.VIA,
  from: Slot.FROM,
  to: Slot.TO,
  'call-id': Slot.CALL_ID,
  cseq: Slot.CSEQ,
  'max-forwards': Slot.MAX_FORWARDS,
  'content-length': Slot.CONTENT_LENGTH,
};

const OTHER_NAMES = [
  'Accept',
  'Accept-Encoding',
  'Accept-Language',
  'Alert-Info',
  'Allow',
  'Authorization',
  'CSeq',
  'Call-Info',
  'Content-Disposition',
  'Content-Language',
  'Content-Transfer-Encoding',
  'Date',
  'Diversion',
  'Error-Info',
  'Expires',
  'History-Info',
  'In-Reply-To',
  'Info-Package',
  'MIME-Version',
  'Max-Forwards',
  'Min-Expires',
  'Min-SE',
  'Organization',
  'P-Access-Network-Info',
  'P-Asserted-Identity',
  'P-Charging-Vector',
  'P-Preferred-Identity',
  'Path',
  'Priority',
  'Privacy',
  'Proxy-Authenticate',
  'Proxy-Authorization',
  'Proxy-Require',
  'RAck',
  'RSeq',
  'Reason',
  'Record-Route',
  'Recv-Info',
  'Refer-Sub',
  'Replaces',
  'Reply-To',
  'Require',
  'Retry-After',
  'Route',
  'SIP-ETag',
  'SIP-If-Match',
  'Server',
  'Service-Route',
  'Subscription-State',
  'Timestamp',
  'Unsupported',
  'User-Agent',
  'WWW-Authenticate',
  'Warning',
];

const spellings = new Map<string, HeaderName>();

function learn(name: string, long: string): void {
  const id = long.toLowerCase();
  spellings.set(name, { name, id, slot: SLOTS[id] ?? Slot.OTHER });
}

for (const long of [...Object.values(COMPACT), ...OTHER_NAMES]) {
  for (const name of [long, long.toLowerCase(), long.toUpperCase()]) learn(name, long);
}
learn('Call-Id', 'Call-ID');
learn('Cseq', 'CSeq');
for (const [letter, long] of Object.entries(COMPACT)) {
  learn(letter, long);
  learn(letter.toUpperCase(), long);
}

/** The known spellings by length and first letter: finding one there makes no string of its own for each field. */
const byShape: HeaderName[][] = [];

function shapeOf(length: number, firstCode: number): number {
  return (length << 5) | (firstCode & 31);
}

for (const known of spellings.values()) {
  (byShape[shapeOf(known.name.length, known.name.charCodeAt(0))] ??= []).push(known);
}

/** `headerName` of the name at [start, end) of a head. */
export function headerNameAt(head: string, start: number, end: number): HeaderName {
  const candidates = byShape[shapeOf(end - start, head.charCodeAt(start))];
  if (candidates !== undefined) {
    for (let i = 0; i < candidates.length; i++) {
      const known = candidates[i];
      if (known !== undefined && head.startsWith(known.name, start)) return known;
    }
  }
  return headerName(head.slice(start, end));
}

/** What a received name stands for. Header field names are compared without case (RFC 3261 §7.3.1). */
export function headerName(name: string): HeaderName {
  // The table is fixed: names that peers invent are computed again each time and never stored.
  const known = spellings.get(name);
  if (known !== undefined) return known;
  const lower = name.toLowerCase();
  const other = spellings.get(lower);
  return other === undefined
    ? { name, id: lower, slot: Slot.OTHER }
    : { name, id: other.id, slot: other.slot };
}
