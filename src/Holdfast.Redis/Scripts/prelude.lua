-- Shared by every script. KEYS[1] is the partition's prefix, 'hf:{3}:', so that all keys of one script lie in one slot.
-- ARGV[1] is added to the server's clock, which alone decides; it is 0 except in tests that move time.
-- A record is a hash: b public part, c claims and device, v version, l last seen, e epoch, g confirmed generation, t created,
-- x absolute end, i idle limit with the touch interval, r last rotation, z frozen, n tenant, u subject, q data version,
-- k time and reason of its ending, w credential version. Whatever has k is dead for good.
local P = KEYS[1]
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000) + tonumber(ARGV[1])
local SAFETY = 86400000

local function key(kind, tenant, subject)
  if not subject then return P .. kind .. ':' .. tenant end
  return P .. kind .. ':' .. #tenant .. ':' .. tenant .. ',' .. subject
end

local function get(k, ...)
  local values = redis.call('HMGET', k, ...)
  for index = 1, #values do values[index] = values[index] or '' end
  return values
end

local function num(text) return tonumber(text) or 0 end

-- Whether one handle stands before another, byte by byte: Lua's own comparison follows the server's locale.
local function earlier(one, two)
  for index = 1, #one do
    local a, b = string.byte(one, index), string.byte(two, index)
    if a ~= b then return a < b end
  end
  return false
end

-- The newest epoch over a session: value, time, reason.
local function epoch(tenant, subject)
  local of_tenant = get(key('te', tenant), 'e', 'at', 'why')
  if subject == '' then return num(of_tenant[1]), num(of_tenant[2]), num(of_tenant[3]) end
  local of_subject = get(key('se', tenant, subject), 'e', 'at', 'why')
  local newest = num(of_subject[1]) > num(of_tenant[1]) and of_subject or of_tenant
  return num(newest[1]), num(newest[2]), num(newest[3])
end

local function ends_at(s)
  return math.min(s.x, math.max(s.l, s.r) + s.i)
end

-- Writes an ending: what was private goes in this very step.
local function finish(s, at, reason)
  local record = P .. 's:' .. s.sid
  s.k = at .. ',' .. reason
  s.v = s.v + 1
  redis.call('HSET', record, 'k', s.k, 'v', s.v)
  redis.call('HDEL', record, 'c')
  redis.call('DEL', P .. 'd:' .. s.sid)
  redis.call('ZREM', P .. 'exp', s.sid)
  redis.call('ZREM', key('all', s.n), s.sid)
  if s.u ~= '' then redis.call('ZREM', key('u', s.n, s.u), s.sid) end
  redis.call('ZADD', P .. 'ended', at, s.sid)
end

-- The record as it stands, or nil. Whoever reads an overtaken one leaves its ending written.
local function load(sid)
  local f = get(P .. 's:' .. sid, 'v', 'l', 'e', 'g', 't', 'x', 'i', 'r', 'z', 'n', 'u', 'q', 'k')
  if f[1] == '' then return nil end
  local s = { sid = sid, v = num(f[1]), l = num(f[2]), e = num(f[3]), g = num(f[4]), t = num(f[5]), x = num(f[6]), i = num(f[7]),
    r = num(f[8]), z = f[9], n = f[10], u = f[11], q = num(f[12]), k = f[13] }
  if s.k == '' then
    local newest, at, reason = epoch(s.n, s.u)
    if s.e < newest then finish(s, at, reason) end
  end
  return s
end

local function live(sid)
  local s = load(sid)
  if s and s.k == '' then return s end
  return nil
end

-- What C# makes a record of.
local function reply(s)
  local blobs = redis.call('HMGET', P .. 's:' .. s.sid, 'b', 'c')
  return { blobs[1], blobs[2] or '', tostring(s.v), string.format('%.0f', s.l), string.format('%.0f', s.e), tostring(s.g), s.k }
end

local function move(s)
  redis.call('HSET', P .. 's:' .. s.sid, 'l', s.l, 'g', s.g)
  redis.call('ZADD', P .. 'exp', ends_at(s), s.sid)
end

-- Ends what is older than an epoch, oldest first; true if there may be more.
local function sweep(tenant, subject, batch)
  local index = subject == '' and key('all', tenant) or key('u', tenant, subject)
  local ended = 0
  for _, sid in ipairs(redis.call('ZRANGE', index, 0, batch)) do
    if not live(sid) then ended = ended + 1 end
  end
  return ended > 0, ended
end

-- Appends to the partition's feed, and rings. Positions rise even if the clock steps back.
-- kind (0 session ended, 1 credentials raised, 2 subject ended, 3 everyone ended), tenant, sid or '', subject or '', least, reason, time
local function tell(kind, tenant, sid, subject, least, reason, at)
  local time, step = now, 0
  local top = redis.call('XREVRANGE', P .. 'log', '+', '-', 'COUNT', 1)[1]
  if top then
    local last_time, last_step = string.match(top[1], '(%d+)-(%d+)')
    if tonumber(last_time) >= now then time, step = tonumber(last_time), tonumber(last_step) + 1 end
  end
  redis.call('XADD', P .. 'log', string.format('%.0f-%.0f', time, step), 'k', kind, 'n', tenant, 's', sid, 'u', subject,
    'v', string.format('%.0f', least), 'r', reason, 't', string.format('%.0f', at))
  redis.call('PUBLISH', string.match(P, '^(.*:){') .. 'news', string.match(P, '{(%d+)}'))
end
