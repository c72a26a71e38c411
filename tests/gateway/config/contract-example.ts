// The example of the contract with the keys that are built: its rules name three XMPP domains and it has one component.

export const CONTRACT_EXAMPLE = `domains:
  - { home: sip,  sip: example.net, xmpp: example.net }            # transparent: one address on both sides (RFC 7247)
  - { home: xmpp, xmpp: example.org, sip: example.org, presence: { model: end-to-end } }
  - { home: sip,  sip: corp.example, xmpp: phones.corp.example }   # renamed: chat and phones of one domain under two names
  - { home: sip,  sip: "*", xmpp: sip.example.org }                # any other SIP user: bob\\40sip.org@sip.example.org (XEP-0106)
  - { home: xmpp, xmpp: "*", sip: xmpp.example.net, separator: "*" } # any other XMPP user: ann*jabber.org@xmpp.example.net
sip:
  listen: ["udp://0.0.0.0:5060", "tcp://[::]:5060", { url: "tcp://10.0.0.9:5061", advertise: gw.example.net }]
  advertise: gw.example.net    # what Via and Contact say, when it is not the bound address
  next_hops:                   # instead of DNS (RFC 3263); a URI or a list in order
    example.net: ["sip:10.0.0.5:5060;transport=udp;lr", "sip:10.0.0.6:5060;transport=udp;lr"]
    "*": "sip:proxy.example.net;lr"
  trusted: ["10.0.0.5/32", { network: 10.1.0.0/16, domains: [corp.example] }]
  credentials: [{ realm: example.net, user: gw, password: { env: SIP_PASSWORD } }]
xmpp:
  components:
    - { domain: sip.example.org, host: 127.0.0.1, port: 5347, secret: { file: secret } }
messages: { accepted: 202, type: mirror, encrypted: refuse, composing: learned, reports: learned, redirects: ignore }
presence: { model: end-to-end }   # default of all domains
dns: { servers: ["127.0.0.1:53"], private_targets: refuse }
keys: [{ file: token-key }]    # signing keys, newest first; made on first start when absent
node: gw1
routes: ./routes.js            # the operator's script
console: { listen: "127.0.0.1:8080", token: { file: console-token } }
log: { level: info, format: json }
`;

const REFUSED =
  'nothing can speak for this domain, so messages from its SIP users are refused with 403: ' +
  'xmpp.components has no component with the domain';

/** What is doubtful in it. */
export const CONTRACT_REMARKS = [
  `2:43: warning: domains[0].xmpp: ${REFUSED} example.net`,
  `4:44: warning: domains[2].xmpp: ${REFUSED} phones.corp.example`,
];
