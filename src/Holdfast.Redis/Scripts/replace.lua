-- sid, expected version, version, epoch, last seen, confirmed, rotated, frozen, b, c, time of ending or '', its reason
local s = live(ARGV[2])
if not s or s.v ~= tonumber(ARGV[3]) then return 0 end
s.v = tonumber(ARGV[4])
s.e = math.max(s.e, tonumber(ARGV[5]))
s.l = math.max(s.l, tonumber(ARGV[6]))
s.g = math.max(s.g, tonumber(ARGV[7]))
s.r = tonumber(ARGV[8])
redis.call('HSET', P .. 's:' .. s.sid, 'v', s.v, 'e', s.e, 'r', s.r, 'z', ARGV[9], 'b', ARGV[10], 'c', ARGV[11])
move(s)
if ARGV[12] ~= '' then
  s.v = s.v - 1
  finish(s, tonumber(ARGV[12]), tonumber(ARGV[13]))
end
return 1
