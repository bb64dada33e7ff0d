"""The demo: every example on a real server, one policy, and what a browser makes of the answers.

`python -m examples.demo` from the root of the repository. Read `situations` first, then `browser`.
"""
