#!/usr/bin/python3
"""A headless linphone (liblinphone 5.1, comes with Debian's linphone-cli) by ctypes: JSON lines in and out.

  linphone_agent.py DIR IDENTITY SERVER [password=P port=N cpim=0|1 imdn=0|1]
     IDENTITY  'sip:carol@example.net'      SERVER  'sip:127.0.0.1:5060;transport=udp'
stdin   {"do":"message","to":URI,"text":T}  {"do":"compose","to":URI}  {"do":"read","from":URI}  {"do":"quit"}
        {"do":"friend","uri":URI,"watch":true,"policy":"wait"|"deny"|"accept"}   {"do":"unfriend","uri":URI}
        {"do":"presence","basic":"online"|"busy"|"dnd"|"offline"}
        {"do":"activity","activity":"away","note":T}
stdout  {"event":"registration"|"message"|"message-state"|"composing"|"presence"|"watcher"|"error", ...}
"""
import ctypes as C, faulthandler, json, os, select, sys, time
faulthandler.enable()

folder, identity, server = sys.argv[1:4]
options = dict(password="", port="5060", cpim="0", imdn="0")
options.update(a.split("=", 1) for a in sys.argv[4:])
folder = os.path.abspath(folder)
# Without this folder creating a chat room crashes the library.
os.makedirs(folder + "/.local/share/linphone", exist_ok=True)
os.environ["HOME"] = folder
for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
    os.environ.pop(name, None)
user, domain = identity.split(":")[1].split("@")
# auto_net_state_mon=0: with no default route it would believe that the network is down.
open(folder + "/linphonerc", "w").write(f"""[sip]
bind_address=127.0.0.1
sip_port={options['port']}
sip_tcp_port=0
sip_tls_port=-1
use_ipv6=0
default_proxy=0
register_only_when_network_is_up=0
auto_net_state_mon=0
guess_hostname=0
contact="{user}" <sip:{user}@127.0.0.1>
lime=0
deliver_imdn=1
[net]
mtu=1300
[rtp]
audio_rtp_port=-1
[sound]
echocancellation=0
[video]
enabled=0
capture=0
display=0
[proxy_0]
reg_proxy=<{server}>
reg_route=<{server};lr>
reg_identity="{user.title()}" <{identity}>
reg_expires=600
reg_sendregister=1
publish=0
quality_reporting_enabled=0
cpim_in_basic_chat_rooms_enabled={options['cpim']}
x-custom-property:none=1
[auth_info_0]
username={user}
passwd={options['password']}
realm={domain}
domain={domain}
[misc]
store_friends=0
history_max_size=0
log_collection_upload_server_url=
version_check_url_root=
""")
lib = C.CDLL("liblinphone.so.10")
P, S, I = C.c_void_p, C.c_char_p, C.c_int


def fn(name, result, *arguments):
    f = getattr(lib, name)
    f.restype, f.argtypes = result, list(arguments)
    return f


def out(**fields):
    sys.stdout.write(json.dumps(fields) + "\n")
    sys.stdout.flush()


def uri(address):
    return fn("linphone_address_as_string_uri_only", S, P)(address).decode() if address else None


log = fn("linphone_logging_service_get", P)()
fn("linphone_logging_service_set_log_level_mask", None, P, C.c_uint)(log, 0x38)
LogCallback = C.CFUNCTYPE(None, P, S, I, S)
log_file = open(folder + "/liblinphone.log", "a", 1)


def on_log(_service, where, level, text):
    log_file.write(f"{where.decode() if where else ''} {level} {(text or b'').decode('utf-8', 'replace')}\n")


log_callback = LogCallback(on_log)
factory = fn("linphone_factory_get", P)()
log_callbacks = fn("linphone_factory_create_logging_service_cbs", P, P)(factory)
fn("linphone_logging_service_cbs_set_log_message_written", None, P, LogCallback)(log_callbacks, log_callback)
fn("linphone_logging_service_add_callbacks", None, P, P)(log, log_callbacks)
core = fn("linphone_factory_create_core_3", P, P, S, S, P)(factory, (folder + "/linphonerc").encode(), None, None)
callbacks = fn("linphone_factory_create_core_cbs", P, P)(factory)
kept = []


