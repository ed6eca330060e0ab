-- sid, tenant, subject, version, epoch, last seen, confirmed, created, expires, idle, rotated, frozen, b, c, w, max, policy, {field, value}...
local sid, tenant, subject = ARGV[2], ARGV[3], ARGV[4]
local existing = load(sid)
if existing then return { existing.k == '' and 0 or 3 } end
if (epoch(tenant, subject)) ~= tonumber(ARGV[6]) then return { 2 } end

local max, policy = tonumber(ARGV[17]), tonumber(ARGV[18])
local answer = { 0 }
if max > 0 and subject ~= '' then
  -- Oldest first, and by handle where they began together: the order of the index.
  local others = {}
  for _, other in ipairs(redis.call('ZRANGE', key('u', tenant, subject), 0, -1)) do
    local s = live(other)
    if s and now < ends_at(s) then others[#others + 1] = s end
  end
  local surplus = #others + 1 - max
  if surplus > 0 and policy == 0 then return { 1 } end
  if policy == 2 then
    table.sort(others, function(one, two) if one.l ~= two.l then return one.l < two.l end return earlier(one.sid, two.sid) end)
  end
  for index = 1, surplus do
    finish(others[index], now, 5)
    tell(0, tenant, others[index].sid, '', 0, 5, now)
    answer[#answer + 1] = others[index].sid
  end
end

local s = { sid = sid, l = tonumber(ARGV[7]), x = tonumber(ARGV[10]), i = tonumber(ARGV[11]), r = tonumber(ARGV[12]) }
local record = P .. 's:' .. sid
redis.call('HSET', record, 'n', tenant, 'u', subject, 'v', ARGV[5], 'e', ARGV[6], 'l', ARGV[7], 'g', ARGV[8], 't', ARGV[9],
  'x', ARGV[10], 'i', ARGV[11], 'r', ARGV[12], 'z', ARGV[13], 'b', ARGV[14], 'c', ARGV[15], 'w', ARGV[16], 'q', 1)
redis.call('PEXPIRE', record, s.x - now + 2 * SAFETY)
redis.call('ZADD', P .. 'exp', ends_at(s), sid)
redis.call('ZADD', key('all', tenant), ARGV[9], sid)
if subject ~= '' then redis.call('ZADD', key('u', tenant, subject), ARGV[9], sid) end
if #ARGV > 18 then
  local data = P .. 'd:' .. sid
  for index = 19, #ARGV, 2 do
    redis.call('HSET', data, 'f' .. ARGV[index], ARGV[index + 1], 'v' .. ARGV[index], 1)
  end
  redis.call('PEXPIRE', data, s.x - now + 2 * SAFETY)
end
return answer
