"""What a server can serve, by a model: a closed network of one queue, the CPUs, and a delay, the wait of a request."""


def throughput(at_once: int, service: float, wait: float) -> float:
    """Return the requests a second, ``at_once`` of them under way, that take ``service`` seconds of CPU and wait.

    By mean value analysis (Reiser and Lavenberg 1980).
    """
    queued, rate = 0.0, 0.0
    for number in range(1, at_once + 1):
        response = service * (1 + queued)
        rate = number / (response + wait)
        queued = rate * response
    return rate
