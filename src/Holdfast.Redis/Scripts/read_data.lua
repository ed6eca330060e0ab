-- sid
local s = live(ARGV[2])
if not s then return 0 end
return redis.call('HGETALL', P .. 'd:' .. s.sid)
