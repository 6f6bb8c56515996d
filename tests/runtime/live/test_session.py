"""One session, from every beginning to every end."""

import threading
from itertools import pairwise
from typing import Any

import pytest

from tests.runtime.conftest import until
from tests.runtime.live.conftest import ME, Stage, begun, final_of, spoken, text_of, under_way
from vox.errors import (
    MicrophoneUnavailable,
    ModelNotInstalled,
    ProviderBusy,
    ProviderCrashed,
    ProviderFailed,
    SessionCancelled,
    VoxError,
)
from vox.runtime.live.device import Device
from vox.runtime.live.told import DeviceChanged, Guessed, Heard, Level, LiveRequest, StateChanged, Warned
from vox.testing import FakeMicrophone

pytestmark = pytest.mark.anyio


@pytest.fixture
def stage() -> Stage:
    return Stage(FakeMicrophone(spoken(1.0, 2.0)))


async def test_what_is_said_is_read_while_it_is_said(stage: Stage) -> None:
    async with begun(stage) as run:
        await stage.reaches("recording")
        stage.microphone.advance(2.5)
        await until(lambda: len(stage.of(Heard)) == 1)
        first = stage.of(Heard)[0]
        assert (first.text, first.sequence, first.start, first.end) == ("1 seconds", 0, 0.0, 1.0)
        assert stage.microphone.is_open
        stage.microphone.play()
        await until(lambda: len(stage.of(Heard)) == 2)
        second = stage.of(Heard)[1]
        assert second.text == "1 seconds 2 seconds" and second.sequence == 1
        assert (second.start, second.end, second.utterance) == (2.0, 4.0, "2 seconds")
        await stage.live.stop(None, ME)
        final = final_of(await run.end())
    transcript = final.transcript
    assert stage.states == ["starting", "recording", "processing", "done"]
    assert [event.previous for event in stage.of(StateChanged)] == [None, "starting", "recording", "processing"]
    assert transcript.text == "1 seconds 2 seconds" and final.ended_by == "stop"
    assert [word.start for word in transcript.words or ()] == [0.0, 0.1, 2.0, 2.1]
    assert [(part.id, part.start, part.end) for part in transcript.segments or ()] == [(0, 0.0, 1.0), (1, 2.0, 4.0)]
    assert transcript.duration_s == 5.0 and final.history_id == "record-1"
    assert stage.told.index(final) == len(stage.told) - 2, "the text comes before the last state"
    assert stage.kept == [(transcript, final.session)]


async def test_the_device_is_free_before_the_text_is_there(stage: Stage) -> None:
    async with begun(stage) as run:
        await stage.reaches("recording")
        stage.recogniser.gate.clear()
        stage.microphone.advance(0.5)
        async with under_way(stage.live.stop(None, ME)) as stop:
            await stage.reaches("processing")
            assert not stage.microphone.is_open and not stop.done.is_set()
            stage.recogniser.gate.set()
            assert await stop.end() == await run.end()
    assert text_of(await run.end()) == "0.5 seconds", "what was said to the last moment is in it"


async def test_a_second_stop_gets_the_same_text(stage: Stage) -> None:
    async with begun(stage) as run:
        await stage.reaches("recording")
        stage.recogniser.gate.clear()
        stage.microphone.advance(0.5)
        async with under_way(stage.live.stop(None, ME)) as first:
            await stage.reaches("processing")
            async with under_way(stage.live.stop(None, ME)) as second:
                stage.recogniser.gate.set()
                assert await first.end() == await second.end() == await run.end()


async def test_nothing_said_is_an_empty_text() -> None:
    stage = Stage(FakeMicrophone(spoken(0.0, pause_s=2.0)))
    async with begun(stage) as run:
        await stage.reaches("recording")
        stage.microphone.play()
        stopped = await stage.live.stop(None, ME)
        assert await run.end() == stopped
    transcript = final_of(stopped).transcript
    assert (transcript.text, transcript.words, transcript.segments) == ("", None, None)
    assert transcript.metrics["pieces"] == 0 == transcript.metrics["inferenceMs"] and not stage.of(Heard)


async def test_what_was_said_at_the_time_limit_is_recognised() -> None:
    stage = Stage(FakeMicrophone(spoken(3.0)), live_max_seconds=2.0)
    async with begun(stage) as run:
        await stage.reaches("recording")
        stage.microphone.play()
        final = final_of(await run.end())
    assert (final.transcript.text, final.ended_by) == ("2 seconds", "recording_timeout")
    assert final.transcript.duration_s == 2.0 and not stage.microphone.is_open
    assert stage.reasons == [None, None, "recording_timeout", None]


