// presbench: both ends of a presence gateway in one process: phones and contacts in SIP (UDP), and the XMPP server to which
// the gateway connects as a component, so that what arrives, what is answered and when is exact. It is told what to do by
// lines on its standard input, and answers each with one line of JSON; see bench/presence-load.ts.
//
//   SIP watchers:  alice<i / per-watcher>@sip.test watches bob<i % contacts>@xmpp.test, for i in 0 … watchers - 1
//   XMPP watchers: dave<i / per-watcher>@xmpp.test watches carol<i>@sip.test, for i in 0 … users - 1
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

typedef uint64_t u64;
typedef uint32_t u32;
typedef uint8_t u8;

static void die(const char *f, ...) {
  va_list a;
  va_start(a, f);
  fprintf(stderr, "presbench: ");
  vfprintf(stderr, f, a);
  fprintf(stderr, "\n");
  exit(2);
}
static u64 now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (u64)t.tv_sec * 1000000000ull + t.tv_nsec;
}

// ---------------------------------------------------------------- SHA-1 (RFC 3174), for the handshake of XEP-0114
static u32 rol(u32 x, int k) { return x << k | x >> (32 - k); }
static void sha1hex(const u8 *d, size_t n, char out[41]) {
  u32 h[5] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
  size_t tot = ((n + 8) / 64 + 1) * 64;
  u8 *m = calloc(1, tot);
  memcpy(m, d, n);
  m[n] = 0x80;
  u64 bits = (u64)n * 8;
  for (int i = 0; i < 8; i++) m[tot - 1 - i] = bits >> (8 * i);
  for (size_t o = 0; o < tot; o += 64) {
    u32 w[80];
    for (int i = 0; i < 16; i++)
      w[i] = (u32)m[o + 4 * i] << 24 | m[o + 4 * i + 1] << 16 | m[o + 4 * i + 2] << 8 | m[o + 4 * i + 3];
    for (int i = 16; i < 80; i++) w[i] = rol(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    u32 a = h[0], b = h[1], c = h[2], e = h[4], g = h[3];
    for (int i = 0; i < 80; i++) {
      u32 f = i < 20 ? (b & c) | (~b & g) : i < 40 || i >= 60 ? b ^ c ^ g : (b & c) | (b & g) | (c & g);
      u32 k = i < 20 ? 0x5A827999 : i < 40 ? 0x6ED9EBA1 : i < 60 ? 0x8F1BBCDC : 0xCA62C1D6;
      u32 t = rol(a, 5) + f + e + k + w[i];
      e = g, g = c, c = rol(b, 30), b = a, a = t;
    }
    h[0] += a, h[1] += b, h[2] += c, h[3] += g, h[4] += e;
  }
  free(m);
  for (int i = 0; i < 5; i++) sprintf(out + 8 * i, "%08x", h[i]);
}

// ---------------------------------------------------------------- what there is
/** A phone that watches an XMPP contact. */
typedef struct {
  char remote_tag[72], target[96];
  u32 cseq, notify_cseq;
  int pending;     // the CSeq of a SUBSCRIBE without an answer is cseq
  int tries, code; // of the last SUBSCRIBE
  u64 sent, seen;  // seen: when the state of now arrived, 0 when it has not
  u8 active, told; // told: which of the two presences it was told last
  u32 notified;    // NOTIFY requests since the last change, without retransmissions
  u64 refreshed;   // when its SUBSCRIBE was last answered 200
  u32 rounds;      // so often while it was kept
} phone_t;
/** A SIP contact whom an XMPP user watches. */
typedef struct {
  char *remote, call_id[80], target[96]; // remote: From of the gateway with its tag
  u32 cseq, remote_cseq, generation;
  int pending, tries, code;
  u64 sent;
  u8 authorized, open;
  u64 refreshed; // when the gateway last subscribed or refreshed
  u32 rounds;
} contact_t;

static phone_t *phones;
static contact_t *contacts;
static long watchers = 100, users, per_watcher = 1, xmpp_contacts = 1, granted = 3600;
static const char *secret = "benchsecret", *component = "gw.test";
static char bind_text[64];
static int udp, lst, tcp = -1, ep, ready;
static struct sockaddr_in gateway, own;
static int show; // 0: away, 1: dnd
static struct {
  long initial, refreshes, late, ended, notifies, retransmitted, unknown, subscribes, probes, downs, ups, strays, told, notifies_again;
} seen;

static void address(const char *s, struct sockaddr_in *a) {
  char host[64];
  const char *c = strrchr(s, ':');
  if (!c) die("bad address %s", s);
  snprintf(host, sizeof host, "%.*s", (int)(c - s), s);
  memset(a, 0, sizeof *a);
  a->sin_family = AF_INET;
  a->sin_port = htons(atoi(c + 1));
  if (!inet_aton(host, &a->sin_addr) || ntohl(a->sin_addr.s_addr) >> 24 != 127) die("%s: only 127.0.0.0/8", s);
}

// ---------------------------------------------------------------- XMPP side
static char *xin, *xout;
static size_t xinlen, xincap, xpos, xelem, xolen, xocap, xooff;
static int xdepth, xstate, xstream, want_out;
static char stream_id[32];

static void xdown(void) {
  if (tcp < 0) return;
  close(tcp);
  tcp = -1, ready = 0, seen.downs++;
  xinlen = xpos = xelem = xolen = xooff = 0, xdepth = xstate = xstream = want_out = 0;
}
static void xflush(void) {
  while (tcp >= 0 && xooff < xolen) {
    ssize_t r = send(tcp, xout + xooff, xolen - xooff, MSG_NOSIGNAL);
    if (r < 0 && errno == EAGAIN) break;
    if (r < 0) return xdown();
    xooff += r;
  }
  if (xooff == xolen) xooff = xolen = 0;
  int want = xolen > 0;
  if (tcp < 0 || want == want_out) return;
  want_out = want;
  struct epoll_event e = {.events = EPOLLIN | (want ? EPOLLOUT : 0), .data.fd = tcp};
  epoll_ctl(ep, EPOLL_CTL_MOD, tcp, &e);
}
__attribute__((format(printf, 1, 2))) static void xput(const char *f, ...) {
  if (xocap - xolen < 8192) xout = realloc(xout, xocap = xocap * 2 + 65536);
  va_list a;
  va_start(a, f);
  xolen += vsnprintf(xout + xolen, 8192, f, a);
  va_end(a);
}
static void attr(const char *s, int n, const char *name, char *o, int cap) {
  int ln = strlen(name);
  o[0] = 0;
  for (int i = 0; i + ln + 3 < n && s[i] != '>'; i++) {
    if (s[i] != ' ' || strncmp(s + i + 1, name, ln) || s[i + 1 + ln] != '=') continue;
    char q = s[i + 2 + ln];
    int k = 0;
    for (int j = i + 3 + ln; j < n && s[j] != q && k < cap - 1; j++) o[k++] = s[j];
    o[k] = 0;
    return;
  }
}
/** The presence of a contact as his server sends it to one watcher. */
static void show_presence(const char *from_bare, const char *to) {
  xput("<presence from='%s/desk' to='%s'><show>%s</show><status>Where I am %d</status><priority>5</priority></presence>",
       from_bare, to, show ? "dnd" : "away", show);
}
static void presence(const char *s, int n) {
  char type[16], from[256], to[256];
  attr(s, n, "type", type, sizeof type), attr(s, n, "from", from, sizeof from), attr(s, n, "to", to, sizeof to);
  to[strcspn(to, "/")] = 0;
  if (!strncmp(to, "bob", 3)) { // of a SIP watcher
    if (!strcmp(type, "subscribe")) {
      seen.subscribes++;
      xput("<presence type='subscribed' from='%s' to='%.*s'/>", to, (int)strcspn(from, "/"), from);
      show_presence(to, from);
    } else if (!strcmp(type, "probe")) {
      seen.probes++;
      show_presence(to, from);
    }
  } else if (!strncmp(to, "dave", 4)) { // of a SIP contact
    long i = !strncmp(from, "carol", 5) ? atol(from + 5) : -1;
    if (i < 0 || i >= users) return;
    if (!strcmp(type, "subscribed")) contacts[i].authorized = 1;
    else if (!type[0]) contacts[i].open = 1, seen.told++;
    else if (!strcmp(type, "probe")) {
      seen.probes++;
      xput("<presence from='%s/desk' to='%s'/>", to, from);
    }
  }
}
static void stanza(char *s, int n) {
  if (n > 10 && !strncmp(s, "<handshake", 10)) {
    char in[256], want[41];
    const char *got = memchr(s, '>', n);
    sha1hex((u8 *)in, snprintf(in, sizeof in, "%s%s", stream_id, secret), want);
    if (!got || strncasecmp(got + 1, want, 40)) die("a handshake with another secret");
    xput("<handshake/>");
    ready = 1, seen.ups++;
  } else if (!strncmp(s, "<iq", 3)) {
    char type[16], id[128], from[256], to[256];
    attr(s, n, "type", type, sizeof type), attr(s, n, "id", id, sizeof id);
    attr(s, n, "from", from, sizeof from), attr(s, n, "to", to, sizeof to);
    if (!strcmp(type, "get") || !strcmp(type, "set")) xput("<iq type='result' id='%s' from='%s' to='%s'/>", id, to, from);
  } else if (!strncmp(s, "<presence", 9)) presence(s, n);
}
/** Finds the end of each child of the stream element. */
static void xscan(void) {
  static int closing, last;
  static char quote;
  for (; tcp >= 0 && xpos < xinlen; xpos++) {
    char c = xin[xpos];
    if (xstate == 0) {
      if (c != '<') continue;
      if (xdepth == 1) xelem = xpos;
      xstate = 1;
    } else if (xstate == 1) {
      closing = c == '/', last = c;
      xstate = c == '?' || c == '!' ? 4 : 2;
    } else if (xstate == 2) {
      if (c == '"' || c == '\'') quote = c, xstate = 3;
      else if (c == '>') {
        xstate = 0;
        if (closing) xdepth--;
        else if (last != '/') xdepth++;
        if (!xstream && xdepth == 1) {
          xstream = 1;
          snprintf(stream_id, sizeof stream_id, "s%lx", (long)now_ns());
          xput("<?xml version='1.0'?><stream:stream xmlns:stream='http://etherx.jabber.org/streams' "
               "xmlns='jabber:component:accept' from='%s' id='%s'>", component, stream_id);
        } else if (xdepth == 1) stanza(xin + xelem, xpos + 1 - xelem);
        else if (xdepth <= 0) return xdown();
      }
      last = c;
    } else if (xstate == 3) {
      if (c == quote) xstate = 2;
    } else if (c == '>') xstate = 0;
  }
  if (tcp < 0 || xdepth == 0) return;
  size_t keep = xdepth == 1 && xstate == 0 ? xpos : xelem;
  memmove(xin, xin + keep, xinlen - keep);
  xinlen -= keep, xpos -= keep, xelem = 0;
}
static void xread(void) {
  for (int i = 0; i < 8 && tcp >= 0; i++) {
    if (xincap - xinlen < 65536) xin = realloc(xin, xincap = xincap * 2 + (1 << 20));
    ssize_t r = recv(tcp, xin + xinlen, xincap - xinlen, 0);
    if (r < 0 && errno == EAGAIN) break;
    if (r <= 0) return xdown();
    xinlen += r;
    // As gwbench: else the kernel of a component that waits for acknowledgements waits 40 ms.
    int one = 1;
    setsockopt(tcp, IPPROTO_TCP, TCP_QUICKACK, &one, sizeof one);
    xscan();
    if (r < 65536) break;
  }
  xflush();
}
static void xaccept(void) {
  int fd = accept4(lst, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), one = 1;
  if (fd < 0) return;
  xdown();
  tcp = fd;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};
  epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
}

