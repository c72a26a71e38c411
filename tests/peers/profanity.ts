// profanity (package profanity): a person's XMPP client for the terminal, driven by its keyboard and read from its screen.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Agent } from './agent.ts';
import { waitFor } from './wait.ts';

export interface ProfanityOptions {
  readonly folder: string;
  readonly jid: string;
  readonly password: string;
  readonly port: number;
}

const AGENT = fileURLToPath(new URL('profanity/profanity_agent.py', import.meta.url));
/** Titles of the roster panel. */
const GROUPS: ReadonlySet<string> = new Set([
  'Available for chat',
  'Online',
  'Away',
  'Extended Away',
  'Do not disturb',
  'Offline',
  'Unsubscribed',
]);

export class Profanity {
  readonly agent: Agent;

  private constructor(options: ProfanityOptions) {
    mkdirSync(options.folder, { recursive: true });
    this.agent = new Agent(
      `profanity ${options.jid}`,
      [
        '/usr/bin/python3',
        AGENT,
        options.folder,
        options.jid,
        options.password,
        '127.0.0.1',
        String(options.port),
      ],
      join(options.folder, 'agent.log'),
    );
  }

  /** Started and logged in. */
  static async online(options: ProfanityOptions): Promise<Profanity> {
    const client = new Profanity(options);
    await client.shows(/logged in successfully/, 20_000);
    return client;
  }

  /** One line of the keyboard, and Enter. */
  type(text: string): void {
    this.agent.do('type', { text });
  }

  /** The lines of its window, without the roster panel. */
  get console(): readonly string[] {
    return this.#lines.map((line) => line.slice(0, PANEL_COLUMN).trimEnd());
  }

  /** Where its roster panel has a contact: "Online", "Away", "Offline" …; undefined when it is not there. */
  groupOf(jid: string): string | undefined {
    let group: string | undefined;
    for (const line of this.#lines) {
      const entry = line.slice(PANEL_COLUMN).trim();
      const title = entry.replace(/ \(\d+\)$/, '');
      if (GROUPS.has(title)) group = title;
      else if (entry === jid) return group;
    }
    return undefined;
  }

  /** Waits until a line of its window is so; throws with the window. */
  async shows(pattern: RegExp, timeoutMs = 10_000): Promise<void> {
    const there = (): boolean => this.console.some((line) => pattern.test(line));
    if (await waitFor(there, timeoutMs)) return;
    throw new Error(`profanity does not show ${pattern}:\n${this.#lines.filter(Boolean).join('\n')}`);
  }

  /** Waits until a contact stands in this group; throws with the screen. */
  async lists(jid: string, group: string, timeoutMs = 10_000): Promise<void> {
    if (await waitFor(() => this.groupOf(jid) === group, timeoutMs)) return;
    const screen = this.#lines.filter(Boolean).join('\n');
    throw new Error(`profanity has ${jid} in ${this.groupOf(jid)} instead of ${group}:\n${screen}`);
  }

  close(): Promise<void> {
    return this.agent.close();
  }

  get #lines(): readonly string[] {
    const lines = this.agent.events.findLast(({ event }) => event === 'screen')?.['lines'];
    return Array.isArray(lines) ? lines.map(String) : [];
  }
}

/** Three quarters of the agent's 160 columns. */
const PANEL_COLUMN = 120;