@pytest.mark.parametrize(
    ("asked", "utterances", "limit"), [(1.0, False, 1.0), (9.0, False, 2.0), (9.0, True, 3.0), (None, False, 2.0)]
)
async def test_a_client_may_ask_for_less_time(asked: float | None, utterances: bool, limit: float) -> None:
    stage = Stage(FakeMicrophone(spoken(3.0, pause_s=0)), live_max_seconds=2.0)
    async with begun(stage, LiveRequest(max_s=asked, utterances=utterances)) as run:
        await stage.reaches("recording")
        stage.microphone.play()
        if utterances:  # these may go on for a day
            await stage.live.stop(None, ME)
        final = final_of(await run.end())
    assert final.transcript.duration_s == limit


async def test_utterances_come_alone_and_leave_nothing_behind(stage: Stage) -> None:
    async with begun(stage, LiveRequest(utterances=True)) as run:
        await stage.reaches("recording")
        stage.microphone.play()
        await until(lambda: len(stage.of(Heard)) == 2)
        await stage.live.stop(None, ME)
        transcript = final_of(await run.end()).transcript
    assert [(event.text, event.utterance, event.sequence) for event in stage.of(Heard)] == [
        ("", "1 seconds", 0),
        ("", "2 seconds", 1),
    ]
    assert [word.start for word in stage.of(Heard)[1].words] == [2.0, 2.1]
    assert transcript.text == "1 seconds 2 seconds" and transcript.words is None and transcript.segments is None


async def test_what_is_being_said_is_guessed(stage: Stage) -> None:
    async with begun(stage, LiveRequest(guesses=True)) as run:
        await stage.reaches("recording")
        stage.microphone.advance(2.5)
        await until(lambda: stage.of(Guessed) != [])
        await until(lambda: len(stage.of(Heard)) == 1)
        stage.microphone.advance(0.5)
        await until(lambda: Guessed("1 seconds 1 seconds", stage.of(Guessed)[-1].sequence, 9) in stage.told)
        stage.microphone.play()
        await stage.live.stop(None, ME)
        assert text_of(await run.end()) == "1 seconds 2 seconds"
    texts = [event for event in stage.told if isinstance(event, Heard | Guessed)]
    assert [event.sequence for event in texts] == list(range(len(texts)))
    for earlier, later in pairwise(texts):
        stable = earlier.stable if isinstance(earlier, Guessed) else len(earlier.text)
        assert later.text[:stable] == earlier.text[:stable]
    row = stage.rows.rows[0]
    assert row["pieces"] == 2 and row["guesses"] == len(stage.of(Guessed)) and row["inputBytes"] == 200


async def test_cancel_ends_it_without_a_text(stage: Stage) -> None:
    async with begun(stage) as run:
        await stage.reaches("recording")
        stage.microphone.advance(0.5)
        session = await stage.live.cancel(None, ME)
        assert not stage.microphone.is_open
        assert await run.end() == (session, None)
    assert stage.states == ["starting", "recording", "cancelled"]
    assert (stage.rows.rows[0]["outcome"], stage.rows.rows[0]["code"]) == ("cancelled", "session_cancelled")
    assert not stage.kept


async def test_cancel_while_the_text_is_made(stage: Stage) -> None:
    async with begun(stage) as run:
        await stage.reaches("recording")
        stage.recogniser.gate.clear()
        stage.microphone.advance(0.5)
        async with under_way(stage.live.stop(None, ME)) as stop:
            await stage.reaches("processing")
            await stage.live.cancel(None, ME)
            with pytest.raises(SessionCancelled):
                await stop.end()
        assert (await run.end())[1] is None
    assert stage.states[-2:] == ["processing", "cancelled"]


async def test_a_client_that_goes_takes_its_session_with_it(stage: Stage) -> None:
    async with begun(stage) as run:
        await stage.reaches("recording")
        run.scope.cancel()
        await until(run.done.is_set)
    assert stage.states[-1] == "cancelled" and stage.reasons[-1] == "connection_closed"
    assert not stage.microphone.is_open and stage.live.statuses() == []
    assert stage.rows.rows[0]["outcome"] == "cancelled"


