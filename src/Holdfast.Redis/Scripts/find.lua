-- sid
local s = load(ARGV[2])
return { string.format('%.0f', now), s and reply(s) or '' }
