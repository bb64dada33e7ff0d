"""Origins: how a browser writes one, and whether a policy's lists, patterns or lookup have it."""