def on(name, *types):
    def decorate(f):
        kind = C.CFUNCTYPE(None, *types)

        def guarded(*a):
            try:
                f(*a)
            except Exception as e:  # never let an exception cross the C frame
                out(event="error", text=repr(e))
        c = kind(guarded)
        kept.append(c)
        fn("linphone_core_cbs_set_" + name, None, P, kind)(callbacks, c)
        return f
    return decorate


REGISTRATION = ["none", "progress", "ok", "cleared", "failed"]
MESSAGE = ["idle", "in-progress", "delivered", "not-delivered", "file-error", "file-done", "delivered-to-user", "displayed", "file-in-progress", "pending"]


def named(table, index):
    return table[index] if 0 <= index < len(table) else str(index)


@on("account_registration_state_changed", P, P, I, S)
def _(_core, _account, state, text):
    out(event="registration", state=named(REGISTRATION, state), text=(text or b"").decode())


StateCallback = C.CFUNCTYPE(None, P, I)


def on_state(message, state):
    text = fn("linphone_chat_message_get_utf8_text", S, P)(message)
    out(event="message-state", state=named(MESSAGE, state), text=text.decode() if text else None)


state_callback = StateCallback(on_state)


@on("message_received", P, P, P)
def _(_core, _room, m):
    text = fn("linphone_chat_message_get_utf8_text", S, P)(m)
    out(event="message", sender=uri(fn("linphone_chat_message_get_from_address", P, P)(m)),
        to=uri(fn("linphone_chat_message_get_to_address", P, P)(m)), text=text.decode() if text else None,
        content_type=(fn("linphone_chat_message_get_content_type", S, P)(m) or b"").decode(),
        time=fn("linphone_chat_message_get_time", C.c_long, P)(m))


@on("is_composing_received", P, P)
def _(_core, room):
    out(event="composing", peer=uri(fn("linphone_chat_room_get_peer_address", P, P)(room)),
        composing=bool(fn("linphone_chat_room_is_remote_composing", C.c_bool, P)(room)))


CONSOLIDATED = ["online", "busy", "dnd", "offline"]


@on("notify_presence_received", P, P)
def _(_core, friend):
    model = fn("linphone_friend_get_presence_model", P, P)(friend)
    activities, note, basic = [], None, None
    if model:
        basic = "open" if fn("linphone_presence_model_get_basic_status", I, P)(model) == 0 else "closed"
        for i in range(fn("linphone_presence_model_get_nb_activities", C.c_uint, P)(model)):
            activity = fn("linphone_presence_model_get_nth_activity", P, P, C.c_uint)(model, i)
            activities.append(fn("linphone_presence_activity_to_string", S, P)(activity).decode())
        found = fn("linphone_presence_model_get_note", P, P, S)(model, None)
        note = fn("linphone_presence_note_get_content", S, P)(found).decode() if found else None
    out(event="presence", uri=uri(fn("linphone_friend_get_address", P, P)(friend)), basic=basic, activities=activities, note=note,
        shown=named(CONSOLIDATED, fn("linphone_friend_get_consolidated_presence", I, P)(friend)))


@on("new_subscription_requested", P, P, S)
def _(_core, friend, _url):
    # Whoever is answered later is this one: the library ties the dialog to it.
    address = uri(fn("linphone_friend_get_address", P, P)(friend))
    friends[address] = fn("linphone_friend_ref", P, P)(friend)
    out(event="watcher", uri=address)


