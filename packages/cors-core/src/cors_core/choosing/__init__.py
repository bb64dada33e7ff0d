"""Which policy applies to a request: marks of endpoints, paths, callables, policies that change."""
