"""The library behind the eight stages: speech in, measured results from a microcontroller out."""
