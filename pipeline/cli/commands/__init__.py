"""One command a function: parse, call one use case, hand on its outcome."""
