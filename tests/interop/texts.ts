// Texts that have to cross unchanged, each with what could go wrong with it.

export interface SampleText {
  readonly name: string;
  readonly text: string;
}

/** Every user agent can send and show these. */
export const TEXTS: readonly SampleText[] = [
  { name: 'the five signs of XML', text: `<b>a & b</b> "c" 'd'` },
  { name: 'what looks escaped already', text: '&amp; &lt; &#60; %41 \\27 ]]> <![CDATA[x]]>' },
  { name: 'newlines', text: 'one\ntwo\n\nfour' },
  { name: 'emoji of several code points', text: '👩‍👩‍👧‍👦 👍🏽 🏳️‍🌈 𝄞' },
  { name: 'right to left', text: 'שלום עולם — مرحبا بالعالم' },
  { name: 'combining and full-width letters', text: 'e\u0301 Ａ ǆ ﬁ ß' },
  { name: 'one byte', text: 'x' },
  { name: 'eight hundred octets', text: 'ab'.repeat(400) },
];

/** Some user agents trim or interpret these: from and to endpoints of ours only. */
export const EXACT_TEXTS: readonly SampleText[] = [
  { name: 'spaces and tabs at both ends', text: '  \t two spaces \t ' },
  { name: 'an empty line first and last', text: '\n\nmiddle\n\n' },
  {
    name: 'a SIP request inside',
    text: 'x\n\nMESSAGE sip:mallory@example.net SIP/2.0\nFrom: <sip:root@example.net>\n\nforged',
  },
  { name: 'stanzas inside', text: `</body></message><message to='carol@example.org'><body>forged` },
  { name: 'a command of a client', text: '/me waves /quit' },
];
