#!/usr/bin/python3
"""profanity (Debian's package, 0.13), a console client, at a keyboard and a screen of ours: JSON lines in and out.

  profanity_agent.py DIR JID PASSWORD HOST PORT
The keyboard is a pseudo-terminal, the screen is drawn by python3-pyte; nothing else drives or reads the program.
stdin   {"do":"type","text":"/sub request bob@example.net"}  {"do":"quit"}
stdout  {"event":"screen","lines":[...]} whenever it has changed; {"event":"end","status":N}
"""
import ctypes, fcntl, json, os, pty, select, signal, struct, sys, termios, time
import pyte

folder, jid, password, host, port = sys.argv[1:6]
folder = os.path.abspath(folder)
COLUMNS, ROWS = 160, 60
# Between two writes of one picture; the screen is told of once it holds still.
STILL_SECONDS = 0.15
PR_SET_PDEATHSIG = 1

config = folder + "/.config/profanity"
data = folder + "/.local/share/profanity"
for path in (config, data):
    os.makedirs(path, exist_ok=True)
# The test servers offer no TLS on loopback. Nothing is said of the user's own idleness.
open(config + "/profrc", "w").write("""[connection]
autoping=0
[presence]
autoaway.mode=off
[logging]
rotate=false
[ui]
splash=false
roster.presence=true
statuses.console=all
""")
open(data + "/accounts", "w").write(f"""[{jid}]
enabled=true
jid={jid}
server={host}
port={port}
resource=profanity
password={password}
tls.policy=disable
presence.login=online
presence.last=online
""")
os.chmod(data + "/accounts", 0o600)

environment = {"HOME": folder, "TERM": "linux", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"}
libc = ctypes.CDLL(None)
child, keyboard = pty.fork()
if child == 0:
    # Whatever becomes of us, nobody stays behind.
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    os.execve("/usr/bin/profanity", ["profanity", "-l", "DEBUG", "-a", jid], environment)

screen = pyte.Screen(COLUMNS, ROWS)
stream = pyte.ByteStream(screen)


def out(event, **fields):
    sys.stdout.write(json.dumps({"event": event, **fields}) + "\n")
    sys.stdout.flush()


def do(j):
    if j["do"] == "type":
        # Enter is a carriage return.
        os.write(keyboard, j["text"].encode() + b"\r")
    elif j["do"] == "quit":
        os.write(keyboard, b"/quit\r")


buffer, told, changed, end = b"", None, None, None
while True:
    readable, _, _ = select.select([keyboard, 0] if end is None else [keyboard], [], [], 0.05)
    if keyboard in readable:
        try:
            written = os.read(keyboard, 65536)
        except OSError:  # the other side of the terminal is closed
            written = b""
        if not written:
            break
        stream.feed(written)
        changed = time.monotonic()
    if 0 in readable:
        chunk = os.read(0, 65536)
        buffer += chunk
        while b"\n" in buffer:
            line, _, buffer = buffer.partition(b"\n")
            if line.strip():
                try:
                    do(json.loads(line))
                except Exception as e:
                    out("error", text=repr(e))
        if not chunk:
            end = time.monotonic()
            os.write(keyboard, b"/quit\r")
    if changed is not None and time.monotonic() - changed > STILL_SECONDS:
        changed = None
        lines = [line.rstrip() for line in screen.display]
        if lines != told:
            told = lines
            out("screen", lines=lines)
    if end is not None and time.monotonic() - end > 2:
        os.kill(child, signal.SIGKILL)
_, status = os.waitpid(child, 0)
out("end", status=os.waitstatus_to_exitcode(status))
