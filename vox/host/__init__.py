"""Provider processes: starting them, talking to them, ending them.

The host knows nothing of audio, of clients or of who should be served next; it carries calls to one child each and
makes sure that every call ends and no child outlives its owner.
"""
