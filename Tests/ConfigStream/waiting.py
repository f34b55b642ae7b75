"""Waiting for something to become true, without polling.

Owns those who wait. Whoever changes a core agent's state says so with `changed`, on the thread of the event loop.
"""
import asyncio


class Waiting:
    """Those who wait."""

    def __init__(self):
        self._waiters = []

    def changed(self):
        """Something has changed: wakes those for whom it was that."""
        for holds, woken in self._waiters:
            if not woken.done() and holds():
                woken.set_result(None)

    async def until(self, holds, seconds):
        """Returns when `holds` is true; raises TimeoutError when it is not within so many seconds."""
        if holds():
            return
        waiter = holds, asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            await asyncio.wait_for(waiter[1], seconds)
        except asyncio.TimeoutError:
            raise TimeoutError from None
        finally:
            self._waiters.remove(waiter)
