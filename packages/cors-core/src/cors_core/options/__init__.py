"""The options of a policy, read and judged at start-up. No request comes here."""
