// What a reload replaces (SIGHUP): everything derived from the configuration that holds no state of its own. The
// drivers look it up here each time, so that a message is served by one configuration or the next, never by a mix of
// old and new references.

import type { AddressBook } from '../mapping/index.ts';
import type { Believer, Routes } from '../policy/index.ts';
import type { DigestClient, Locator } from '../sip/index.ts';
import type { Admission } from './admission.ts';
import type { Config } from './config/schema.ts';
import type { MessageTypes } from './message-types.ts';
import type { PresenceModels } from './presence-models.ts';

export interface Live {
  book: AddressBook;
  believer: Believer;
  admission: Admission;
  locator: Locator;
  digest: DigestClient;
  models: PresenceModels;
  messages: Config['messages'];
  /** `messages.type`, of the file and of its rules. */
  types: MessageTypes;
  offline: Config['offline'];
  presence: Pick<Config['presence'], 'location'>;
  /** The operator's script. Without one, the way of a message asks for this and no more. */
  routes?: Routes | undefined;
  /** Some rule leaves it to DNS where a domain is at home (homes.ts). */
  asksDns: boolean;
  /** `log.bodies`. */
  logBodies: boolean;
}
