// What the other direction of presence gets of an XMPP user's stanzas: his answers to `subscribe`, and his own presence.

import type { MappedUri } from '../../mapping/index.ts';
import type { XmlElement } from '../../xml/index.ts';
import type { LinkGroup } from '../link-group.ts';

export interface ContactSide {
  /**
   * The contact was asked for this user and has not answered. Until then his server may say `unavailable` for his bare JID to
   * confirm that it has the question, as Prosody does each time: that says nothing of whether he is there.
   */
  isAsked(user: MappedUri, contact: MappedUri): boolean;
  /** `user` is the sender, `contact` the SIP user whom it is for. False: nobody is there for whom it says anything. */
  presence(
    kind: 'subscribed' | 'unsubscribed' | 'available' | 'unavailable' | 'error',
    stanza: XmlElement,
    user: MappedUri,
    contact: MappedUri,
    group: LinkGroup,
  ): boolean;
}
