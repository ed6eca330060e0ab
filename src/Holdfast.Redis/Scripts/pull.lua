-- node, position to begin with or '', how many. The write is what an isolated master refuses: it must renew nobody's lease.
redis.call('SET', P .. 'node:' .. ARGV[2], string.format('%.0f', now), 'PX', 60000)
return { string.format('%.0f', now), redis.call('XRANGE', P .. 'log', ARGV[3] == '' and '-' or ARGV[3], '+', 'COUNT', ARGV[4]) }
