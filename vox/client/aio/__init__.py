"""The client for programs with an event loop: many calls at once on one connection.

    from vox import AsyncClient

    async with AsyncClient() as vox:
        print((await vox.transcribe("talk.mp3")).text)

For asyncio, and for anyio on top of it.
"""