// ---------------------------------------------------------------- SIP side
#define BATCH 64
#define SIZE 4096
static char inbuf[BATCH][SIZE], outbuf[BATCH][SIZE];
static struct sockaddr_in infrom[BATCH];
static struct iovec iniov[BATCH], outiov[BATCH];
static struct mmsghdr inmsg[BATCH], outmsg[BATCH];
static int nout;

static void sip_flush(void) {
  for (int o = 0; o < nout;) {
    int r = sendmmsg(udp, outmsg + o, nout - o, 0);
    if (r > 0) o += r;
    else if (errno != EAGAIN && errno != ENOBUFS && errno != ECONNREFUSED) die("sendmmsg: %s", strerror(errno));
    else if (errno == ECONNREFUSED) o++; // the gateway is not there: what is lost is sent again
  }
  nout = 0;
}
__attribute__((format(printf, 1, 2))) static void sip_put(const char *f, ...) {
  if (nout == BATCH) sip_flush();
  va_list a;
  va_start(a, f);
  int n = vsnprintf(outbuf[nout], SIZE, f, a);
  va_end(a);
  if (n >= SIZE) die("a message of %d octets", n);
  outiov[nout] = (struct iovec){outbuf[nout], n};
  outmsg[nout].msg_hdr = (struct msghdr){&gateway, sizeof gateway, &outiov[nout], 1, 0, 0, 0};
  nout++;
}
/** The value of the first field of that name; 0 when there is none. */
static int field(const char *s, const char *name, const char **value) {
  int ln = strlen(name);
  for (const char *p = strchr(s, '\n'); p && p[1] != '\r'; p = strchr(p + 1, '\n')) {
    if (strncasecmp(p + 1, name, ln) || (p[1 + ln] != ':' && p[1 + ln] != ' ')) continue;
    const char *v = strchr(p, ':') + 1;
    while (*v == ' ') v++;
    *value = v;
    return strcspn(v, "\r\n");
  }
  return 0;
}
static void copy_field(const char *s, const char *name, char *o, int cap) {
  const char *v;
  int n = field(s, name, &v);
  snprintf(o, cap, "%.*s", n, n ? v : "");
}
static void copy_tag(const char *value, char *o, int cap) {
  const char *t = strcasestr(value, ";tag=");
  snprintf(o, cap, "%.*s", t ? (int)strcspn(t + 5, ";\r\n \t") : 0, t ? t + 5 : "");
}
/** The URI of a Contact. */
static void copy_target(const char *s, char *o, int cap) {
  const char *v;
  int n = field(s, "Contact", &v);
  const char *lt = n ? memchr(v, '<', n) : NULL;
  if (lt) snprintf(o, cap, "%.*s", (int)strcspn(lt + 1, ">"), lt + 1);
}
/** A response, with all Via values and the tag `tag` where To has none. */
static void respond(const char *s, const char *status, const char *tag, const char *more) {
  char via[1024], from[512], to[512], id[256], cseq[64];
  int k = 0;
  for (const char *p = strchr(s, '\n'); p && p[1] != '\r'; p = strchr(p + 1, '\n'))
    if (!strncasecmp(p + 1, "Via:", 4)) k += snprintf(via + k, sizeof via - k, "%.*s\r\n", (int)strcspn(p + 1, "\r\n"), p + 1);
  copy_field(s, "From", from, sizeof from), copy_field(s, "To", to, sizeof to);
  copy_field(s, "Call-ID", id, sizeof id), copy_field(s, "CSeq", cseq, sizeof cseq);
  int tagged = strcasestr(to, ";tag=") != NULL;
  sip_put("SIP/2.0 %s\r\n%sFrom: %s\r\nTo: %s%s%s\r\nCall-ID: %s\r\nCSeq: %s\r\n%sContent-Length: 0\r\n\r\n", status, via, from,
          to, tagged ? "" : ";tag=", tagged ? "" : tag, id, cseq, more);
}
static void send_subscribe(long i, int seconds) {
  phone_t *p = &phones[i];
  long bob = i % xmpp_contacts, alice = i / per_watcher;
  char uri[128];
  snprintf(uri, sizeof uri, "sip:bob%ld*xmpp.test@gw.test", bob);
  p->pending = seconds + 1, p->sent = now_ns(), p->tries++;
  sip_put("SUBSCRIBE %s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bKp%ld.%u;rport\r\nMax-Forwards: 70\r\n"
          "From: <sip:alice%ld@sip.test>;tag=pt%ld\r\nTo: <%s>%s%s\r\nCall-ID: p%ld-%d@phone.test\r\nCSeq: %u SUBSCRIBE\r\n"
          "Contact: <sip:alice%ld@%s>\r\nEvent: presence\r\nAccept: application/pidf+xml\r\nExpires: %d\r\nContent-Length: 0\r\n\r\n",
          p->remote_tag[0] ? p->target : uri, bind_text, i, p->cseq, alice, i, uri, p->remote_tag[0] ? ";tag=" : "",
          p->remote_tag, i, getpid(), p->cseq, alice, bind_text, seconds);
}
static void subscribe(long i, int seconds) {
  phones[i].cseq++, phones[i].tries = 0, phones[i].code = 0;
  send_subscribe(i, seconds);
}
static void send_notify(long i) {
  contact_t *c = &contacts[i];
  char body[700];
  int n = snprintf(body, sizeof body,
                   "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<presence xmlns=\"urn:ietf:params:xml:ns:pidf\" "
                   "entity=\"pres:carol%ld@sip.test\"><tuple id=\"t%ld\"><status><basic>open</basic></status>"
                   "<contact>sip:carol%ld@sip.test</contact><note>At my desk %u</note></tuple></presence>\n", i, i, i, c->generation);
  c->pending = 1, c->sent = now_ns(), c->tries++;
  sip_put("NOTIFY %s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bKc%ld.%u;rport\r\nMax-Forwards: 70\r\n"
          "From: <sip:carol%ld@sip.test>;tag=ct%ld\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %u NOTIFY\r\nContact: <sip:carol%ld@%s>\r\n"
          "Event: presence\r\nSubscription-State: active;expires=%ld\r\nContent-Type: application/pidf+xml\r\nContent-Length: %d\r\n\r\n%s",
          c->target, bind_text, i, c->cseq, i, i, c->remote, c->call_id, c->cseq, i, bind_text, granted, n, body);
}
static void notify(long i) {
  contacts[i].cseq++, contacts[i].tries = 0, contacts[i].code = 0;
  send_notify(i);
}
static void on_response(const char *s) {
  const char *v;
  if (!field(s, "Via", &v)) return;
  const char *b = strstr(v, "branch=z9hG4bK");
  int code = atoi(s + 8);
  long i;
  u32 cseq;
  char kind;
  if (!b || code < 200 || sscanf(b + 14, "%c%ld.%u", &kind, &i, &cseq) != 3) return;
  if (kind == 'c' && i < users && contacts[i].cseq == cseq && contacts[i].pending) contacts[i].pending = 0, contacts[i].code = code;
  if (kind != 'p' || i >= watchers || phones[i].cseq != cseq || !phones[i].pending) return;
  phone_t *p = &phones[i];
  p->pending = 0, p->code = code;
  if (code >= 300) return;
  p->refreshed = now_ns(), p->rounds++;
  char to[512];
  copy_field(s, "To", to, sizeof to);
  copy_tag(to, p->remote_tag, sizeof p->remote_tag);
  copy_target(s, p->target, sizeof p->target);
}
/** The gateway subscribes to a contact, or refreshes. */
static void on_subscribe(const char *s) {
  char to[512], from[512], tag[80], own_tag[32], more[256];
  const char *v;
  copy_field(s, "To", to, sizeof to), copy_field(s, "From", from, sizeof from);
  copy_tag(to, tag, sizeof tag);
  const char *at = strstr(to, "sip:carol");
  long i = at ? atol(at + 9) : -1;
  u32 cseq = field(s, "CSeq", &v) ? strtoul(v, NULL, 10) : 0;
  if (i < 0 || i >= users) return respond(s, "404 Not Found", "none", "");
  contact_t *c = &contacts[i];
  snprintf(own_tag, sizeof own_tag, "ct%ld", i);
  if (tag[0] ? !c->remote || strcmp(tag, own_tag) : 0) {
    seen.unknown++;
    return respond(s, "481 Subscription Does Not Exist", "none", "");
  }
  int end = field(s, "Expires", &v) && atoi(v) == 0;
  snprintf(more, sizeof more, "Contact: <sip:carol%ld@%s>\r\nExpires: %ld\r\n", i, bind_text, end ? 0 : granted);
  respond(s, "200 OK", own_tag, more);
  char id[80];
  copy_field(s, "Call-ID", id, sizeof id);
  int again = c->remote && c->remote_cseq == cseq && !strcmp(id, c->call_id);
  if (again) {
    seen.retransmitted++;
    return;
  }
  u64 now = now_ns();
  if (end) seen.ended++;
  else if (tag[0]) {
    seen.refreshes++;
    if (now - c->refreshed > granted * 1000000000ull) seen.late++; // it had expired
  }
  else seen.initial++;
  c->remote_cseq = cseq;
  if (!end) c->refreshed = now, c->rounds++;
  copy_target(s, c->target, sizeof c->target);
  if (!tag[0]) {
    free(c->remote);
    c->remote = strdup(from);
    strcpy(c->call_id, id);
  }
  if (!end) notify(i);
}
/** A NOTIFY to a phone. */
static void on_notify(const char *s) {
  char to[512], tag[80], state[64];
  const char *v, *body = strstr(s, "\r\n\r\n");
  copy_field(s, "To", to, sizeof to);
  copy_tag(to, tag, sizeof tag);
  long i = !strncmp(tag, "pt", 2) ? atol(tag + 2) : -1;
  if (i < 0 || i >= watchers) {
    seen.strays++;
    return respond(s, "481 Subscription Does Not Exist", "none", "");
  }
  respond(s, "200 OK", "none", "");
  phone_t *p = &phones[i];
  u32 cseq = field(s, "CSeq", &v) ? strtoul(v, NULL, 10) : 0;
  if (cseq <= p->notify_cseq) {
    seen.notifies_again++;
    return;
  }
  p->notify_cseq = cseq;
  seen.notifies++;
  copy_field(s, "Subscription-State", state, sizeof state);
  p->active = !strncasecmp(state, "active", 6);
  p->notified++;
  // As each gateway has it: the word itself, or what it makes of it.
  int told = strcasestr(body, "dnd") || strcasestr(body, "busy") || strcasestr(body, "disturb") ? 1 : strcasestr(body, "away") ? 0 : 2;
  p->told = told;
  if (told == show && !p->seen) p->seen = now_ns();
}
static void sip_read(void) {
  for (int turn = 0; turn < 8; turn++) {
    for (int i = 0; i < BATCH; i++) {
      iniov[i] = (struct iovec){inbuf[i], SIZE - 1};
      inmsg[i].msg_hdr = (struct msghdr){&infrom[i], sizeof infrom[i], &iniov[i], 1, 0, 0, 0};
    }
    int r = recvmmsg(udp, inmsg, BATCH, MSG_DONTWAIT, NULL);
    if (r <= 0) break;
    for (int i = 0; i < r; i++) {
      char *s = inbuf[i];
      s[inmsg[i].msg_len] = 0;
      if (!strncmp(s, "SIP/2.0 ", 8)) on_response(s);
      else if (!strncmp(s, "SUBSCRIBE ", 10)) on_subscribe(s);
      else if (!strncmp(s, "NOTIFY ", 7)) on_notify(s);
    }
    sip_flush();
    if (r < BATCH) break;
  }
}

