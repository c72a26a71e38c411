// Many datagrams in one system call (recvmmsg, sendmmsg) as a Node-API addon: optional, Linux only, built by
// addon/build.sh with the C compiler and never at install. node:dgram stays the reference; both pass the same tests.
//
// One socket an instance. JavaScript owns two blocks of memory for the life of the socket:
//   receive: SLOTS slots of SLOT octets, filled from the front at each wake-up;
//   meta:    per datagram six 32-bit words: length, port, and the address as four words in network order
//            (IPv4 in the first one).
// Node-API is ABI-stable, so that one build serves every Node version.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <node_api.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#define SLOTS 64
#define SLOT 65536
#define WORDS 6
#define MAX_ROUNDS 4 /* batches a wake-up, so that other handles of the loop get their turn */

typedef struct {
  napi_env env;
  napi_ref on_batch, receive_ref, meta_ref, self;
  napi_async_context context;
  uv_poll_t poll;
  int fd, family, closed;
  uint8_t *receive;
  uint32_t *meta;
  struct mmsghdr in[SLOTS];
  struct iovec in_iov[SLOTS];
  struct sockaddr_in6 in_addr[SLOTS];
  struct mmsghdr out[SLOTS];
  struct iovec out_iov[SLOTS];
  struct sockaddr_in6 out_addr[SLOTS];
} sock_t;

static napi_value fail(napi_env env, int error, const char *what) {
  napi_value code, message, object;
  napi_create_string_utf8(env, uv_err_name(-error), NAPI_AUTO_LENGTH, &code);
  char text[200];
  snprintf(text, sizeof text, "%s: %s", what, strerror(error));
  napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &message);
  napi_create_error(env, code, message, &object);
  napi_throw(env, object);
  return NULL;
}

static void from_words(sock_t *s, struct sockaddr_in6 *to, const uint32_t *words, socklen_t *length) {
  memset(to, 0, sizeof *to);
  if (s->family == AF_INET) {
    struct sockaddr_in *four = (struct sockaddr_in *)to;
    four->sin_family = AF_INET;
    four->sin_port = htons((uint16_t)words[1]);
    four->sin_addr.s_addr = htonl(words[2]);
    *length = sizeof *four;
  } else {
    to->sin6_family = AF_INET6;
    to->sin6_port = htons((uint16_t)words[1]);
    for (int i = 0; i < 4; i++) {
      uint32_t word = htonl(words[2 + i]);
      memcpy(to->sin6_addr.s6_addr + 4 * i, &word, 4);
    }
    *length = sizeof *to;
  }
}

static void readable(uv_poll_t *poll, int status, int events) {
  sock_t *s = poll->data;
  (void)events;
  if (status < 0 || s->closed) return;
  napi_handle_scope scope;
  napi_open_handle_scope(s->env, &scope);
  for (int round = 0; round < MAX_ROUNDS && !s->closed; round++) {
    for (int i = 0; i < SLOTS; i++) s->in[i].msg_hdr.msg_namelen = sizeof s->in_addr[i];
    int count = recvmmsg(s->fd, s->in, SLOTS, MSG_DONTWAIT, NULL);
    if (count <= 0) break;
    for (int i = 0; i < count; i++) {
      uint32_t *words = s->meta + i * WORDS;
      words[0] = s->in[i].msg_len;
      if (s->family == AF_INET) {
        struct sockaddr_in *four = (struct sockaddr_in *)&s->in_addr[i];
        words[1] = ntohs(four->sin_port);
        words[2] = ntohl(four->sin_addr.s_addr);
      } else {
        words[1] = ntohs(s->in_addr[i].sin6_port);
        for (int j = 0; j < 4; j++) {
          uint32_t word;
          memcpy(&word, s->in_addr[i].sin6_addr.s6_addr + 4 * j, 4);
          words[2 + j] = ntohl(word);
        }
      }
    }
    napi_value callback, argument, self, result;
    napi_get_reference_value(s->env, s->on_batch, &callback);
    napi_get_reference_value(s->env, s->self, &self);
    napi_create_int32(s->env, count, &argument);
    if (napi_make_callback(s->env, s->context, self, callback, 1, &argument, &result) == napi_pending_exception) {
      napi_value error;
      napi_get_and_clear_last_exception(s->env, &error);
      napi_fatal_exception(s->env, error);
    }
    if (count < SLOTS) break;
  }
  napi_close_handle_scope(s->env, scope);
}