fn("linphone_core_add_callbacks", None, P, P)(core, callbacks)
fn("linphone_core_set_user_agent", None, P, S, S)(core, b"LinphoneAgent", b"5.1")
fn("linphone_core_set_use_files", None, P, C.c_bool)(core, True)
fn("linphone_core_start", I, P)(core)
fn("linphone_core_set_network_reachable", None, P, C.c_bool)(core, True)
policy = fn("linphone_core_get_im_notif_policy", P, P)(core)
fn("linphone_im_notif_policy_enable_all", None, P)(policy)
if options["imdn"] != "1":  # isComposing stays on
    for name in ("send_imdn_delivered", "recv_imdn_delivered", "send_imdn_displayed", "recv_imdn_displayed"):
        fn("linphone_im_notif_policy_set_" + name, None, P, C.c_bool)(policy, False)
find_room = fn("linphone_core_get_chat_room_from_uri", P, P, S)


def room_of(core, peer):
    room = find_room(core, peer)
    # The setting of the account alone is not enough for a room that is not one of a conference server.
    if options["cpim"] == "1":
        fn("linphone_chat_room_allow_cpim", None, P)(room)
    return room


messages, friends = [], {}
POLICIES = ["wait", "deny", "accept"]
# LinphonePresenceActivityType.
ACTIVITIES = ["appointment", "away", "breakfast", "busy", "dinner", "holiday", "in-transit", "looking-for-work", "lunch", "meal",
              "meeting", "on-the-phone"]


def do(j):
    kind = j["do"]
    if kind == "message":
        m = fn("linphone_chat_room_create_message_from_utf8", P, P, S)(room_of(core, j["to"].encode()), j["text"].encode())
        messages.append(m)
        c = fn("linphone_factory_create_chat_message_cbs", P, P)(factory)
        fn("linphone_chat_message_cbs_set_msg_state_changed", None, P, StateCallback)(c, state_callback)
        fn("linphone_chat_message_add_callbacks", None, P, P)(m, c)
        fn("linphone_chat_message_send", None, P)(m)
    elif kind == "compose":
        fn("linphone_chat_room_compose", None, P)(room_of(core, j["to"].encode()))
    elif kind == "read":
        fn("linphone_chat_room_mark_as_read", None, P)(room_of(core, j["from"].encode()))
    elif kind == "friend":
        known = friends.get(j["uri"])
        f = known or fn("linphone_core_create_friend_with_address", P, P, S)(core, j["uri"].encode())
        fn("linphone_friend_edit", None, P)(f)
        fn("linphone_friend_enable_subscribes", I, P, C.c_bool)(f, j["watch"])
        fn("linphone_friend_set_inc_subscribe_policy", I, P, I)(f, POLICIES.index(j["policy"]))
        fn("linphone_friend_done", None, P)(f)
        if fn("linphone_core_find_friend", P, P, P)(core, fn("linphone_friend_get_address", P, P)(f)) is None:
            fn("linphone_core_add_friend", None, P, P)(core, f)
        friends[j["uri"]] = f
    elif kind == "unfriend":
        fn("linphone_core_remove_friend", None, P, P)(core, friends.pop(j["uri"]))
    elif kind == "presence":
        fn("linphone_core_set_consolidated_presence", None, P, I)(core, CONSOLIDATED.index(j["basic"]))
    elif kind == "activity":
        model = fn("linphone_presence_model_new_with_activity_and_note", P, I, S, S, S)(
            ACTIVITIES.index(j["activity"]), None, j["note"].encode(), b"en")
        fn("linphone_core_set_presence_model", None, P, P)(core, model)
    elif kind == "quit":
        return False
    return True


iterate = fn("linphone_core_iterate", None, P)
buffer, running, end = b"", True, None
os.set_blocking(0, False)
while True:
    iterate(core)
    readable, _, _ = select.select([0], [], [], 0.02)
    if readable and running:
        chunk = os.read(0, 65536)
        buffer += chunk
        while b"\n" in buffer:
            line, _, buffer = buffer.partition(b"\n")
            if line.strip():
                try:
                    running = do(json.loads(line)) and running
                except Exception as e:
                    out(event="error", text=repr(e))
        if not chunk:
            running = False
    if not running:
        end = end or time.monotonic() + 0.2
        if time.monotonic() > end:
            break
fn("linphone_core_stop", None, P)(core)
