// Keep-alive of a connection that we opened (RFC 5626 §4.4.1): a double CRLF now and then, answered by one CRLF; so
// firewalls keep it open, and its loss is noticed before it is needed.

/** §4.4.1: "a random number between 95 and 120 seconds" where the server asked for no other time. */
const PING_MS = 95_000;
const PING_SPREAD = 26;
/** §4.4.1: "If the client does not receive a pong within 10 seconds". */
const PONG_MS = 10_000;

export class FlowKeepAlive {
  readonly #pingMs: number;
  #heardMs: number;
  #pingedMs: number | undefined;
  /** COMPAT(servers without RFC 5626): from who never answered a ping no answer is expected. */
  #pongs = false;

  /** `spread`: any number, so that the pings of many connections do not come at once. */
  constructor(spread: number, nowMs: number) {
    this.#pingMs = PING_MS + (spread % PING_SPREAD) * 1000;
    this.#heardMs = nowMs;
  }

  /** Octets came. */
  heard(nowMs: number): void {
    this.#heardMs = nowMs;
    this.#pingedMs = undefined;
  }

  pong(): void {
    this.#pongs = true;
  }

  /** What has to be done now; `lost`: the peer used to answer and does not any more. */
  due(nowMs: number): 'ping' | 'lost' | undefined {
    if (this.#pingedMs !== undefined) return nowMs - this.#pingedMs >= PONG_MS ? 'lost' : undefined;
    if (nowMs - this.#heardMs < this.#pingMs) return undefined;
    if (this.#pongs) this.#pingedMs = nowMs;
    else this.#heardMs = nowMs;
    return 'ping';
  }
}
