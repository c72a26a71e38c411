#!/usr/bin/python3
"""A headless XMPP client (Debian's python3-slixmpp, 1.8): JSON lines on standard input and output.

  slixmpp_agent.py JID PASSWORD HOST PORT [reconnect=1]
stdin   {"do":"message","to":JID,"body":T,"type":"chat","id":I,"thread":T,"subject":S,"state":"composing","lang":L}
        {"do":"presence","to":JID,"type":"unavailable"}  {"do":"xml","xml":"<message .../>"}
        {"do":"iq","xml":"<iq .../>","id":1}  {"do":"feature","var":NAMESPACE}  {"do":"quit"}
stdout  {"event":"online"|"offline"|"message"|"presence"|"iq-result"|"proposal"|"jingle"|"error", ...}
A Jingle request is answered with a result: what it means is for whoever drives this.
"""
import asyncio, json, os, sys, warnings
warnings.simplefilter("ignore")
import slixmpp
from slixmpp.xmlstream import ET
from slixmpp.xmlstream.handler import Callback
from slixmpp.xmlstream.matcher import MatchXPath

jid, password, host, port = sys.argv[1:5]
options = dict(a.split("=", 1) for a in sys.argv[5:])
CHAT_STATES = "http://jabber.org/protocol/chatstates"
STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas"
RECEIPTS = "urn:xmpp:receipts"
MARKERS = "urn:xmpp:chat-markers:0"
JINGLE = "urn:xmpp:jingle:1"
PROPOSALS = "urn:xmpp:jingle-message:0"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def out(event, **fields):
    sys.stdout.write(json.dumps({"event": event, **fields}) + "\n")
    sys.stdout.flush()


loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)
client = slixmpp.ClientXMPP(jid, password)
client.loop = loop
for plugin in ("xep_0030", "xep_0092", "xep_0199", "xep_0203"):
    client.register_plugin(plugin)
client.use_presence_ids = False
# What its user is asked, its user answers.
client.roster.auto_authorize = None
client.roster.auto_subscribe = False
# The test servers offer no TLS on loopback; jabberd2 knows DIGEST-MD5 and PLAIN only.
client["feature_mechanisms"].unencrypted_plain = client["feature_mechanisms"].unencrypted_scram = True
client["feature_mechanisms"].unencrypted_digest = True


def about(xml, namespace, name):
    child = xml.find("{%s}%s" % (namespace, name))
    return child.get("id") if child is not None else None


def on_message(stanza):
    xml = stanza.xml
    body = xml.findtext("{jabber:client}body")
    error = xml.find("{jabber:client}error") if stanza["type"] == "error" else None
    # Not slixmpp's own reader: it knows no policy-violation.
    names = [c.tag.split("}")[1] for c in error if c.tag.startswith("{%s}" % STANZAS)] if error is not None else []
    state = next((c.tag.split("}")[1] for c in xml if c.tag.startswith("{%s}" % CHAT_STATES)), None)
    out("message", sender=str(stanza["from"]), to=str(stanza["to"]), type=stanza["type"], id=xml.get("id"), body=body,
        subject=xml.findtext("{jabber:client}subject"), thread=xml.findtext("{jabber:client}thread"), lang=xml.get(XML_LANG),
        state=state, condition=next((n for n in names if n != "text"), None),
        errorType=error.get("type") if error is not None else None,
        text=error.findtext("{%s}text" % STANZAS) if error is not None else None, delayed=xml.find("{urn:xmpp:delay}delay") is not None,
        received=about(xml, RECEIPTS, "received"), displayed=about(xml, MARKERS, "displayed"),
        asks=[n for ns, n in ((RECEIPTS, "request"), (MARKERS, "markable")) if xml.find("{%s}%s" % (ns, n)) is not None])


client.register_handler(Callback("agent-message", MatchXPath("{%s}message" % client.default_ns), on_message))


def on_proposal(stanza):
    for child in stanza.xml:
        if child.tag.startswith("{%s}" % PROPOSALS):
            out("proposal", kind=child.tag.split("}")[1], id=child.get("id"), sender=str(stanza["from"]),
                xml=ET.tostring(child, encoding="unicode"))


