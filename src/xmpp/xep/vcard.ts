// The parts of a vCard that contact information of SIP can fill. Source: XEP-0054 1.3, with the DTD of its schema section.

import { element, type XmlElement } from '../../xml/index.ts';
import { NS_VCARD } from './namespaces.ts';

export interface VCard {
  /** Full name. */
  readonly name?: string;
  /** Of a home page. */
  readonly url?: string;
  /** Where a photo is; its bytes are not known here, so that XEP-0153 has no hash to tell. */
  readonly photoUrl?: string;
  /** Where a sound is that says the name. */
  readonly soundUrl?: string;
}

/** The `<vCard/>`, in the order of the DTD. */
export function vCardElement({ name, url, photoUrl, soundUrl }: VCard): XmlElement {
  const at = (what: string, child: string, text: string | undefined): XmlElement | undefined =>
    text === undefined ? undefined : element(what, NS_VCARD, {}, element(child, NS_VCARD, {}, text));
  const plain = (what: string, text: string | undefined): XmlElement | undefined =>
    text === undefined ? undefined : element(what, NS_VCARD, {}, text);
  return element(
    'vCard',
    NS_VCARD,
    {},
    plain('FN', name),
    at('PHOTO', 'EXTVAL', photoUrl),
    at('SOUND', 'EXTVAL', soundUrl),
    plain('URL', url),
  );
}
