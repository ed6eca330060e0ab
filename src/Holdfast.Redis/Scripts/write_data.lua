-- sid, most bytes, {field, '1' to write or '0' to remove, value, expected version or ''}...
local s = live(ARGV[2])
if not s then return 3 end
if s.z == '1' then return 4 end
local data = P .. 'd:' .. s.sid
local before, after = 0, 0
local flat = redis.call('HGETALL', data)
local size = {}
for index = 1, #flat, 2 do
  if string.sub(flat[index], 1, 1) == 'f' then
    local field = string.sub(flat[index], 2)
    size[field] = #field + #flat[index + 1]
    before = before + size[field]
  end
end
after = before
for index = 4, #ARGV, 4 do
  local field, write, value, expected = ARGV[index], ARGV[index + 1], ARGV[index + 2], ARGV[index + 3]
  if expected ~= '' and num(redis.call('HGET', data, 'v' .. field)) ~= tonumber(expected) then return 1 end
  after = after - (size[field] or 0)
  if write == '1' then after = after + #field + #value end
end
if after > tonumber(ARGV[3]) and after > before then return 2 end

local version = s.q + 1
redis.call('HSET', P .. 's:' .. s.sid, 'q', version)
for index = 4, #ARGV, 4 do
  local field = ARGV[index]
  if ARGV[index + 1] == '1' then
    redis.call('HSET', data, 'f' .. field, ARGV[index + 2], 'v' .. field, version)
  else
    redis.call('HDEL', data, 'f' .. field, 'v' .. field)
  end
end
redis.call('PEXPIRE', data, s.x - now + 2 * SAFETY)
return 0
