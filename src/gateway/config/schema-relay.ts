// The part of the configuration that says which media relays there are, and for whom they are.

import * as z from 'zod';
import { canonicalIp, err, type Result } from '../../base/index.ts';
import { RELAY_PROFILES } from '../../edge/rtpengine/index.ts';
import { parseHostPort, parseSipPattern, parseXmppPattern, type HostPort } from './fields.ts';
import { documented, name, parsed } from './schema-kit.ts';

/** Reads where an rtpengine takes its control protocol. */
export function parseInstance(text: string): Result<HostPort, string> {
  const place = parseHostPort(text, undefined);
  if (!place.ok || canonicalIp(place.value.host) !== undefined) return place;
  return err(`"${place.value.host}" is a name; an instance is given by its address, such as 10.0.0.7:2223`);
}

const profiles = Object.entries(RELAY_PROFILES).map(([key, says]) => `\`${key}\` ${says}`);

const rule = z.strictObject({
  sip: documented(parsed(parseSipPattern).default('*'), {
    type: 'domain, `*.domain` or `"*"`',
    says: 'For calls of which SIP users: the domain of their SIP addresses.',
    example: 'example.net',
  }),
  xmpp: documented(parsed(parseXmppPattern).default('*'), {
    type: 'domain, `*.domain` or `"*"`',
    says: 'For calls of which XMPP users: the domain of their JIDs.',
    example: '"*.example.org"',
  }),
  profile: documented(z.enum(profileNames()).default('webrtc-to-rtp'), {
    says: `What the SIP side is offered, while XMPP clients always have ICE and DTLS-SRTP: ${profiles.join('; ')}. A SIP user who calls gets an answer in the protocol that he offered.`,
    example: 'webrtc-to-srtp',
  }),
  when: documented(z.enum(['needed', 'always']).default('needed'), {
    says: 'Whether the relay is used only where both cannot agree: when a SIP user offers no ICE or no DTLS-SRTP, and when a SIP user refuses the offer of an XMPP user with 415, 488 or 606; or for every call.',
    example: 'always',
  }),
  interfaces: documented(
    z
      .strictObject({
        sip: documented(name(64), {
          type: 'text',
          says: "The relay's interface towards the SIP side, by its name in rtpengine's `interface`.",
          example: 'inner',
        }),
        xmpp: documented(name(64), {
          type: 'text',
          says: "The relay's interface towards the XMPP side.",
          example: 'outer',
        }),
      })
      .exactOptional(),
    {
      type: '`{ sip, xmpp }`',
      default: "rtpengine's first interface, for both sides",
      says: 'Which interfaces a relay with several uses.',
      example: '{ sip: inner, xmpp: outer }',
    },
  ),
});

function profileNames(): (keyof typeof RELAY_PROFILES)[] {
  const isName = (key: string): key is keyof typeof RELAY_PROFILES => Object.hasOwn(RELAY_PROFILES, key);
  return Object.keys(RELAY_PROFILES).filter(isName);
}

export const mediaRelay = documented(
  z
    .strictObject({
      instances: documented(z.array(parsed(parseInstance)).min(1).max(16), {
        type: 'list of `ADDRESS:PORT`',
        says: 'Where each rtpengine takes its control protocol (ng over UDP, its `listen-ng`). New calls take turns; one that does not answer is passed over. The protocol has no authentication: it belongs into a private network.',
        example: '["10.0.0.7:2223", "10.0.0.8:2223"]',
      }),
      rules: documented(z.array(rule).min(1).max(1000).prefault([{}]), {
        type: 'list of `{ sip, xmpp, profile, when, interfaces }`',
        default: 'one rule, for all calls',
        says: 'For which calls the relays are. The first rule that fits decides; where none does, no relay is used.',
        example: '[{ sip: example.net, xmpp: "*", profile: webrtc-to-rtp }]',
      }),
    })
    .exactOptional(),
  {
    default: 'absent: no media relay',
    says: 'Media relays (rtpengine) for calls whose sides cannot agree, such as a desk phone with plain RTP and a chat client that takes ICE and DTLS-SRTP only. The gateway itself carries no media.',
    example: '{ instances: ["10.0.0.7:2223"] }',
  },
);

type Relay = NonNullable<z.output<typeof mediaRelay>>;
export type ConfiguredRelay = Relay;
export type ConfiguredRelayRule = Relay['rules'][number];
