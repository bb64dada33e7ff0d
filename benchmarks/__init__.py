"""How fast cors-core is, beside what its users would pick instead and beside no CORS at all.

`python -m benchmarks` measures and reports; `python -m benchmarks.guard` compares two revisions.
What is measured stands in `situations` and `stacks`, how in `timing` and `transports`, what is to
be reached in `targets`. Nothing here is imported by the packages.
"""