async def test_a_stop_before_the_device_is_open_ends_it_at_once(stage: Stage) -> None:
    wait = threading.Event()

    def open(name: str | None) -> FakeMicrophone:
        wait.wait(5)
        return stage.microphone.open(name)

    stage.live.device = Device(open)
    async with begun(stage) as run:
        await stage.reaches("starting")
        async with under_way(stage.live.stop(None, ME)) as stop:
            await until(lambda: stage.live.statuses()[0]["state"] == "starting")
            wait.set()
            assert text_of(await stop.end()) == "" == text_of(await run.end())
    assert not stage.microphone.is_open


async def test_a_device_that_opens_too_late_is_closed_again(stage: Stage) -> None:
    wait, opened = threading.Event(), threading.Event()

    def open(name: str | None) -> FakeMicrophone:
        wait.wait(5)
        microphone = stage.microphone.open(name)
        opened.set()
        return microphone

    stage.live.device, stage.live.open_s = Device(open), 0.05
    async with begun(stage) as run:
        with pytest.raises(SessionCancelled) as raised:
            await run.end()
    assert raised.value.details["reason"] == "starting_timeout"
    assert stage.states == ["starting", "cancelled"] and stage.reasons[-1] == "starting_timeout"
    async with begun(stage) as run:
        with pytest.raises(MicrophoneUnavailable, match="still hangs"):
            await run.end()
    wait.set()
    await until(lambda: opened.is_set() and not stage.microphone.is_open)
    async with begun(stage):
        await until(lambda: stage.microphone.is_open)


async def test_no_microphone_is_told(stage: Stage) -> None:
    stage.microphone.missing = "Nothing is plugged in."
    async with begun(stage) as run:
        with pytest.raises(MicrophoneUnavailable, match="Nothing is plugged in"):
            await run.end()
    assert stage.states == ["starting", "error"] and stage.reasons[-1] == "microphone_unavailable"
    assert stage.live.statuses() == [] and stage.rows.rows[0]["code"] == "microphone_unavailable"


async def test_a_device_that_goes_away_leaves_what_was_said(stage: Stage) -> None:
    async with begun(stage) as run:
        await stage.reaches("recording")
        stage.microphone.advance(2.5)
        await until(lambda: len(stage.of(Heard)) == 1)
        stage.microphone.unplug()
        final = final_of(await run.end())
    assert (final.transcript.text, final.ended_by) == ("1 seconds 0.5 seconds", "microphone_lost")
    assert [(event.device, event.previous) for event in stage.of(DeviceChanged)] == [(None, "Fake microphone")]


async def test_a_device_that_goes_away_at_once_is_an_error(stage: Stage) -> None:
    async with begun(stage) as run:
        await stage.reaches("recording")
        stage.microphone.unplug()
        with pytest.raises(MicrophoneUnavailable, match="was unplugged"):
            await run.end()
    assert stage.states[-1] == "error"


async def test_another_device_may_take_its_place(stage: Stage) -> None:
    async with begun(stage) as run:
        await stage.reaches("recording")
        stage.microphone.device = "The other one"
        stage.microphone.advance(0.5)
        await until(lambda: stage.of(DeviceChanged) != [])
        assert text_of(await stage.live.stop(None, ME)) == "0.5 seconds"
        await run.end()
    assert stage.of(DeviceChanged) == [DeviceChanged("The other one", "Fake microphone")]


async def test_what_was_lost_does_not_shift_the_times(stage: Stage) -> None:
    async with begun(stage, LiveRequest(levels=True)) as run:
        await stage.reaches("recording")
        stage.microphone.advance(1.5)
        await until(lambda: len(stage.of(Level)) == 15)
        stage.microphone.lose(0.25)
        stage.microphone.play()
        await stage.live.stop(None, ME)
        transcript = final_of(await run.end()).transcript
    assert [part.start for part in transcript.segments or ()] == [0.0, 2.0] and transcript.duration_s == 5.0
    assert stage.rows.rows[0]["lostMs"] == 250


async def test_levels_come_ten_times_a_second(stage: Stage) -> None:
    async with begun(stage, LiveRequest(levels=True)) as run:
        await stage.reaches("recording")
        stage.microphone.advance(1.25)
        await stage.live.stop(None, ME)
        await run.end()
    levels = stage.of(Level)
    assert levels == [Level(0.2441, 0.2441)] * 10 + [Level(0.0, 0.0)] * 2


