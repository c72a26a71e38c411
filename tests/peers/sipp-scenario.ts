// Scenarios of sipp for calls, written as what a phone says and expects, one step after the other. sipp itself is strict: what a
// scenario does not expect fails it.

/** Text of a scenario. */
export type Step = string;

interface Check {
  readonly header?: string;
  /** POSIX extended; what does not fit fails the scenario. With `absent`, what fits does. */
  readonly pattern: string;
  readonly absent?: true;
}

export interface Expected {
  /** It may come, or something after it. */
  readonly optional?: true;
  readonly checks?: readonly Check[];
  /** Milliseconds; what does not come by then fails the scenario. */
  readonly timeoutMs?: number;
}

export interface Said {
  /** Lines. */
  readonly headers?: readonly string[];
  readonly sdp?: string;
  /** Another body than a description. */
  readonly body?: { readonly type: string; readonly text: string };
  /** An ACK to a failure: it belongs to the transaction of its request. */
  readonly failed?: true;
  /** Of the dialog, where the phone has several; default `one`. */
  readonly tag?: string;
  readonly reason?: string;
  /** Not once more by itself until something comes back. */
  readonly once?: true;
}

export function sippScenario(name: string, steps: readonly Step[]): string {
  const head = '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE scenario SYSTEM "sipp.dtd">';
  const text = steps.join('\n');
  // sipp takes a variable that is set and never used for a slip of the pen.
  const kept = new Set(
    [...text.matchAll(/assign_to="([\w,]+)"/g)].flatMap(([, names = '']) => names.split(',')),
  );
  const reference = kept.size === 0 ? '' : `<Reference variables="${[...kept].join(',')}"/>\n`;
  return `${head}\n<scenario name="${name}">\n${text}\n${reference}</scenario>\n`;
}

/** A description of the phone; `port` 0 rejects. */
export function phoneSdp(port: number, more: readonly string[] = [], version = 1): string {
  return [
    ...['v=0', `o=- 1 ${version} IN IP4 127.0.0.1`, 's=-', 'c=IN IP4 127.0.0.1', 't=0 0'],
    ...[`m=audio ${port} RTP/AVP 0 8`, 'a=rtpmap:0 PCMU/8000', 'a=rtpmap:8 PCMA/8000', ...more, ''],
  ].join('\n');
}

function message(lines: readonly string[], { headers = [], sdp, body }: Said): string {
  const type = sdp === undefined ? body?.type : 'application/sdp';
  const isMoved = headers.some((line) => line.startsWith('Contact:'));
  const content = type === undefined ? [] : [`Content-Type: ${type}`];
  return [
    '<![CDATA[',
    ...lines.filter((line) => line !== CONTACT || !isMoved),
    ...headers,
    ...content,
    'Content-Length: [len]',
    '',
    `${sdp ?? body?.text ?? ''}]]>`,
  ].join('\n');
}

function send(lines: readonly string[], said: Said, again: boolean): Step {
  const retrans = again && said.once !== true ? ' retrans="500"' : '';
  return `<send${retrans}>${message(lines, said)}</send>`;
}

function receive(what: string, { optional, timeoutMs = 10_000, checks = [] }: Expected, kept = ''): Step {
  const actions = `${kept}${checks.map(checkXml).join('')}`;
  const options = optional === true ? ' optional="true"' : ` timeout="${timeoutMs}"`;
  return `<recv ${what}${options}${actions === '' ? '/>' : `><action>${actions}</action></recv>`}`;
}

function checkXml({ header, pattern, absent }: Check): string {
  const where = header === undefined ? 'search_in="msg"' : `search_in="hdr" header="${header}:"`;
  const check = absent === true ? 'check_it_inverse="true"' : 'check_it="true"';
  return `<ereg regexp="${pattern}" ${where} ${check} assign_to="all"/>`;
}

function keep(header: string, variable: string, pattern = '.*'): string {
  const names = pattern.includes('(') ? `all,${variable}` : variable;
  return `<ereg regexp="${pattern}" search_in="hdr" header="${header}:" check_it="true" assign_to="${names}"/>`;
}

const CONTACT_URI = '&lt;([^&gt;]*)&gt;';
const VIA = 'Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=z9hG4bK-[pid]-[call_number]-';
const CONTACT = 'Contact: <sip:phone@[local_ip]:[local_port];transport=[transport]>';

export const pauses = (ms: number): Step => `<pause milliseconds="${ms}"/>`;

/** What the phone expects: a request, or a response to its own. */
export const hears = (what: string | number, expected: Expected = {}): Step =>
  receive(typeof what === 'number' ? `response="${what}"` : `request="${what}"`, expected);

/** As `hears`, of a request that `repliesLate` answers when something else has come. */
export const hearsFirst = (method: string, expected: Expected = {}): Step =>
  receive(
    `request="${method}"`,
    expected,
    [keep('Via', 'lateVia'), keep('From', 'lateFrom'), keep('To', 'lateTo'), keep('CSeq', 'lateCseq')].join(
      '',
    ),
  );

export const repliesLate = (status: number, said: Said = {}): Step =>
  send(
    [
      ...[`SIP/2.0 ${status} Said by sipp`, 'Via: [$lateVia]', 'From: [$lateFrom]', 'To: [$lateTo]'],
      ...['Call-ID: [call_id]', 'CSeq: [$lateCseq]', CONTACT],
    ],
    said,
    false,
  );

