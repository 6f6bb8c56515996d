"""The shapes that have a name: those that several methods answer with."""

from vox.doors.rpc.described.schema import (
    ANY,
    FLAG,
    INTEGER,
    MOMENT,
    NUMBER,
    OBJECT,
    TEXT,
    Schema,
    array,
    maybe,
    number,
    one_of,
    optional,
    record,
    ref,
)
from vox.runtime.events import TOPICS

__all__ = ["SHAPES"]

_METRICS: Schema = {
    "type": "object",
    "properties": {"traceId": TEXT},
    "additionalProperties": {"type": "number"},
}
_SESSION = record(
    sessionId=TEXT,
    connectionId=TEXT,
    clientId=TEXT,
    modelId=maybe(TEXT),
    startedAt=MOMENT,
    state=TEXT,
)
_TRANSCRIPT = {
    "modelId": TEXT,
    "text": TEXT,
    "elapsedMs": INTEGER,
    "durationMs": INTEGER,
    "metrics": ref("Metrics"),
    "words": maybe(array(ref("Word"))),
    "segments": maybe(array(ref("Segment"))),
    "language": maybe(TEXT),
    "historyId": maybe(TEXT),
    "traceId": TEXT,
}
_SPEECH = {
    "modelId": TEXT,
    "voiceId": TEXT,
    "format": TEXT,
    "contentType": TEXT,
    "elapsedMs": INTEGER,
    "durationMs": INTEGER,
    "metrics": ref("Metrics"),
    "traceId": TEXT,
    "audioBytes": optional(INTEGER),
    "speechTiming": optional(ref("SpeechTiming")),
}
_FIGURES = maybe(record(avg=NUMBER, p50=NUMBER, p95=NUMBER, min=NUMBER, max=NUMBER))
_GROUP = {
    "samples": INTEGER,
    "success": INTEGER,
    "totalMs": _FIGURES,
    "inferenceMs": _FIGURES,
    "queueMs": _FIGURES,
    "speed": _FIGURES,
}
_PROCESS = {
    "state": TEXT,
    "pid": maybe(INTEGER),
    "generation": INTEGER,
    "limit": INTEGER,
    "inUse": INTEGER,
    "lastError": maybe(ANY),
    "retryAfterMs": maybe(INTEGER),
    "unloadAt": maybe(MOMENT),
    "unloadInMs": maybe(INTEGER),
}

SHAPES: dict[str, Schema] = {
    "Metrics": _METRICS,
    "Model": record(
        id=TEXT,
        name=TEXT,
        backend=TEXT,
        installed=FLAG,
        preloaded=FLAG,
        available=FLAG,
        kind=one_of("asr", "tts"),
        provider=TEXT,
        languages=array(TEXT),
        words=FLAG,
        sampleRate=maybe(INTEGER),
        sizeBytes=maybe(INTEGER),
        description=TEXT,
        remedy=optional(TEXT),
        licence=optional(TEXT),
        requires=optional(array(TEXT)),
        default=optional(FLAG),
    ),
    "Problem": {
        **record(provider=TEXT, code=TEXT, message=TEXT, retryable=FLAG),
        "additionalProperties": True,
    },
    "ConfigProblem": record(file=TEXT, line=maybe(INTEGER), path=TEXT, message=TEXT, fix=TEXT),
    "Progress": record(
        modelId=TEXT, progress=number(0, 1), status=TEXT, bytesDone=optional(INTEGER), bytesTotal=optional(INTEGER)
    ),
    "QueuePosition": record(
        position=INTEGER, queued=INTEGER, limit=INTEGER, inUse=INTEGER, retryAfterMs=maybe(INTEGER)
    ),
    "Voice": record(id=TEXT, name=TEXT, language=maybe(TEXT), backend=TEXT, modelId=TEXT, available=FLAG, default=FLAG),
    "Word": record(word=TEXT, start=NUMBER, end=NUMBER, confidence=maybe(NUMBER)),
    "Segment": record(id=INTEGER, start=NUMBER, end=NUMBER, text=TEXT),
    "Transcript": record(**_TRANSCRIPT),
    "LiveTranscript": record(sessionId=TEXT, endedBy=TEXT, **_TRANSCRIPT),
    "LiveSession": _SESSION,
    "Speech": record(audioBase64=optional(TEXT), **_SPEECH),
    "SpokenSession": record(sessionId=TEXT, headerBase64=optional(TEXT), **_SPEECH),
    "SpeechSession": record(**{**_SESSION["properties"], "voiceId": maybe(TEXT), "textLength": INTEGER}),
    "SpeechTiming": record(
        source=one_of("asr", "estimated"),
        modelId=TEXT,
        elapsedMs=INTEGER,
        words=array(
            record(
                word=TEXT,
                startMs=INTEGER,
                endMs=INTEGER,
                confidence=maybe(NUMBER),
                sourceTextStart=maybe(INTEGER),
                sourceTextEnd=maybe(INTEGER),
            )
        ),
        cues=array(record(id=TEXT, startMs=INTEGER, endMs=INTEGER, confidence=NUMBER, source=TEXT)),
    ),
    "Cancelled": record(cancelled={"const": True}, sessionId=TEXT),
    "StateChange": record(sessionId=TEXT, state=TEXT, previous=maybe(TEXT), reason=optional(TEXT)),
    "Warmup": record(
        modelId=TEXT,
        state=one_of("idle", "scheduled", "warming", "ready", "failed"),
        requestedBy=maybe(TEXT),
        scheduledFor=maybe(MOMENT),
        startedAt=maybe(MOMENT),
        completedAt=maybe(MOMENT),
        lastError=maybe(TEXT),
    ),
    "Record": OBJECT,
    "Group": record(clientId=optional(TEXT), modelId=optional(TEXT), route=optional(TEXT), **_GROUP),
    "Catalogue": record(
        version=ANY, updatedAt=TEXT, models=array(OBJECT), plugins=array(OBJECT), problems=array(ref("Problem"))
    ),
    "Remediation": maybe(record(action=TEXT, label=TEXT, detail=TEXT)),
    "Health": record(
        service=TEXT,
        version=TEXT,
        port=INTEGER,
        pid=INTEGER,
        startedAt=MOMENT,
        socket=maybe(TEXT),
        uptimeMs=INTEGER,
        doors=array(record(name=TEXT, url=TEXT)),
        aliases=array(record(door=TEXT, port=INTEGER, listening=FLAG)),
    ),
    "ProviderStatus": record(
        id=TEXT,
        kind=one_of("asr", "tts"),
        queued=INTEGER,
        oldestWaitMs=maybe(NUMBER),
        serviceMs=maybe(NUMBER),
        models=maybe(array(TEXT)),
        command=array(TEXT),
        builtin=FLAG,
        noise=INTEGER,
        lateAnswers=INTEGER,
        replicas=array(record(replica=INTEGER, **_PROCESS)),
        **_PROCESS,
    ),
    "ProviderId": record(id=TEXT, kind=one_of("asr", "tts")),
    "RuntimeEvent": record(
        subscriptionId=TEXT, seq=INTEGER, topic=one_of(*TOPICS, "runtime"), name=TEXT, at=MOMENT, data=OBJECT
    ),
}
