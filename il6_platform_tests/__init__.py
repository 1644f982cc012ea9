import il6_platform  # noqa: F401  (before numpy: it says how many threads)