async def test_a_piece_that_fails_is_tried_again(stage: Stage) -> None:
    stage.recogniser.failures = [ProviderCrashed("It fell."), ProviderBusy("Full.", retryAfterMs=1)]
    async with begun(stage) as run:
        await stage.reaches("recording")
        stage.microphone.play()
        await until(lambda: len(stage.of(Warned)) == 1)
        await stage.live.stop(None, ME)
        assert text_of(await run.end()) == "1 seconds 2 seconds"
    assert [event.error.code for event in stage.of(Warned)] == ["provider_crashed", "provider_busy"]


@pytest.mark.parametrize("error", [ModelNotInstalled("Not here."), ProviderFailed("No.")])
async def test_what_cannot_be_recognised_is_kept_to_the_end_and_tells_the_rest(stage: Stage, error: VoxError) -> None:
    async with begun(stage) as run:
        await stage.reaches("recording")
        stage.microphone.advance(2.0)
        await until(lambda: len(stage.of(Heard)) == 1)
        stage.recogniser.failures = [type(error)(error.message) for _ in range(9)]
        stage.microphone.play()
        await until(lambda: len(stage.of(Warned)) == 1)
        assert stage.microphone.is_open, "somebody still speaks"
        with pytest.raises(type(error)) as stopped:
            await stage.live.stop(None, ME)
        with pytest.raises(type(error)) as raised:
            await run.end()
    assert raised.value.details["text"] == stopped.value.details["text"] == "1 seconds"
    assert stage.states[-1] == "error" and stage.reasons[-1] == error.code
    assert stage.rows.rows[0]["outcome"] == "error"


async def test_too_much_to_recognise_ends_the_recording() -> None:
    stage = Stage(FakeMicrophone(spoken(1.0, 1.0, 1.0, 1.0)), live_max_seconds=2.5)
    stage.recogniser.gate.clear()
    async with begun(stage, LiveRequest(utterances=True)) as run:
        await stage.reaches("recording")
        stage.microphone.play()
        await stage.reaches("processing")
        stage.recogniser.gate.set()
        final = final_of(await run.end())
    assert (final.transcript.text, final.ended_by) == ("1 seconds 1 seconds 1 seconds", "recogniser_behind")


async def test_the_model_is_loaded_while_somebody_speaks(stage: Stage) -> None:
    async with begun(stage, LiveRequest(model="wanted:1")) as run:
        await stage.reaches("recording")
        await until(lambda: stage.recogniser.warmed == ["wanted:1"])
        await until(lambda: stage.live.statuses()[0]["modelId"] == "ear:1")
        await stage.live.stop(None, ME)
        await run.end()


async def test_a_model_that_cannot_be_loaded_is_told_at_once(stage: Stage) -> None:
    stage.recogniser.warm_error = ModelNotInstalled("It is not here.")
    async with begun(stage) as run:
        await stage.reaches("recording")
        await until(lambda: len(stage.of(Warned)) == 1)
        stage.microphone.play()
        await stage.live.stop(None, ME)
        assert text_of(await run.end()) == "1 seconds 2 seconds"


async def test_what_was_wanted_reaches_the_model(stage: Stage) -> None:
    given: dict[str, Any] = {"model": "a:1", "language": "de", "prompt": "p", "hotwords": ("Vox",), "words": True}
    async with begun(stage, LiveRequest(**given)) as run:
        await stage.reaches("recording")
        stage.microphone.advance(0.5)
        await stage.live.stop(None, ME)
        await run.end()
    (request,) = stage.recogniser.requests
    assert {name: getattr(request, name) for name in given} == given


async def test_one_measurement_for_all_pieces(stage: Stage) -> None:
    async with begun(stage) as run:
        await stage.reaches("recording")
        stage.microphone.play()
        await stage.live.stop(None, ME)
        final = final_of(await run.end())
    (row,) = stage.rows.rows
    assert row.items() >= {
        "route": "transcribe.live", "clientId": "me", "sessionId": final.session, "traceId": final.session,
        "kind": "asr", "outcome": "ok", "pieces": 2, "modelId": "ear:1", "providerId": "ear", "audioDurationMs": 5000,
        "lostMs": 0, "inputBytes": 200, "totalMs": 24.0, "providerMs": 20.0, "textLength": 19, "endedBy": "stop",
        "realtimeFactor": 0.004, "metricsComplete": True,
    }.items()  # fmt: skip
    metrics = final.transcript.metrics
    assert row["metrics"] == metrics and metrics["inferenceMs"] == 20 and metrics["wasPreloaded"] == 1
    assert metrics["audioDurationMs"] == 5000 and metrics["finalMs"] == round(final.transcript.elapsed_ms, 3)
