// While the demonstration stays up: Alice's client and Bob's phone answer whoever writes to them, except each other.
import { pause } from '../peers/wait.ts';
import { SIP_ACCOUNTS, SIP_DOMAIN, XMPP_ACCOUNTS, XMPP_DOMAIN, type Stage } from './stage.ts';

const PHONE_POLL_MS = 200;

export class Robots {
  #stopped = false;

  start(stage: Stage): void {
    this.#answerForAlice(stage);
    void this.#answerForBob(stage);
  }

  stop(): void {
    this.#stopped = true;
  }

  #answerForAlice(stage: Stage): void {
    const bob = `${SIP_ACCOUNTS[0].user}@${SIP_DOMAIN}`;
    stage.client.agent.onEvent = (event) => {
      if (this.#stopped || event.event !== 'message' || event['type'] === 'error') return;
      const { sender, body, type } = event;
      if (typeof sender !== 'string' || typeof body !== 'string' || sender.startsWith(bob)) return;
      stage.client.send({
        to: sender,
        body: `Alice's robot read: ${body}`,
        type: type === 'chat' ? 'chat' : 'normal',
      });
    };
  }

  /** baresip tells of no incoming message: its trace is read. It writes to its contacts only. */
  async #answerForBob(stage: Stage): Promise<void> {
    const carol = `${XMPP_ACCOUNTS[1].user}@${XMPP_DOMAIN}`;
    let read = stage.phone.received.length;
    while (!this.#stopped) {
      await pause(PHONE_POLL_MS);
      for (const message of stage.phone.received.slice(read)) {
        read++;
        const fromCarol = new RegExp(`^From:.*sip:${carol}`, 'im').test(message.head);
        if (fromCarol && !this.#stopped)
          await stage.phone.message(`sip:${carol}`, `Bob's robot read: ${message.body}`);
      }
    }
  }
}
