-- batch, how long endings are remembered
local batch, memory = tonumber(ARGV[2]), tonumber(ARGV[3])
local more = false
local told = {}
local due = redis.call('ZRANGEBYSCORE', P .. 'exp', '-inf', now, 'LIMIT', 0, batch)
for _, sid in ipairs(due) do
  local s = live(sid)
  if s then
    local reason = ends_at(s) < s.x and 3 or 4
    finish(s, now, reason)
    told[#told + 1] = { s.sid, s.n, s.u, reason }
  else
    redis.call('ZREM', P .. 'exp', sid)
  end
end
if #due == batch then more = true end

local deleted = 0
local pending = redis.call('ZRANGE', P .. 'sweep', 0, 1)
if pending[1] then
  local whose = get(pending[1], 'n', 'u')
  local unfinished, ended = sweep(whose[1], whose[2], batch)
  deleted = deleted + ended
  if unfinished then more = true else redis.call('ZREM', P .. 'sweep', pending[1]) end
  if pending[2] then more = true end
end

local old = redis.call('ZRANGEBYSCORE', P .. 'ended', '-inf', '(' .. string.format('%.0f', now - memory), 'LIMIT', 0, batch)
for _, sid in ipairs(old) do
  redis.call('DEL', P .. 's:' .. sid, P .. 'd:' .. sid)
  redis.call('ZREM', P .. 'ended', sid)
end
deleted = deleted + #old
if #old == batch then more = true end

-- The newest entry stays, so that whoever follows a quiet feed finds where they are.
local top = redis.call('XREVRANGE', P .. 'log', '+', '-', 'COUNT', 1)[1]
if top then
  local edge = string.format('%.0f-0', now - memory)
  if tonumber(string.match(top[1], '%d+')) < now - memory then edge = top[1] end
  redis.call('XTRIM', P .. 'log', 'MINID', edge)
end

-- Once nothing carries an older epoch it may be forgotten; the highest ever stays, so that no later one is smaller.
local forgotten = redis.call('ZRANGEBYSCORE', P .. 'epochs', '-inf', '(' .. string.format('%.0f', now - memory), 'LIMIT', 0, batch)
for _, where in ipairs(forgotten) do
  if not redis.call('ZSCORE', P .. 'sweep', where) then
    redis.call('DEL', where)
    redis.call('ZREM', P .. 'epochs', where)
  end
end
return { deleted, more and 1 or 0, told }
