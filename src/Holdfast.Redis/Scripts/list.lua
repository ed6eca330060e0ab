-- tenant, subject ('' for everyone), greatest created, sid that comes before, how many
local index = ARGV[3] == '' and key('all', ARGV[2]) or key('u', ARGV[2], ARGV[3])
local wanted = tonumber(ARGV[6])
local answer = { string.format('%.0f', now) }
local from, last, offset = ARGV[4], ARGV[5], 0
while #answer <= wanted do
  local chunk = redis.call('ZREVRANGEBYSCORE', index, from, '-inf', 'WITHSCORES', 'LIMIT', offset, wanted + 1)
  if #chunk == 0 then break end
  local kept = 0
  for at = 1, #chunk, 2 do
    local s = live(chunk[at])
    if s then
      -- Those that began together stand in the order of their handles: go on behind the last one that was seen.
      local unseen = last == '' or chunk[at + 1] ~= from or earlier(s.sid, last)
      if unseen and #answer <= wanted then answer[#answer + 1] = reply(s) end
      kept = kept + 1
    end
  end
  offset = offset + kept
end
return answer
