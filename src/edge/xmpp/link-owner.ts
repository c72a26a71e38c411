// The owner of a link, as the link speaks to it: a fault in one of its handlers is logged, and the link goes on.

import type { XmlElement } from '../../xml/index.ts';
import type { ComponentLink } from './component-link.ts';
import type { LinkReport } from './link-report.ts';
import type { ComponentLinkEvents } from './options.ts';

export class LinkOwner {
  readonly #events: ComponentLinkEvents;
  readonly #link: ComponentLink;
  readonly #report: LinkReport;

  constructor(events: ComponentLinkEvents, link: ComponentLink, report: LinkReport) {
    this.#events = events;
    this.#link = link;
    this.#report = report;
  }

  /** Without a closure: this is every stanza. */
  stanza(el: XmlElement): void {
    this.#report.received.add();
    try {
      this.#events.stanza(el, this.#link);
    } catch (error) {
      this.#report.handlerFault('stanza', error);
    }
  }

  up(): void {
    this.#tell('up', () => this.#events.up(this.#link));
  }

  down(reason: string): void {
    this.#tell('down', () => this.#events.down(this.#link, reason));
  }

  confirmed(seq: number): void {
    this.#tell('confirmed', () => this.#events.confirmed(this.#link, seq));
  }

  proved(): void {
    this.#tell('proved', () => this.#events.proved?.(this.#link));
  }

  writable(): void {
    this.#tell('writable', () => this.#events.writable?.(this.#link));
  }

  ended(reason: string): void {
    this.#tell('ended', () => this.#events.ended?.(this.#link, reason));
  }

  #tell(handler: string, call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#report.handlerFault(handler, error);
    }
  }
}
