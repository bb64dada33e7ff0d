"""What holds for every policy and every request; hypothesis looks for the one where it does not."""

import os

from hypothesis import HealthCheck, Phase, settings


def examples(number: int, *, shrink: bool = True) -> settings:
    """Return how hypothesis is to look: at so many examples, the same ones on every run in CI."""
    phases = [Phase.explicit, Phase.reuse, Phase.generate, *([Phase.shrink] if shrink else [])]
    return settings(
        max_examples=number,
        deadline=None,
        derandomize="CI" in os.environ,
        database=None,
        phases=phases,
        suppress_health_check=[HealthCheck.too_slow],  # a busy machine is no fault of a strategy
        print_blob=True,
    )
