// What the other direction of presence gets of an XMPP user's stanzas: his answers to `subscribe`, and his own presence.

import type { MappedUri } from '../../mapping/index.ts';
import type { XmlElement } from '../../xml/index.ts';
import type { LinkGroup } from '../link-group.ts';

export interface ContactSide {
  /** `user` is the sender, `contact` the SIP user whom it is for. False: nobody is there for whom it says anything. */
  presence(
    kind: 'subscribed' | 'unsubscribed' | 'available' | 'unavailable' | 'error',
    stanza: XmlElement,
    user: MappedUri,
    contact: MappedUri,
    group: LinkGroup,
  ): boolean;
}
