"""A quick start per framework, one policy for them all, and `demo`, which runs the lot."""