// ---------------------------------------------------------------- commands
/** Requests without an answer go out again each half second, doubled up to 4 s, 11 times (timer E of RFC 3261). */
static void resend(u64 t) {
  static u64 next;
  if (t < next) return;
  next = t + 100000000ull;
  for (long i = 0; i < watchers; i++) {
    phone_t *p = &phones[i];
    u64 wait = 500000000ull << (p->tries > 3 ? 3 : p->tries - 1);
    if (p->pending && p->tries < 11 && t - p->sent > wait) send_subscribe(i, p->pending - 1);
  }
  for (long i = 0; i < users; i++) {
    contact_t *c = &contacts[i];
    u64 wait = 500000000ull << (c->tries > 3 ? 3 : c->tries - 1);
    if (c->pending && c->tries < 11 && t - c->sent > wait) send_notify(i);
  }
  sip_flush();
}
static char line[512];
static int line_n, have_line, ended;
static void stdin_read(void) {
  char c;
  ssize_t r;
  while (!have_line && (r = read(0, &c, 1)) > 0) {
    if (c == '\n') line[line_n] = 0, line_n = 0, have_line = 1;
    else if (line_n < (int)sizeof line - 1) line[line_n++] = c;
  }
  if (!have_line && r == 0) ended = 1;
}
static void turn(int ms) {
  struct epoll_event es[8];
  int n = epoll_wait(ep, es, 8, ms);
  for (int j = 0; j < n; j++) {
    int fd = es[j].data.fd;
    if (fd == udp) sip_read();
    else if (fd == lst) xaccept();
    else if (fd == tcp) {
      if (es[j].events & EPOLLOUT) xflush();
      if (tcp >= 0 && es[j].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) xread();
    } else if (fd == 0) {
      stdin_read();
      if (ended) exit(0);
    }
  }
  // What an answer led to, as a stanza that a datagram led to.
  xflush();
  resend(now_ns());
}
typedef long (*count_t)(long from, long to);
typedef void (*begin_t)(long i);
static long subscribed_phones(long a, long b) {
  long n = 0;
  for (long i = a; i < b; i++) n += phones[i].code == 200 && phones[i].active && phones[i].told == show;
  return n;
}
static long answered_phones(long a, long b) {
  long n = 0;
  for (long i = a; i < b; i++) n += phones[i].code > 0;
  return n;
}
static long open_contacts(long a, long b) {
  long n = 0;
  for (long i = a; i < b; i++) n += contacts[i].authorized && contacts[i].open;
  return n;
}
static long answered_contacts(long a, long b) {
  long n = 0;
  for (long i = a; i < b; i++) n += contacts[i].code > 0;
  return n;
}
static long seen_phones(long a, long b) {
  long n = 0;
  for (long i = a; i < b; i++) n += phones[i].seen > 0;
  return n;
}
static void begin_subscribe(long i) { subscribe(i, granted); }
static void begin_watch(long i) {
  xput("<presence type='subscribe' id='w%ld' from='dave%ld@xmpp.test' to='carol%ld*sip.test@gw.test'/>"
       "<presence from='dave%ld@xmpp.test/desk' to='carol%ld*sip.test@gw.test'/>", i, i / per_watcher, i, i / per_watcher, i);
}
static void begin_notify(long i) {
  if (!contacts[i].remote) return;
  contacts[i].generation++;
  notify(i);
}
static void begin_change(long i) {
  char from[64], to[64];
  snprintf(from, sizeof from, "bob%ld@xmpp.test", i % xmpp_contacts);
  snprintf(to, sizeof to, "alice%ld*sip.test@gw.test", i / per_watcher);
  show_presence(from, to);
}
/** Begins with each of a … b - 1 at `rate` a second (0: at once), and waits until all have what they shall have. */
static void run(begin_t begin, count_t done, long a, long b, double rate, double patience) {
  u64 t0 = now_ns(), checked = 0, moved = t0;
  long next = a, n = 0, before = -1;
  int codes[700] = {0};
  while (n < b - a) {
    u64 t = now_ns();
    long due = rate > 0 ? a + (long)((t - t0) / 1e9 * rate) + 1 : b;
    if (due > b) due = b;
    // As much as one buffer of a stream takes, and no more than the gateway reads meanwhile.
    for (int k = 0; next < due && k < 512 && xolen < 4 << 20; k++) begin(next++);
    sip_flush(), xflush();
    if (b - a <= 20000 || t - checked > 20000000ull) n = done(a, b), checked = t;
    if (n != before || next < b) before = n, moved = t;
    if (t - moved > patience * 1e9) break;
    if (n < b - a) turn(next < b ? (rate > 0 ? 1 : 0) : 5);
  }
  u64 last = 0, first = 0;
  long total = 0, active = 0;
  if (done == seen_phones)
    for (long i = a; i < b; i++) {
      if (phones[i].seen > last) last = phones[i].seen;
      if (phones[i].seen && (!first || phones[i].seen < first)) first = phones[i].seen;
      total += phones[i].notified;
    }
  for (long i = a; i < b; i++) {
    active += done == answered_phones || done == subscribed_phones ? phones[i].active : 0;
    if (done == answered_phones || done == subscribed_phones) codes[phones[i].code]++;
    if (done == answered_contacts) codes[contacts[i].code]++;
  }
  printf("{\"of\":%ld,\"done\":%ld,\"ms\":%.2f,\"firstMs\":%.2f,\"notifies\":%ld,\"active\":%ld,\"codes\":{", b - a, done(a, b),
         ((last ? last : now_ns()) - t0) / 1e6, first ? (first - t0) / 1e6 : 0, total, active);
  for (int i = 0, k = 0; i < 700; i++)
    if (codes[i]) printf("%s\"%d\":%d", k++ ? "," : "", i, codes[i]);
  printf("}}\n");
}
/** All phones refresh when four fifths of their time are over, as the gateway does by itself, for so many seconds. */
static void keep(double seconds) {
  u64 t0 = now_ns(), end = t0 + (u64)(seconds * 1e9), whole = granted * 1000000000ull;
  long next = 0, slice = watchers / 10 + 1; // so that each is looked at 20 times a second, and no burst comes of it
  long refused = 0, phones_kept = 0, contacts_kept = 0;
  u32 least_phone = ~0u, least_contact = ~0u;
  for (long i = 0; i < watchers; i++) phones[i].rounds = 0;
  for (long i = 0; i < users; i++) contacts[i].rounds = 0;
  for (u64 t; (t = now_ns()) < end;) {
    for (long k = 0; k < slice && watchers > 0; k++, next = (next + 1) % watchers) {
      phone_t *p = &phones[next];
      if (!p->pending && p->code < 300 && t - p->refreshed >= whole / 5 * 4) subscribe(next, granted);
    }
    sip_flush();
    turn(5);
  }
  u64 now = now_ns();
  for (long i = 0; i < watchers; i++) {
    phone_t *p = &phones[i];
    refused += p->code >= 300;
    phones_kept += p->active && p->code < 300 && now - p->refreshed < whole;
    if (p->rounds < least_phone) least_phone = p->rounds;
  }
  for (long i = 0; i < users; i++) {
    contact_t *c = &contacts[i];
    contacts_kept += c->remote && c->open && now - c->refreshed < whole;
    if (c->rounds < least_contact) least_contact = c->rounds;
  }
  printf("{\"phones\":%ld,\"contacts\":%ld,\"leastPhone\":%u,\"leastContact\":%u,\"refused\":%ld,\"late\":%ld}\n", phones_kept,
         contacts_kept, least_phone, least_contact, refused, seen.late);
}
static void counts(void) {
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  printf("{\"initial\":%ld,\"refreshes\":%ld,\"ended\":%ld,\"notifies\":%ld,\"retransmitted\":%ld,\"notifiesAgain\":%ld,\"unknown\":%ld,\"subscribes\":%ld,"
         "\"probes\":%ld,\"ups\":%ld,\"downs\":%ld,\"strays\":%ld,\"told\":%ld,\"cpu\":%.2f}\n",
         seen.initial, seen.refreshes, seen.ended, seen.notifies, seen.retransmitted, seen.notifies_again, seen.unknown, seen.subscribes, seen.probes,
         seen.ups, seen.downs, seen.strays, seen.told,
         u.ru_utime.tv_sec + u.ru_stime.tv_sec + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6);
}
static void command(const char *text) {
  long a = 0, b = 0;
  double rate = 0, patience = 10;
  char word[32];
  sscanf(text, "%31s %ld %ld %lf %lf", word, &a, &b, &rate, &patience);
  int of_phones = strcmp(word, "watch") && strcmp(word, "notify");
  if (a < 0 || b < a || b > (of_phones ? watchers : users)) die("%s: there are not so many", text);
  if (!strcmp(word, "link")) {
    for (u64 t = now_ns(); !ready && now_ns() - t < patience * 1e9;) turn(50);
    printf("{\"up\":%s}\n", ready ? "true" : "false");
  } else if (!strcmp(word, "subscribe")) run(begin_subscribe, subscribed_phones, a, b, rate, patience);
  else if (!strcmp(word, "keep")) keep(rate);
  else if (!strcmp(word, "refresh")) {
    for (long i = a; i < b; i++) phones[i].code = 0;
    run(begin_subscribe, answered_phones, a, b, rate, patience);
  } else if (!strcmp(word, "watch")) run(begin_watch, open_contacts, a, b, rate, patience);
  else if (!strcmp(word, "notify")) {
    for (long i = a; i < b; i++) contacts[i].code = 0;
    run(begin_notify, answered_contacts, a, b, rate, patience);
  } else if (!strcmp(word, "change")) {
    show = !show;
    for (long i = 0; i < watchers; i++) phones[i].seen = 0, phones[i].notified = 0;
    run(begin_change, seen_phones, a, b, rate, patience);
  } else if (!strcmp(word, "counts")) counts();
  else die("unknown command %s", text);
  fflush(stdout);
}

