// Which web pages may use the gateway over WebSocket (RFC 6455 §10.2): a browser says whose page asks, and a network that
// is trusted must not become the door for every page that somebody in it opens.

/**
 * `origin`: the header field; undefined for a client that is no browser, which nobody can be made to be by a page.
 * `allowed`: origins such as "https://phone.example.net", or "*" for all.
 */
export function isAllowedOrigin(origin: string | undefined, allowed: readonly string[]): boolean {
  if (origin === undefined || allowed.includes('*')) return true;
  return allowed.includes(origin.toLowerCase());
}