client.register_handler(Callback("agent-proposal", MatchXPath("{%s}message" % client.default_ns), on_proposal))


def on_jingle(stanza):
    jingle = stanza.xml.find("{%s}jingle" % JINGLE)
    stanza.reply().send()
    out("jingle", action=jingle.get("action"), sid=jingle.get("sid"), sender=str(stanza["from"]),
        xml=ET.tostring(jingle, encoding="unicode"))


client.register_handler(Callback("agent-jingle", MatchXPath("{%s}iq/{%s}jingle" % (client.default_ns, JINGLE)), on_jingle))


def on_presence(stanza):
    xml = stanza.xml
    error = xml.find("{jabber:client}error")
    names = [c.tag.split("}")[1] for c in error if c.tag.startswith("{%s}" % STANZAS)] if error is not None else []
    out("presence", sender=str(stanza["from"]), to=str(stanza["to"]), type=xml.get("type", "available"),
        id=xml.get("id"), show=xml.findtext("{jabber:client}show"), status=xml.findtext("{jabber:client}status"),
        condition=next((n for n in names if n != "text"), None))


client.register_handler(Callback("agent-presence", MatchXPath("{%s}presence" % client.default_ns), on_presence))


async def started(_):
    client.send_presence()
    try:
        await client.get_roster()
    except Exception as e:
        out("error", text="roster: " + repr(e))
    out("online", jid=str(client.boundjid))


def disconnected(_):
    out("offline")
    if options.get("reconnect") == "1":
        loop.call_later(0.3, connect)


def failed(_):
    if options.get("reconnect") == "1":
        loop.call_later(0.3, connect)


def connect():
    # No back-off of its own: a test that restarts the server must not wait for it.
    client.connect_loop_wait = 0
    client.connect((host, int(port)), disable_starttls=True)


client.add_event_handler("session_start", started)
client.add_event_handler("failed_auth", lambda _: out("error", text="authentication failed"))
client.add_event_handler("connection_failed", failed)
client.add_event_handler("disconnected", disconnected)


async def do(j):
    kind = j["do"]
    if kind == "message":
        m = client.make_message(mto=j["to"], mtype=j.get("type", "chat"))
        if "body" in j:
            m["body"] = j["body"]
        m["id"] = j.get("id") or client.new_id()
        if j.get("thread"):
            m["thread"] = j["thread"]
        if j.get("subject"):
            m["subject"] = j["subject"]
        if j.get("lang"):
            m.xml.set(XML_LANG, j["lang"])
        if j.get("state"):
            ET.SubElement(m.xml, "{%s}%s" % (CHAT_STATES, j["state"]))
        m.send()
    elif kind == "presence":
        client.send_presence(pto=j.get("to"), ptype=j.get("type"))
    elif kind == "xml":
        client.send_raw(j["xml"])
    elif kind == "feature":
        # What it says of itself when it is asked (XEP-0030).
        client["xep_0030"].add_feature(j["var"])
    elif kind == "iq":
        asyncio.ensure_future(ask(j))


async def ask(j):
    iq = client.Iq(xml=ET.fromstring(j["xml"]))
    try:
        r = await iq.send(timeout=j.get("timeout", 5))
        out("iq-result", id=j.get("id"), type=r["type"], xml=str(r))
    except slixmpp.exceptions.IqError as e:
        out("iq-result", id=j.get("id"), type="error", condition=e.condition, xml=str(e.iq))
    except Exception as e:
        out("iq-result", id=j.get("id"), type="timeout", text=repr(e))


async def main():
    connect()
    reader = asyncio.StreamReader(limit=1 << 22)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while True:
        line = await reader.readline()
        if not line:
            break
        j = json.loads(line)
        if j["do"] == "quit":
            break
        try:
            await do(j)
        except Exception as e:
            out("error", text=repr(e))
    options["reconnect"] = "0"
    client.disconnect(wait=1)
    await asyncio.sleep(0.3)


loop.run_until_complete(main())
os._exit(0)
