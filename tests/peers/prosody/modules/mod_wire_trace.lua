-- One log line for each stanza that crosses a stream: TRACE, in|out, seconds, session, address, stanza.
module:set_global();
local filters = require "util.filters";
local now = require "util.time".now;

local function tracer(direction)
	return function (stanza, session)
		local text = tostring(stanza);
		if session.type and text ~= "" and text ~= " " then
			module:log("info", "TRACE\t%s\t%.6f\t%s\t%s\t%s", direction, now(), session.type,
				session.full_jid or session.host or "-", (text:gsub("\n", "&#10;")));
		end
		return stanza;
	end
end

local received, sent = tracer("in"), tracer("out");
local function attach(session)
	filters.add_filter(session, "stanzas/in", received, -10000);
	filters.add_filter(session, "stanzas/out", sent, 10000);
end
filters.add_filter_hook(attach);
function module.unload() filters.remove_filter_hook(attach); end
