-- content, expected version. Without the prelude: a document is a hash of its own, c content and v version.
local version = tonumber(redis.call('HGET', KEYS[1], 'v') or 0)
if version ~= tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], 'c', ARGV[1], 'v', version + 1)
return 1
