"""Denormals are flushed in a thread that trains, and there alone."""

import threading

import numpy as np

from engine.threads import prepare_thread


def halved():
    return float(np.multiply(np.full(4, 2e-38, np.float32), np.float32(0.25))[0])


def test_denormals_are_flushed_where_training_runs_and_nowhere_else():
    found = {}

    def train():
        found["before"] = halved()
        found["flushed"] = prepare_thread()
        found["after"] = halved()

    thread = threading.Thread(target=train)
    thread.start()
    thread.join()
    assert found["before"] > 0
    if found["flushed"]:
        assert found["after"] == 0
    assert halved() > 0


def test_preparing_twice_is_the_same():
    found = []
    thread = threading.Thread(target=lambda: found.extend([prepare_thread(), prepare_thread()]))
    thread.start()
    thread.join()
    assert found[0] == found[1]
