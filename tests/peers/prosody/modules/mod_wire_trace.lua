-- One log line for each stanza that crosses a stream: TRACE, in|out, seconds, kind of session, its address, stanza.
module:set_global();
local filters = require "util.filters";
local now = require "util.time".now;

local function trace(direction, kind, address, stanza)
	local text = tostring(stanza);
	if text ~= "" and text ~= " " then
		module:log("info", "TRACE\t%s\t%.6f\t%s\t%s\t%s", direction, now(), kind, address, (text:gsub("\n", "&#10;")));
	end
end

-- Clients' streams have filters.
local function filter(direction)
	return function (stanza, session)
		if session.type == "c2s" then trace(direction, "c2s", session.full_jid or "-", stanza); end
		return stanza;
	end
end
local received, sent = filter("in"), filter("out");
local function attach(session)
	filters.add_filter(session, "stanzas/in", received, -10000);
	filters.add_filter(session, "stanzas/out", sent, 10000);
end
filters.add_filter_hook(attach);
function module.unload() filters.remove_filter_hook(attach); end

-- Components' streams have none: what they sent shows at its destination's host, what is routed to them at their own.
function module.add_host(host)
	local is_component = prosody.hosts[host.host].type == "component";
	for _, kind in ipairs({ "message", "iq" }) do
		for _, to in ipairs({ "bare", "full", "host" }) do
			host:hook(kind .. "/" .. to, function (event)
				local origin = event.origin;
				if origin.type == "component" then trace("in", "component", origin.host, event.stanza); end
				if is_component then trace("out", "component", host.host, event.stanza); end
			end, 1000);
		end
	end
	-- Answers of the server itself go straight to the session.
	host:hook("component-authenticated", function (event)
		local session = event.session;
		local send = session.send;
		function session.send(data)
			trace("out", "component", session.host, data);
			return send(data);
		end
	end);
end
