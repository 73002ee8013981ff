"""How Django is measured: callers of the handlers, awaited benchmarks, exact counters and the proof."""
