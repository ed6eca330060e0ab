-- Presents the credentials of a file in turn: each line the headers of one request, with tabs between them. Built once, so that a request costs a look-up.
local requests, turn = {}, 0

function init(arguments)
  for line in io.lines(arguments[1]) do
    local headers = {}
    for header in line:gmatch("[^\t]+") do
      local name, value = header:match("^([^:]+): (.*)$")
      headers[name] = value
    end
    requests[#requests + 1] = wrk.format("GET", "/", headers)
  end
end

function request()
  turn = turn % #requests + 1
  return requests[turn]
end

function done(summary, latency)
  local seconds = summary.duration / 1000000
  print(string.format("result %.1f %.1f %.1f", summary.requests / seconds, latency:percentile(50), latency:percentile(99)))
end
