-- capacity, refill a second, then {sid, requests}... Answers what each bucket has left, as text: Lua's numbers would lose their fraction.
local capacity, per_second = tonumber(ARGV[2]), tonumber(ARGV[3])
local left = {}
for index = 4, #ARGV, 2 do
  local k = key('b', ARGV[index])
  local bucket = get(k, 't', 'at')
  local tokens = capacity
  if bucket[1] ~= '' then
    tokens = math.min(capacity, num(bucket[1]) + math.max(0, now - num(bucket[2])) / 1000 * per_second)
  end
  tokens = tokens - tonumber(ARGV[index + 1])
  redis.call('HSET', k, 't', string.format('%.6f', tokens), 'at', string.format('%.0f', now))
  -- Full again by then, as if it had never been.
  redis.call('PEXPIRE', k, math.ceil((capacity - tokens) / per_second * 1000) + 1000)
  left[#left + 1] = string.format('%.6f', tokens)
end
return left
