"""A session that comes to its end closes the record: the test split's numbers stand in the last row alone."""

import time

from engine import Session, Trainer, load_experiment

CHANGES = {"epochs": 3, "data.test": 0.2, "model.hidden": [8]}


def test_the_last_row_gets_the_test_split_s_numbers():
    session = Session(load_experiment("digits", CHANGES))
    session.start()
    session.play()
    deadline = time.monotonic() + 30
    while session.snapshot.activity != "finished":
        assert time.monotonic() < deadline
        time.sleep(0.01)
    rows = session.snapshot.history.rows
    session.close()
    alone = Trainer(load_experiment("digits", CHANGES))
    alone.advance(epochs=3)
    assert [row.test_loss for row in rows[:-1]] == [None, None, None]
    assert (rows[-1].test_loss, rows[-1].test_accuracy) == alone.evaluate(alone.splits.test)
