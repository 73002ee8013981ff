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
