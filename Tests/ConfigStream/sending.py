"""An open stream: what is in a subscriber's buffer goes to its connection.

Owns the loop that sends, and the look at the stream's session now and then. Neighbours: service.py opens and ends the
stream, subscriber.py has the buffer, faults.py the items that are no events.
"""
import asyncio

from authorization import Refused
from faults import Ending, Pause, SendError

# Errors of sending that end a stream; after any other one the event is lost and the next one is sent.
TERMINAL = {"CANCELLED", "UNAVAILABLE", "RESOURCE_EXHAUSTED"}


async def send(subscriber, context, sleep_interval):
    """Sends what is in a subscriber's buffer, until its stream ends."""
    failure = None
    while True:
        item = await subscriber.next()
        if isinstance(item, Ending):
            raise Refused(item.status, item.text)
        if isinstance(item, Pause):
            await asyncio.sleep(item.seconds)
        elif isinstance(item, SendError):
            failure = item.status
        elif failure in TERMINAL:
            raise Refused(failure, "the event could not be sent")
        elif failure:
            failure = None
            await asyncio.sleep(sleep_interval)
        else:
            await context.write(item)
            subscriber.sent += 1


async def keep(subscriber, core, authorization):
    """Keeps a stream's session alive, and ends the stream when it is gone; where core agents do so."""
    while core.profile.keeps_session:
        await core.session_check()
        try:
            authorization.heard(subscriber.session)
        except Refused as refused:
            subscriber.end(Ending(refused.status, refused.text))
            return
