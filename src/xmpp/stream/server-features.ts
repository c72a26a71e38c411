// Stream features between servers, as a table: what is offered when (the receiving side), and what is negotiated next
// (the initiating side). Sources: RFC 6120 §4.3, §5, §6; XEP-0178, 0198, 0220, 0288, 0478; rows S2S-02 … S2S-06.

import { element, type XmlElement } from '../../xml/index.ts';
import { NS_MANAGEMENT } from './management-elements.ts';
import {
  NS_BIDI_FEATURE,
  NS_DIALBACK_FEATURE,
  NS_LIMITS,
  NS_SASL,
  NS_TLS,
  type DialbackPolicy,
  type StreamLimits,
} from './server-stream.ts';
import { NS_STREAM } from './stream-error.ts';

/** What the peer offers. */
export interface PeerFeatures {
  readonly startTls: boolean;
  readonly external: boolean;
  readonly dialback: boolean;
  readonly bidi: boolean;
  readonly management: boolean;
  /** Octets of one stanza that the peer takes (XEP-0478); undefined: it does not say. */
  readonly maxBytes: number | undefined;
  /** Seconds of silence after which the peer may end the stream; undefined: it does not say. */
  readonly idleSeconds: number | undefined;
}

export const NO_FEATURES: PeerFeatures = {
  startTls: false,
  external: false,
  dialback: false,
  bidi: false,
  management: false,
  maxBytes: undefined,
  idleSeconds: undefined,
};

export function isFeatures(el: XmlElement): boolean {
  return el.name === 'features' && el.ns === NS_STREAM;
}

/** Reads `<stream:features/>`; what is not known is passed over (RFC 6120 §4.3.2). */
export function readFeatures(el: XmlElement): PeerFeatures {
  const mechanisms = el.child('mechanisms', NS_SASL);
  const limits = el.child('limits', NS_LIMITS);
  let external = false;
  for (const each of mechanisms?.elements() ?? []) {
    if (each.name === 'mechanism' && each.text().trim() === 'EXTERNAL') external = true;
  }
  return {
    startTls: el.child('starttls', NS_TLS) !== undefined,
    external,
    dialback: el.child('dialback', NS_DIALBACK_FEATURE) !== undefined,
    bidi: el.child('bidi', NS_BIDI_FEATURE) !== undefined,
    management: el.child('sm', NS_MANAGEMENT) !== undefined,
    maxBytes: count(limits?.child('max-bytes', NS_LIMITS)?.text()),
    idleSeconds: count(limits?.child('idle-seconds', NS_LIMITS)?.text()),
  };
}

/** A positive whole number; XEP-0478 leaves out what there is no limit for. */
function count(text: string | undefined): number | undefined {
  const trimmed = text?.trim() ?? '';
  return /^[1-9]\d{0,9}$/.test(trimmed) ? Number(trimmed) : undefined;
}

/** How far a stream that came in has got. */
export interface OfferContext {
  readonly secure: boolean;
  /** A domain is proved, by SASL or by dialback. */
  readonly authenticated: boolean;
  /** The peer's certificate proves the domain of its header. */
  readonly certificate: boolean;
  readonly policy: DialbackPolicy;
  readonly limits: StreamLimits;
}

interface Offer {
  readonly when: (context: OfferContext) => boolean;
  readonly make: (context: OfferContext) => XmlElement;
}

const OFFERS: readonly Offer[] = [
  {
    // Row S2S-02; RFC 6120 §5.3.1: mandatory to negotiate, and nothing else beside it.
    when: ({ secure }) => !secure,
    make: () => element('starttls', NS_TLS, {}, element('required', NS_TLS)),
  },
  {
    // XEP-0178 §3: only where the certificate will do; RFC 6120 §6.4.1.
    when: ({ secure, authenticated, certificate }) => secure && !authenticated && certificate,
    make: () => element('mechanisms', NS_SASL, {}, element('mechanism', NS_SASL, {}, 'EXTERNAL')),
  },
  {
    // XEP-0220 §2.3, with the errors of §2.4; never without TLS, and only by policy (row S2S-04).
    when: ({ secure, policy }) => secure && policy === 'over-tls',
    make: () => element('dialback', NS_DIALBACK_FEATURE, {}, element('errors', NS_DIALBACK_FEATURE)),
  },
  {
    // XEP-0288 §2.1: TLS first; §2.2: enabled before authentication.
    when: ({ secure, authenticated }) => secure && !authenticated,
    make: () => element('bidi', NS_BIDI_FEATURE),
  },
  {
    // XEP-0198 §3: after authentication. Dialback has no features after it, so there it is offered before.
    when: ({ secure, authenticated, policy }) => authenticated || (secure && policy === 'over-tls'),
    make: () => element('sm', NS_MANAGEMENT),
  },
  {
    when: ({ secure }) => secure,
    make: ({ limits }) =>
      element(
        'limits',
        NS_LIMITS,
        {},
        element('max-bytes', NS_LIMITS, {}, String(limits.maxBytes)),
        element('idle-seconds', NS_LIMITS, {}, String(limits.idleSeconds)),
      ),
  },
];

/** `<stream:features/>` of a stream that came in. */
export function offeredFeatures(context: OfferContext): XmlElement {
  const offers = OFFERS.filter(({ when }) => when(context)).map(({ make }) => make(context));
  return element('features', NS_STREAM, {}, ...offers);
}

/** How far a stream that went out has got, and what its ends think of it. */
export interface StepContext {
  readonly secure: boolean;
  readonly authenticated: boolean;
  readonly offers: PeerFeatures;
  readonly policy: DialbackPolicy;
  /** The peer's certificate proves its domain. */
  readonly certificate: boolean;
  /** This side has a certificate to show. */
  readonly ownCertificate: boolean;
  /** EXTERNAL was refused on this stream. */
  readonly externalRefused: boolean;
  /** Stanzas are to be sent, not only keys to be verified. */
  readonly carries: boolean;
}

export type NextStep = 'startTls' | 'external' | 'dialback' | 'verifyOnly' | 'open' | 'impossible';

interface Step {
  readonly step: NextStep;
  readonly when: (context: StepContext) => boolean;
}

/** The first that fits is taken. */
const STEPS: readonly Step[] = [
  // RFC 7590 §3.4, row S2S-02: nothing goes out in the clear.
  { step: 'startTls', when: ({ secure, offers }) => !secure && offers.startTls },
  { step: 'impossible', when: ({ secure }) => !secure },
  // XEP-0178: whoever did not prove itself is not spoken to, unless dialback may stand in for that.
  { step: 'impossible', when: ({ certificate, policy }) => !certificate && policy === 'never' },
  { step: 'open', when: ({ authenticated }) => authenticated },
  {
    step: 'verifyOnly',
    when: ({ carries, policy }) => !carries && policy === 'over-tls',
  },
  {
    step: 'external',
    when: ({ offers, ownCertificate, externalRefused }) =>
      offers.external && ownCertificate && !externalRefused,
  },
  // Servers older than the feature do dialback all the same (XEP-0220 §2.3), so that it is tried without it.
  { step: 'dialback', when: ({ policy }) => policy === 'over-tls' },
  { step: 'impossible', when: () => true },
];

/** What the initiating side does when it has the peer's features. */
export function nextStep(context: StepContext): NextStep {
  return STEPS.find(({ when }) => when(context))?.step ?? 'impossible';
}
