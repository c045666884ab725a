-- wrk asks for the public status page of a thousand dossiers in turn; their paths stand in the file that SEN_BENCH_PATHS names.
local paths = {}
for line in io.lines(os.getenv("SEN_BENCH_PATHS")) do paths[#paths + 1] = line end
local at, headers = 0, { ["Accept"] = "text/html" }

function request()
  at = at % #paths + 1
  return wrk.format("GET", paths[at], headers)
end

function done(summary, latency)
  local wrong = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  io.write(string.format('{"per_s":%.1f,"p50_ms":%.3f,"p95_ms":%.3f,"p99_ms":%.3f,"errors":%d}\n', summary.requests / summary.duration * 1e6,
    latency:percentile(50) / 1000, latency:percentile(95) / 1000, latency:percentile(99) / 1000, wrong))
end
