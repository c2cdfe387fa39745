"""Fuzzing: bytes in, and whatever they lead to must hold what `targets` says.

The same targets are driven in three ways: a short run of seeded chance in the ordinary tests, and for as long
as one likes by hypothesis and by atheris, which is guided by what the code does (`make fuzz`).
"""
