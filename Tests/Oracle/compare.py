"""Which aspects of a step differ between two clients.

Owns the comparison of what aspects.py has left. What is said about a payload besides its content is compared where both
clients were given one.
"""
ABOUT_PAYLOADS = ("versions", "lengths", "hashes")


def shared(name, theirs, ours):
    """The values to compare: for what is said about payloads, of those that both were given."""
    if name not in ABOUT_PAYLOADS:
        return theirs, ours
    paths = theirs.keys() & ours.keys()
    return ({path: theirs[path] for path in paths}, {path: ours[path] for path in paths})


def differences(theirs, ours):
    """The aspects that differ, each with both values; a request that was not made has none of its aspects."""
    found = {}
    for name in sorted(theirs.keys() | ours.keys()):
        pair = shared(name, theirs.get(name), ours.get(name))
        if pair[0] != pair[1]:
            found[name] = pair
    return found
