-- {sid, seen at or '', confirmed}...
for index = 2, #ARGV, 3 do
  local s = live(ARGV[index])
  if s then
    s.l = math.max(s.l, math.min(now, num(ARGV[index + 1])))
    s.g = math.max(s.g, num(ARGV[index + 2]))
    move(s)
  end
end
return 1