/** A response to the request that came last. */
export const replies = (status: number, said: Said = {}): Step =>
  send(
    [
      `SIP/2.0 ${status} ${said.reason ?? 'Said by sipp'}`,
      ...['[last_Via:]', '[last_From:]', '[last_To:]', '[last_Call-ID:]', '[last_CSeq:]', CONTACT],
    ],
    said,
    false,
  );

const INVITE_KEPT = [
  ...[keep('Via', 'via'), keep('CSeq', 'cseq'), keep('To', 'mine'), keep('From', 'theirs')],
  keep('Contact', 'uri', CONTACT_URI),
].join('');

/** The phone that is called; it may answer as several, each with a tag of its own. */
export const callee = {
  /** The INVITE. */
  hearsInvite(expected: Expected = {}): Step {
    return receive('request="INVITE"', expected, INVITE_KEPT);
  },
  /** A response to the INVITE, whatever came since. */
  answers(status: number, said: Said = {}): Step {
    const { tag = 'one', reason = 'Said by sipp' } = said;
    const lines = [
      ...[
        `SIP/2.0 ${status} ${reason}`,
        'Via: [$via]',
        'From: [$theirs]',
        `To: [$mine];tag=[call_number]${tag}`,
      ],
      ...['Call-ID: [call_id]', 'CSeq: [$cseq]', CONTACT],
    ];
    return send(lines, said, status >= 200);
  },
  /** The INVITE, and what follows by how the name in its Request-URI begins: letters, then a figure. */
  byName(plans: Readonly<Record<string, readonly Step[]>>): Step {
    const names = Object.keys(plans);
    const asked = names.map(
      (name) => `<ereg regexp="^INVITE sip:${name}[^a-z]" search_in="msg" assign_to="is${name}"/>`,
    );
    return [
      receive('request="INVITE"', {}, `${INVITE_KEPT}${asked.join('')}`),
      ...names.map((name) => `<nop test="is${name}" next="${name}"/>`),
      ...names.flatMap((name) => [`<label id="${name}"/>`, ...(plans[name] ?? []), '<nop next="end"/>']),
      '<label id="end"/>',
    ].join('\n');
  },
  /** A request within the dialog. */
  asks(method: string, cseq: number, said: Said = {}): Step {
    return inDialog(method, cseq, `[$mine];tag=[call_number]${said.tag ?? 'one'}`, said);
  },
};

const CALLER = '<sip:[from]>;tag=[pid]x[call_number]';

/** The phone that calls. Its INVITE, the ACK to a failure and its CANCEL are one transaction. `[from]` and `[to]` are filled in by whoever runs it. `turn` tells INVITEs of one scenario apart; it is their CSeq. */
export const caller = {
  invites(said: Said = {}, turn = 1): Step {
    return send(caller.lines('INVITE', turn), said, true);
  },
  cancels(turn = 1): Step {
    return send(caller.lines('CANCEL', turn), {}, true);
  },
  /** Of a failure. */
  acknowledges(turn = 1): Step {
    return send([...caller.lines('ACK', turn).slice(0, -2), '[last_To:]', CONTACT], {}, false);
  },
  /** A response that begins the dialog. */
  hearsAnswer(status: number, expected: Expected = {}): Step {
    return receive(
      `response="${status}"`,
      expected,
      keep('To', 'theirs') + keep('Contact', 'uri', CONTACT_URI),
    );
  },
  /** A reliable provisional response: its number is kept for the PRACK. */
  hearsReliably(status: number): Step {
    const checks = [{ header: 'Require', pattern: '100rel' }];
    const kept = keep('To', 'theirs') + keep('Contact', 'uri', CONTACT_URI) + keep('RSeq', 'rseq');
    return receive(`response="${status}"`, { checks }, kept);
  },
  acknowledgesReliably(cseq: number): Step {
    return inDialog('PRACK', cseq, CALLER, { headers: ['RAck: [$rseq] 1 INVITE'] });
  },
  /** A request within the dialog; the ACK to a 2xx among them. */
  asks(method: string, cseq: number, said: Said = {}): Step {
    return inDialog(method, cseq, CALLER, said);
  },
  /** CANCEL of an INVITE within the dialog. */
  cancelsChange(cseq: number): Step {
    return inDialog('CANCEL', cseq, CALLER, {});
  },
  lines(method: string, turn: number): readonly string[] {
    return [
      ...[`${method} sip:[to] SIP/2.0`, `${VIA}${turn}`, 'Max-Forwards: 70', `From: ${CALLER}`],
      ...['Call-ID: [call_id]', `CSeq: ${turn} ${method}`, 'To: <sip:[to]>', CONTACT],
    ];
  },
};

function inDialog(method: string, cseq: number, from: string, said: Said): Step {
  const { failed, tag = '' } = said;
  const branch = `${VIA}${method === 'ACK' && failed !== true ? 'ack' : 'in'}${cseq}${tag}`;
  const lines = [
    ...[`${method} [$uri] SIP/2.0`, branch, 'Max-Forwards: 70', `From: ${from}`, 'To: [$theirs]'],
    ...['Call-ID: [call_id]', `CSeq: ${cseq} ${method}`, CONTACT],
  ];
  return send(lines, said, method !== 'ACK');
}
