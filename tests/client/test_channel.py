"""Frames arrive whole, however they were cut, over both roads."""

import socket
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vox.client.channel import UnixChannel, WebSocketChannel, open_channel
from vox.client.discovery import find


@settings(deadline=None, max_examples=40)
@given(st.lists(st.binary(max_size=40).filter(lambda frame: b"\n" not in frame), max_size=6), st.integers(1, 20))
def test_frames_are_the_same_wherever_they_are_cut(tmp_path_factory, frames, step):
    path = str(tmp_path_factory.mktemp("s") / "s")
    data = b"".join(frame + b"\n" for frame in frames)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(1)
        channel = UnixChannel(path)
        peer, _ = listener.accept()
    with peer:
        for start in range(0, len(data), step):
            peer.sendall(data[start : start + step])
        peer.shutdown(socket.SHUT_WR)
        assert [channel.receive(5) for _ in frames] == frames
        with pytest.raises(ConnectionError):
            channel.receive(5)
    channel.close()


def test_silence_is_told_and_the_frame_still_comes(other_side):
    go = threading.Event()

    def serve(peer):
        peer.sendall(b"ha")
        go.wait(10)
        peer.sendall(b"lf\n")
        peer.recv(1)

    channel = UnixChannel(other_side(serve))
    assert channel.receive(0.05) is None
    assert channel.receive(0.05) is None
    go.set()
    assert channel.receive(5) == b"half"
    assert channel.alive()
    channel.close()


def test_a_side_that_left_is_noticed_without_asking(other_side):
    gone = threading.Event()
    channel = UnixChannel(other_side(lambda peer: (peer.close(), gone.set())))
    assert gone.wait(10)
    assert not channel.alive()
    with pytest.raises(OSError):
        channel.receive(5)
    channel.close()


def test_the_other_road_is_used_where_there_is_no_unix_socket(shared):
    address = find(shared)
    assert address is not None
    usual = open_channel(address)
    assert isinstance(usual, UnixChannel)
    usual.close()
    channel = open_channel(address._replace(socket=None))
    assert isinstance(channel, WebSocketChannel) and channel.alive()
    channel.send(b'{"jsonrpc":"2.0","id":1,"method":"providers.call","params":{"id":"echo","method":"models"}}')
    answer = channel.receive(10)
    assert answer is not None and b"echo:v1" in answer  # so the token made us the owner
    assert channel.receive(0.05) is None
    channel.close()
    assert not channel.alive()
    with pytest.raises(OSError):
        channel.send(b"{}")
    with pytest.raises(OSError):
        channel.receive(1)


def test_nobody_listens(shared, tmp_path):
    address = find(shared)
    assert address is not None
    with pytest.raises(OSError):
        open_channel(address._replace(socket=str(tmp_path / "nobody")))
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(OSError):
        open_channel(address._replace(socket=None, port=port))
