// Lines of the log about one message (level debug).

import type { Log } from '../../base/index.ts';
import type { ServerTransaction } from '../../sip/index.ts';
import type { XmlElement } from '../../xml/index.ts';

/** The stanza of a MESSAGE is in the batch of its link. `bodies`: `log.bodies`. */
export function logWritten(log: Log, tx: ServerTransaction, stanza: XmlElement, bodies: boolean): void {
  log.debug('message.written', {
    cid: stanza.attr('id'),
    direction: 'sip_to_xmpp',
    callId: tx.request.callId,
    from: stanza.attr('from'),
    to: stanza.attr('to'),
    ...(bodies ? { body: stanza.child('body')?.text() } : {}),
  });
}
