-- tenant, subject ('' for everyone), excepted sid or '', reason, batch
local tenant, subject = ARGV[2], ARGV[3]
local kept = ARGV[4] ~= '' and live(ARGV[4]) or nil
if kept and (kept.n ~= tenant or kept.u ~= subject) then kept = nil end

-- Greater than any that this partition ever had, whatever the clock says.
local value = math.max(num(redis.call('GET', P .. 'high')) + 1, now)
redis.call('SET', P .. 'high', string.format('%.0f', value))
local where = subject == '' and key('te', tenant) or key('se', tenant, subject)
redis.call('HSET', where, 'e', string.format('%.0f', value), 'at', string.format('%.0f', now), 'why', ARGV[5], 'n', tenant, 'u', subject)
if kept then redis.call('HSET', P .. 's:' .. kept.sid, 'e', string.format('%.0f', value)) end
if sweep(tenant, subject, tonumber(ARGV[6])) then
  redis.call('ZADD', P .. 'sweep', now, where)
end
if subject ~= '' then redis.call('ZADD', P .. 'epochs', now, where) end
tell(subject == '' and 3 or 2, tenant, kept and kept.sid or '', subject, value, ARGV[5], now)
return { string.format('%.0f', value), string.format('%.0f', now) }
