"""How many decisions are kept alive, whoever keeps them."""

import gc

from cors_core import Decision


def living_decisions() -> int:
    """Return the number of Decision objects that something still refers to."""
    gc.collect()
    return sum(type(found) is Decision for found in gc.get_objects())