int main(int ac, char **av) {
  const char *gw = NULL, *bind_to = NULL, *xmpp = NULL;
  for (int i = 1; i + 1 < ac; i += 2) {
    const char *k = av[i], *v = av[i + 1];
    if (!strcmp(k, "--gw")) gw = v;
    else if (!strcmp(k, "--bind")) bind_to = v;
    else if (!strcmp(k, "--xmpp-listen")) xmpp = v;
    else if (!strcmp(k, "--watchers")) watchers = atol(v);
    else if (!strcmp(k, "--users")) users = atol(v);
    else if (!strcmp(k, "--per-watcher")) per_watcher = atol(v);
    else if (!strcmp(k, "--contacts")) xmpp_contacts = atol(v);
    else if (!strcmp(k, "--expires")) granted = atol(v);
    else die("unknown option %s", k);
  }
  if (!gw || !bind_to || !xmpp) die("--gw, --bind and --xmpp-listen are needed");
  if (watchers > 1000000 || users > 1000000 || per_watcher < 1 || xmpp_contacts < 1) die("a number out of bounds");
  signal(SIGPIPE, SIG_IGN);
  snprintf(bind_text, sizeof bind_text, "%s", bind_to);
  struct sockaddr_in xa;
  address(gw, &gateway), address(bind_to, &own), address(xmpp, &xa);
  phones = calloc(watchers + 1, sizeof *phones), contacts = calloc(users + 1, sizeof *contacts);
  int one = 1, big = 32 << 20;
  udp = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (setsockopt(udp, SOL_SOCKET, SO_RCVBUFFORCE, &big, sizeof big)) setsockopt(udp, SOL_SOCKET, SO_RCVBUF, &big, sizeof big);
  if (bind(udp, (void *)&own, sizeof own)) die("bind %s: %s", bind_to, strerror(errno));
  lst = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  setsockopt(lst, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(lst, (void *)&xa, sizeof xa) || listen(lst, 8)) die("listen %s: %s", xmpp, strerror(errno));
  ep = epoll_create1(EPOLL_CLOEXEC);
  int fds[] = {udp, lst, 0};
  for (int i = 0; i < 3; i++) {
    struct epoll_event e = {.events = EPOLLIN, .data.fd = fds[i]};
    epoll_ctl(ep, EPOLL_CTL_ADD, fds[i], &e);
  }
  for (;;) {
    turn(50);
    if (have_line) {
      command(line);
      have_line = 0;
    }
  }
}
