"""Methods that turn speech into text, and text into speech."""

from vox.doors.rpc.described.schema import (
    FLAG,
    INTEGER,
    NUMBER,
    OBJECT,
    TEXT,
    Described,
    Param,
    Schema,
    array,
    maybe,
    number,
    one_of,
    optional,
    record,
    ref,
)

__all__ = ["SPEECH"]

_MODEL = Param(TEXT, "Id of a model; by default the default one.")
_SESSION = Param(TEXT, "Which session; by default the one there is.")
_WAITING = {
    "maxWaitMs": Param(number(0, 86_400_000), "Milliseconds to wait for a turn; 0: not at all."),
    "priority": Param(one_of("interactive", "batch"), "How urgent it is; interactive unless given."),
    "progress": Param(FLAG, "Tell the place in the waiting line."),
}
_HEARING = {
    "modelId": _MODEL,
    "language": Param(TEXT, "BCP 47 tag, for engines with several."),
    "prompt": Param(TEXT, "Context, for engines that use it."),
    "hotwords": Param(array(TEXT), "Words to expect, for engines that use them."),
    "words": Param(FLAG, "Word timings."),
}
_PATH = Param(TEXT, "A file that the daemon's user can read.", required=True)
_TIMING: Schema = {
    "anyOf": [
        FLAG,
        record(
            enabled=optional(FLAG),
            modelId=optional(TEXT),
            cues=optional(
                array(
                    record(id=TEXT, text=optional(TEXT), textStart=optional(INTEGER), textEnd=optional(INTEGER)),
                )
            ),
        ),
    ]
}
_SPEAKING = {
    "text": Param(TEXT, "What shall be spoken.", required=True),
    "modelId": _MODEL,
    "voiceId": Param(TEXT, "Id of a voice of the model; by default the model's own default."),
    "format": Param(one_of("wav", "flac", "ogg", "mp3", "opus", "pcm"), "Of the audio; wav unless given."),
    "speed": Param(number(0.25, 4), "1 is the voice's own."),
    "instructions": Param(TEXT, "For engines that take them."),
    "language": Param(TEXT, "BCP 47 tag, for engines with several."),
    "stream": Param(FLAG, "Send the speech while it is made."),
    "speechTiming": Param(_TIMING, "Tell when each word is heard."),
    "alignment": Param(_TIMING, "The same as speechTiming."),
    "credentials": Param(OBJECT, "Keys of vendors, lent for this call."),
    **_WAITING,
}
_QUEUE = {"queue.position": ref("QueuePosition")}
_AUDIO = {"sequence": INTEGER, "sampleRate": INTEGER, "audioBytes": INTEGER, "audioBase64": TEXT}

SPEECH: dict[str, Described] = {
    "transcribe.file": Described(
        "Recognise the speech in an audio file.",
        ref("Transcript"),
        {
            "path": _PATH,
            **_HEARING,
            "temperature": Param(NUMBER, "For engines that use it."),
            "task": Param(TEXT, "transcribe or translate, for engines that do."),
            "partials": Param(FLAG, "Send the text recognised so far."),
            **_WAITING,
        },
        {"transcribe.partial": record(text=TEXT, stable=INTEGER), **_QUEUE},
        programs=True,
    ),
    "annotate.file": Described(
        "Find out who speaks when in an audio file.",
        record(
            modelId=TEXT,
            text=maybe(TEXT),
            elapsedMs=INTEGER,
            metrics=ref("Metrics"),
            words=array(OBJECT),
            speakers=array(OBJECT),
            traceId=TEXT,
        ),
        {
            "path": _PATH,
            "modelId": _MODEL,
            "text": Param(TEXT, "What is known to be said."),
            "words": Param(array(OBJECT), "The words of it."),
        },
        programs=True,
    ),
    "transcribe.startSession": Described(
        "Record from the microphone, and recognise what is said until the session ends.",
        {"anyOf": [ref("LiveTranscript"), ref("Cancelled")]},
        {
            **_HEARING,
            "device": Param(TEXT, "Name of the microphone."),
            "maxSeconds": Param(number(0.1, 86_400), "When recording ends by itself."),
            "levels": Param(FLAG, "Tell how loud it is."),
            "utterances": Param(FLAG, "Tell each utterance alone rather than all the text so far."),
            "guesses": Param(FLAG, "Tell also what an utterance that goes on seems to be."),
        },
        {
            "session.state": ref("StateChange"),
            "session.partial": record(
                sessionId=TEXT,
                text=TEXT,
                sequence=INTEGER,
                stable=INTEGER,
                utterance=optional(record(text=TEXT, start=NUMBER, end=NUMBER)),
            ),
            "session.utterance": record(
                sessionId=TEXT,
                sequence=INTEGER,
                text=TEXT,
                start=NUMBER,
                end=NUMBER,
                words=maybe(array(ref("Word"))),
            ),
            "session.level": record(sessionId=TEXT, rms=NUMBER, peak=NUMBER),
            "session.device": record(sessionId=TEXT, device=maybe(TEXT), previous=TEXT),
            "session.warning": {
                **record(sessionId=TEXT, code=TEXT, message=TEXT, retryable=FLAG),
                "additionalProperties": True,
            },
            "session.final": ref("LiveTranscript"),
        },
    ),
    "transcribe.sessionStatus": Described(
        "Tell which live session there is.", record(session=maybe(ref("LiveSession")))
    ),
    "transcribe.stopSession": Described(
        "End the recording of a live session, and wait for its text.",
        record(
            stopped={"const": True},
            sessionId=TEXT,
            historyId=maybe(TEXT),
            result=maybe(ref("LiveTranscript")),
            state=optional(TEXT),
        ),
        {"sessionId": _SESSION},
    ),
    "transcribe.cancelSession": Described(
        "End a live session without a text.", ref("Cancelled"), {"sessionId": _SESSION}
    ),
    "synthesize.voices": Described(
        "List the voices of one model, or of all.",
        record(voices=array(ref("Voice")), problems=array(ref("Problem"))),
        {"modelId": Param(TEXT, "Id of a model; by default all.")},
    ),
    "synthesize.generate": Described(
        "Speak a text.",
        ref("Speech"),
        _SPEAKING,
        {"synthesize.audio": record(whole=FLAG, **_AUDIO), **_QUEUE},
    ),
    "synthesize.startSession": Described(
        "Speak a text in pieces, as a session that can be asked after and ended.",
        {"anyOf": [ref("SpokenSession"), ref("Cancelled")]},
        _SPEAKING,
        {
            "session.state": ref("StateChange"),
            "session.audio": record(
                **{**_AUDIO, "sampleRate": optional(INTEGER)},
                sessionId=TEXT,
                modelId=TEXT,
                voiceId=maybe(TEXT),
                format=TEXT,
                contentType=TEXT,
            ),
            "session.final": ref("SpokenSession"),
            **_QUEUE,
        },
    ),
    "synthesize.sessionStatus": Described(
        "Tell which sessions of synthesis run.",
        record(session=maybe(ref("SpeechSession")), sessions=array(ref("SpeechSession"))),
    ),
    "synthesize.cancel": Described("End a session of synthesis.", ref("Cancelled"), {"sessionId": _SESSION}),
}