static sock_t *self_of(napi_env env, napi_callback_info info, size_t *argc, napi_value *argv) {
  napi_value self;
  sock_t *s = NULL;
  napi_get_cb_info(env, info, argc, argv, &self, NULL);
  napi_unwrap(env, self, (void **)&s);
  return s;
}

/* bind(address: Uint32Array, one datagram's meta, ipv6Only, receiveOctets, sendOctets) → port */
static napi_value bind_socket(napi_env env, napi_callback_info info) {
  size_t argc = 4;
  napi_value argv[4], self;
  sock_t *s = self_of(env, info, &argc, argv);
  napi_get_cb_info(env, info, NULL, NULL, &self, NULL);
  void *words;
  bool only;
  int32_t rcv, snd;
  napi_get_typedarray_info(env, argv[0], NULL, NULL, &words, NULL, NULL);
  napi_get_value_bool(env, argv[1], &only);
  napi_get_value_int32(env, argv[2], &rcv);
  napi_get_value_int32(env, argv[3], &snd);
  s->fd = socket(s->family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (s->fd < 0) return fail(env, errno, "socket");
  int on = only;
  if (s->family == AF_INET6) setsockopt(s->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  setsockopt(s->fd, SOL_SOCKET, SO_RCVBUF, &rcv, sizeof rcv);
  setsockopt(s->fd, SOL_SOCKET, SO_SNDBUF, &snd, sizeof snd);
  struct sockaddr_in6 address;
  socklen_t length;
  from_words(s, &address, words, &length);
  if (bind(s->fd, (struct sockaddr *)&address, length) != 0) {
    int error = errno;
    close(s->fd);
    s->fd = -1;
    return fail(env, error, "bind");
  }
  getsockname(s->fd, (struct sockaddr *)&address, &length);
  uv_loop_t *loop;
  napi_get_uv_event_loop(env, &loop);
  uv_poll_init(loop, &s->poll, s->fd);
  s->poll.data = s;
  uv_poll_start(&s->poll, UV_READABLE, readable);
  /* Held while the socket is open; released by `closed`. */
  napi_create_reference(env, self, 1, &s->self);
  uint16_t port = s->family == AF_INET ? ((struct sockaddr_in *)&address)->sin_port : address.sin6_port;
  napi_value result;
  napi_create_uint32(env, ntohs(port), &result);
  return result;
}

/* send(block: Uint8Array, meta: Uint32Array, count) → datagrams taken, or -errno for the first. Datagrams lie one behind
   the other in block. */
static napi_value send_batch(napi_env env, napi_callback_info info) {
  size_t argc = 3;
  napi_value argv[3];
  sock_t *s = self_of(env, info, &argc, argv);
  void *block, *meta;
  int32_t count;
  napi_get_typedarray_info(env, argv[0], NULL, NULL, &block, NULL, NULL);
  napi_get_typedarray_info(env, argv[1], NULL, NULL, &meta, NULL, NULL);
  napi_get_value_int32(env, argv[2], &count);
  if (count > SLOTS) count = SLOTS;
  uint8_t *at = block;
  for (int i = 0; i < count; i++) {
    const uint32_t *words = (uint32_t *)meta + i * WORDS;
    s->out_iov[i].iov_base = at;
    s->out_iov[i].iov_len = words[0];
    at += words[0];
    socklen_t length;
    from_words(s, &s->out_addr[i], words, &length);
    s->out[i].msg_hdr.msg_namelen = length;
  }
  int sent = s->fd < 0 ? -1 : sendmmsg(s->fd, s->out, count, MSG_DONTWAIT | MSG_NOSIGNAL);
  napi_value result;
  napi_create_int32(env, sent < 0 ? -(s->fd < 0 ? EBADF : errno) : sent, &result);
  return result;
}

static void closed(uv_handle_t *handle) {
  sock_t *s = handle->data;
  napi_handle_scope scope;
  napi_open_handle_scope(s->env, &scope);
  close(s->fd);
  s->fd = -1;
  napi_delete_reference(s->env, s->on_batch);
  napi_delete_reference(s->env, s->receive_ref);
  napi_delete_reference(s->env, s->meta_ref);
  napi_async_destroy(s->env, s->context);
  /* Last: from now on the object, and with it this memory, may be collected. */
  napi_env env = s->env;
  napi_delete_reference(env, s->self);
  napi_close_handle_scope(env, scope);
}

static napi_value close_socket(napi_env env, napi_callback_info info) {
  size_t argc = 0;
  sock_t *s = self_of(env, info, &argc, NULL);
  if (s->closed || s->fd < 0) return NULL;
  s->closed = 1;
  uv_poll_stop(&s->poll);
  uv_close((uv_handle_t *)&s->poll, closed);
  return NULL;
}

static void finalize(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  free(data);
}

/* new UdpBatch(family 4|6, receive: Uint8Array, meta: Uint32Array, onBatch: (count) => void) */
static napi_value construct(napi_env env, napi_callback_info info) {
  size_t argc = 4;
  napi_value argv[4], self;
  napi_get_cb_info(env, info, &argc, argv, &self, NULL);
  sock_t *s = calloc(1, sizeof *s);
  int32_t family;
  size_t octets, words;
  s->env = env;
  s->fd = -1;
  napi_get_value_int32(env, argv[0], &family);
  s->family = family == 6 ? AF_INET6 : AF_INET;
  napi_get_typedarray_info(env, argv[1], NULL, &octets, (void **)&s->receive, NULL, NULL);
  napi_get_typedarray_info(env, argv[2], NULL, &words, (void **)&s->meta, NULL, NULL);
  if (octets != SLOTS * (size_t)SLOT || words != SLOTS * WORDS) {
    free(s);
    napi_throw_range_error(env, NULL, "blocks of the wrong size");
    return NULL;
  }
  for (int i = 0; i < SLOTS; i++) {
    s->in_iov[i] = (struct iovec){.iov_base = s->receive + (size_t)i * SLOT, .iov_len = SLOT};
    s->in[i].msg_hdr = (struct msghdr){.msg_name = &s->in_addr[i], .msg_iov = &s->in_iov[i], .msg_iovlen = 1};
    s->out[i].msg_hdr = (struct msghdr){.msg_name = &s->out_addr[i], .msg_iov = &s->out_iov[i], .msg_iovlen = 1};
  }
  napi_value name;
  napi_create_string_utf8(env, "UdpBatch", NAPI_AUTO_LENGTH, &name);
  napi_create_reference(env, argv[1], 1, &s->receive_ref);
  napi_create_reference(env, argv[2], 1, &s->meta_ref);
  napi_create_reference(env, argv[3], 1, &s->on_batch);
  napi_async_init(env, self, name, &s->context);
  napi_wrap(env, self, s, finalize, NULL, NULL);
  return self;
}

NAPI_MODULE_INIT() {
  napi_property_descriptor methods[] = {
      {"bind", NULL, bind_socket, NULL, NULL, NULL, napi_default_method, NULL},
      {"send", NULL, send_batch, NULL, NULL, NULL, napi_default_method, NULL},
      {"close", NULL, close_socket, NULL, NULL, NULL, napi_default_method, NULL},
  };
  napi_value constructor;
  napi_define_class(env, "UdpBatch", NAPI_AUTO_LENGTH, construct, NULL, 3, methods, &constructor);
  napi_set_named_property(env, exports, "UdpBatch", constructor);
  return exports;
}
