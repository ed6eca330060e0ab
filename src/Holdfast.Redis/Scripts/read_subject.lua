-- tenant, subject
return { string.format('%.0f', now), string.format('%.0f', (epoch(ARGV[2], ARGV[3]))) }
