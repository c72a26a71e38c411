// A call in a page of Chromium, whatever library signals it: what a person does with it, and what its RTCPeerConnection counts.
import type { BrowserPage } from './browser-page.ts';
import { readObject, textField } from './json-object.ts';

/** Of one call, at one moment, from getStats (webrtc-stats). */
export interface BrowserMedia {
  /** The state of ICE. */
  readonly ice: string;
  readonly kinds: Readonly<Record<string, BrowserStream>>;
}

export interface BrowserStream {
  /** As in SDP: audio/opus. */
  readonly codec: string;
  readonly sent: number;
  readonly received: number;
  /** What was heard: 0 where nothing but silence came (audio alone). */
  readonly energy: number;
  /** Pictures that were decoded (video alone). */
  readonly frames: number;
  /** The state of DTLS, and the cipher of SRTP that came out of it. */
  readonly dtls: string;
  readonly srtp: string;
  /** `ADDRESS:PORT` at either end of the pair of candidates that is used. */
  readonly local: string;
  readonly remote: string;
}

export type Medium = 'audio' | 'video';

/** What a page tells of by itself: `incoming`, `ended` … */
export interface PageEvent {
  readonly type: string;
  readonly detail: string;
}

/** A page that can call and be called. */
export class BrowserCaller {
  protected readonly page: BrowserPage;

  constructor(page: BrowserPage) {
    this.page = page;
  }

  /** Calls an address with these media. */
  async call(to: string, media: readonly Medium[] = ['audio']): Promise<void> {
    await this.page.call('call', to, media);
  }

  /** Takes the call that is there, with these media. */
  async accept(media: readonly Medium[] = ['audio']): Promise<void> {
    await this.page.call('accept', media);
  }

  async hangUp(): Promise<void> {
    await this.page.call('hangUp');
  }

  /** The next event of this type, of those that nobody has waited for. */
  async event(type: string): Promise<PageEvent> {
    const value = readObject(JSON.stringify(await this.page.call('event', type))) ?? {};
    return { type, detail: textField(value, 'detail') ?? '' };
  }

  /** Undefined: there is no call. */
  async media(): Promise<BrowserMedia | undefined> {
    const value = await this.page.call('media');
    return isMedia(value) ? value : undefined;
  }

  /** What it told until now is of no interest any more. */
  async forget(): Promise<void> {
    await this.page.call('forget');
  }

  /** Both descriptions of the call, for whoever looks for a fault. */
  async descriptions(): Promise<string> {
    return String(await this.page.call('descriptions'));
  }

  /** All that crossed the wire, for whoever looks for a fault. */
  async wire(): Promise<string> {
    return String(await this.page.call('wire'));
  }

  async close(): Promise<void> {
    await this.page.call('close');
  }

  detach(): void {
    this.page.detach();
  }
}

function isMedia(value: unknown): value is BrowserMedia {
  return typeof value === 'object' && value !== null && 'kinds' in value && 'ice' in value;
}
