"""The program stopped from outside and continued, as by `kill -STOP`, `kill -TSTP` or the shell's `fg`.

Textual takes the terminal up again whenever it is continued, also where it has never let go of it: after a SIGSTOP, or
a SIGCONT alone. Then two threads read what is typed, of which one is never ended, nor the program; and the terminal is
left as the program has it, not as it was. It also lets go in the middle of taking up. Here it does one after the other,
lets go first, unless it has, and takes up nothing while it ends.
"""

import asyncio
import os
import signal
from typing import Any, cast

from textual.app import App


def take_up_once(app: App[Any]) -> None:
    """Makes the app take up its terminal once each time that the process is continued, and draw all of it."""
    driver: Any = cast(Any, app)._driver

    def has_it() -> bool:
        return driver._key_thread is not None and driver._key_thread.is_alive()

    def stop() -> None:
        if has_it():
            driver.suspend_application_mode()
        os.kill(os.getpid(), signal.SIGSTOP)

    def go_on() -> None:
        if app._exit or driver._key_thread is None:
            return
        if has_it():
            driver.suspend_application_mode()
        driver.resume_application_mode()
        app.refresh(layout=True)

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTSTP, stop)
    loop.add_signal_handler(signal.SIGCONT, go_on)
