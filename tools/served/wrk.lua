-- Has wrk print what it measured as JSON, times in seconds; it calls this once, at the end.
done = function(summary, latency)
    local errors = summary.errors
    io.write(string.format(
        '{"requests": %d, "seconds": %.6f, "bad": %d, "broken": %d, "p50": %.6f, "p95": %.6f, "p99": %.6f}\n',
        summary.requests, summary.duration / 1e6, errors.status,
        errors.connect + errors.read + errors.write + errors.timeout,
        latency:percentile(50) / 1e6, latency:percentile(95) / 1e6, latency:percentile(99) / 1e6
    ))
end

local ffi = require("ffi")
ffi.cdef("int kill(int pid, int signal); int getpid(void);")

-- Ends after so many answers where a number follows the address: wrk itself sleeps for seconds, which SIGINT ends.
function init(arguments)
    local left = tonumber(arguments[1])
    if left and left > 0 then
        response = function()
            left = left - 1
            if left == 0 then
                wrk.thread:stop()
                ffi.C.kill(ffi.C.getpid(), 2)
            end
        end
    end
end
