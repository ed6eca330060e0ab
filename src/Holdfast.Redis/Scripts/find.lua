-- sid, '1' where there are replicas: a master that has none now may be one that was replaced, refuses to write, and must not answer either
if ARGV[3] == '1' then redis.call('SET', P .. 'fence', '', 'PX', 60000) end
local s = load(ARGV[2])
return { string.format('%.0f', now), s and reply(s) or '' }
