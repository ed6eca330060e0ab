-- sid, expected version, version, epoch, last seen, confirmed, rotated, frozen, b, c, time of ending or '', its reason, w
-- An ending always writes something, so that a repeated one can be confirmed as well.
if ARGV[12] ~= '' then redis.call('SET', P .. 'fence', '', 'PX', 60000) end
local s = live(ARGV[2])
if not s or s.v ~= tonumber(ARGV[3]) then return 0 end
s.v = tonumber(ARGV[4])
s.e = math.max(s.e, tonumber(ARGV[5]))
s.l = math.max(s.l, tonumber(ARGV[6]))
s.g = math.max(s.g, tonumber(ARGV[7]))
s.r = tonumber(ARGV[8])
local raised = tonumber(ARGV[14]) > num(get(P .. 's:' .. s.sid, 'w')[1])
redis.call('HSET', P .. 's:' .. s.sid, 'v', s.v, 'e', s.e, 'r', s.r, 'z', ARGV[9], 'b', ARGV[10], 'c', ARGV[11], 'w', ARGV[14])
move(s)
if ARGV[12] ~= '' then
  s.v = s.v - 1
  finish(s, tonumber(ARGV[12]), tonumber(ARGV[13]))
  -- Nobody needs to be told of one that idled out or expired.
  if ARGV[13] ~= '3' and ARGV[13] ~= '4' then tell(0, s.n, s.sid, '', 0, ARGV[13], tonumber(ARGV[12])) end
elseif raised then
  tell(1, s.n, s.sid, '', tonumber(ARGV[14]), 0, now)
end
return 1
