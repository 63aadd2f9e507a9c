"""Benchmarks: nn-tui and its rivals, one workload at a time, in turn, in the same minutes. See README.md."""
