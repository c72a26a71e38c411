// linphone (package linphone-cli brings the library): a SIP phone driven through an agent of ours.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Agent } from './agent.ts';
import type { AgentEvent } from './agent.ts';

export interface LinphoneOptions {
  readonly folder: string;
  readonly user: string;
  readonly domain: string;
  readonly password: string;
  readonly proxyPort: number;
  readonly sipPort: number;
  /** Message texts as message/cpim. */
  readonly cpim?: boolean;
  readonly imdn?: boolean;
}

const AGENT = fileURLToPath(new URL('linphone/linphone_agent.py', import.meta.url));

export class Linphone {
  readonly agent: Agent;

  private constructor(options: LinphoneOptions) {
    mkdirSync(options.folder, { recursive: true });
    this.agent = new Agent(
      `linphone ${options.user}`,
      [
        ...['/usr/bin/python3', AGENT, options.folder, `sip:${options.user}@${options.domain}`],
        ...[
          `sip:127.0.0.1:${options.proxyPort};transport=udp`,
          `password=${options.password}`,
          `port=${options.sipPort}`,
        ],
        ...[`cpim=${options.cpim ? 1 : 0}`, `imdn=${options.imdn ? 1 : 0}`],
      ],
      join(options.folder, 'agent.log'),
    );
  }

  /** Started and registered. */
  static async registered(options: LinphoneOptions): Promise<Linphone> {
    const phone = new Linphone(options);
    await phone.agent.wait('registration', (e) => e['state'] === 'ok', 20_000);
    return phone;
  }

  send(to: string, text: string): void {
    this.agent.do('message', { to: `sip:${to}`, text });
  }

  /** Waits for the fate of a text that it sent: "delivered" (2xx) or "not-delivered". */
  async fate(text: string, timeoutMs = 15_000): Promise<string> {
    const settled = (e: AgentEvent): boolean =>
      e['text'] === text && ['delivered', 'not-delivered', 'delivered-to-user'].includes(String(e['state']));
    return String((await this.agent.wait('message-state', settled, timeoutMs))['state']);
  }

  async receives(text: string, timeoutMs = 10_000): Promise<AgentEvent> {
    return await this.agent.wait('message', (e) => e['text'] === text, timeoutMs);
  }

  /** Its user answers somebody who asked to see it, or watches somebody himself. */
  friend(jid: string, policy: 'wait' | 'deny' | 'accept', watch: boolean): void {
    this.agent.do('friend', { uri: `sip:${jid}`, policy, watch });
  }

  unfriend(jid: string): void {
    this.agent.do('unfriend', { uri: `sip:${jid}` });
  }

  presence(basic: 'online' | 'busy' | 'dnd' | 'offline'): void {
    this.agent.do('presence', { basic });
  }

  activity(activity: 'away' | 'on-the-phone' | 'meeting', note: string): void {
    this.agent.do('activity', { activity, note });
  }

  /** What it shows its user of a friend: "closed", "open", "open away: gone fishing"; "" as long as nothing came. */
  sees(jid: string): string {
    const last = this.agent.events.findLast((e) => e.event === 'presence' && e['uri'] === `sip:${jid}`);
    if (last === undefined) return '';
    const { basic, activities, note } = last;
    const words = [basic, ...(Array.isArray(activities) ? activities.map(String) : [])].join(' ');
    return typeof note === 'string' ? `${words}: ${note}` : words;
  }

  close(): Promise<void> {
    return this.agent.close();
  }
}
