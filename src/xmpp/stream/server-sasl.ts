// SASL EXTERNAL as its server: a domain proves itself by the certificate of its TLS connection.
// Sources: RFC 6120 §6.4, §6.5, RFC 4422 Appendix A; XEP-0178 1.2 §3; row S2S-03.

import { fromBase64, toBase64, utf8Text } from '../../base/index.ts';
import { element, type XmlElement } from '../../xml/index.ts';
import { prepareDomain } from '../jid/index.ts';
import type { InboundEnv, InboundOpen } from './inbound-types.ts';
import { NS_SASL } from './server-stream.ts';

/** RFC 6120 §6.4.5: between 2 and 5. */
const RETRIES = 2;

export type AuthAnswer =
  | { readonly kind: 'success'; readonly element: XmlElement }
  | { readonly kind: 'failure'; readonly element: XmlElement; readonly retries: number }
  | { readonly kind: 'unexpected' };

/** What to say to an element of the peer's SASL negotiation. */
export function answerAuth(state: InboundOpen, el: XmlElement, env: InboundEnv): AuthAnswer {
  switch (el.name) {
    case 'auth':
      return auth(state, el, env);
    case 'abort':
      return failure('aborted');
    case 'response':
      return failure('malformed-request');
    default:
      return { kind: 'unexpected' };
  }
}

function auth(state: InboundOpen, el: XmlElement, env: InboundEnv): AuthAnswer {
  // RFC 6120 §6.3.3: once is enough.
  if (state.authenticated) return failure('not-authorized');
  if (el.attr('mechanism') !== 'EXTERNAL') return failure('invalid-mechanism');
  const authzid = readAuthzid(el.text().trim());
  if (authzid === undefined) return failure('incorrect-encoding');
  if (state.peer === '' || !env.proves(state.peer)) return failure('not-authorized');
  if (authzid !== '') {
    // XEP-0178 §3: the authorization identity is the domain of the stream, and none else.
    const domain = prepareDomain(authzid);
    if (!domain.ok || domain.value !== state.peer) return failure('invalid-authzid');
  }
  return { kind: 'success', element: element('success', NS_SASL) };
}

/** '' for none; undefined when it is not base64 (§6.5.5). An absent initial response counts as an empty one. */
function readAuthzid(text: string): string | undefined {
  if (text === '' || text === '=') return '';
  const bytes = fromBase64(text);
  return toBase64(bytes) === text ? utf8Text(bytes) : undefined;
}

function failure(condition: string): AuthAnswer {
  return {
    kind: 'failure',
    element: element('failure', NS_SASL, {}, element(condition, NS_SASL)),
    retries: RETRIES,
  };
}
