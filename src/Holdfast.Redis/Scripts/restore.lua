-- {kind, tenant, sid, subject, least, reason, time}... as tell has them: what a node remembers and this store has lost.
for index = 2, #ARGV, 7 do
  local kind, tenant, sid, subject = ARGV[index], ARGV[index + 1], ARGV[index + 2], ARGV[index + 3]
  local least, reason, at = tonumber(ARGV[index + 4]), ARGV[index + 5], tonumber(ARGV[index + 6])
  if kind == '0' then
    local s = live(sid)
    if s then finish(s, at, reason) end
  elseif kind == '2' or kind == '3' then
    local where = kind == '3' and key('te', tenant) or key('se', tenant, subject)
    if num(redis.call('HGET', where, 'e')) < least then
      redis.call('HSET', where, 'e', string.format('%.0f', least), 'at', string.format('%.0f', at), 'why', reason, 'n', tenant, 'u', subject)
      redis.call('ZADD', P .. 'sweep', now, where)
      if kind == '2' then redis.call('ZADD', P .. 'epochs', at, where) end
    end
    if num(redis.call('GET', P .. 'high')) < least then redis.call('SET', P .. 'high', string.format('%.0f', least)) end
  end
  tell(kind, tenant, sid, subject, least, reason, at)
end
return 1
