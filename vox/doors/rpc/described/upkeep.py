"""Methods about models, records, devices, providers and the daemon itself."""

from vox.doors.rpc.described.schema import (
    FLAG,
    INTEGER,
    OBJECT,
    TEXT,
    Described,
    Param,
    array,
    maybe,
    number,
    one_of,
    optional,
    record,
    ref,
)
from vox.runtime.events import TOPICS

__all__ = ["UPKEEP"]

_MODEL = Param(TEXT, "Id of a model; by default the default recogniser.")
_MODELS = record(models=array(ref("Model")), problems=array(ref("Problem")))
_PROGRESS = {"models.progress": ref("Progress")}
_WARMUP = record(warmup=ref("Warmup"))
_WAIT = {"wait": Param(FLAG, "Answer when the model is ready or failed.")}
_FILTER = {
    "kind": Param(one_of("transcription", "synthesis"), "What was made."),
    "source": Param(one_of("file", "live"), "Where the speech came from."),
    "clientId": Param(TEXT, "Whose records."),
    "modelId": Param(TEXT, "Which model made them."),
    "sessionId": Param(TEXT, "Of which session."),
    "outcome": Param(one_of("ok", "error", "cancelled"), "How it ended."),
    "query": Param(TEXT, "Within the text."),
}
_RECORD_ID = {"id": Param(TEXT, "Id of a record.", required=True)}
_KIND = Param(one_of("asr", "tts"), "Which of two entries with the same id.")
_PROVIDER = Param(TEXT, "Id of a provider.", required=True)
_ENTRIES = array(ref("ProviderId"))
_DEVICE = {"id": TEXT, "name": TEXT, "default": FLAG}

UPKEEP: dict[str, Described] = {
    "health": Described("Tell that the daemon works, and where.", ref("Health")),
    "doctor.run": Described(
        "Look for what is wrong.",
        record(
            ready=FLAG,
            checks=array(
                record(
                    name=TEXT,
                    status=one_of("ok", "warning", "error"),
                    detail=TEXT,
                    remediation=optional(ref("Remediation")),
                )
            ),
        ),
    ),
    "models.list": Described(
        "List the models of a kind.",
        _MODELS,
        {"kind": Param(one_of("asr", "tts", "all"), "asr unless given.")},
    ),
    "synthesize.models": Described("List the models that speak.", _MODELS),
    "models.install": Described(
        "Get the files of a model.", record(model=ref("Model")), {"modelId": _MODEL}, _PROGRESS, programs=True
    ),
    "models.import": Described(
        "Take the files of a model from a folder or an archive.",
        record(model=ref("Model")),
        {
            "path": Param(TEXT, "Where they are: an absolute path.", required=True),
            "modelId": Param(TEXT, "Whose files they are; by default the daemon finds out."),
            "link": Param(FLAG, "Leave the files where they are, and point at them."),
        },
        _PROGRESS,
        programs=True,
    ),
    "models.remove": Described(
        "Delete the files of a model.",
        record(model=ref("Model")),
        {"modelId": Param(TEXT, "Id of a model.", required=True)},
        _PROGRESS,
        programs=True,
    ),
    "models.preload": Described(
        "Load a model into memory.", record(model=ref("Model")), {"modelId": _MODEL}, _PROGRESS
    ),
    "models.catalog": Described("List the models that can be used with Vox.", ref("Catalogue")),
    "models.refreshCatalog": Described("Fetch a newer list of models.", ref("Catalogue"), programs=True),
    "warmup.status": Described("Tell how far a model is on its way into memory.", _WARMUP, {"modelId": _MODEL}),
    "warmup.start": Described("Have a model loaded into memory now.", _WARMUP, {"modelId": _MODEL, **_WAIT}, _PROGRESS),
    "warmup.schedule": Described(
        "Have a model loaded into memory later.",
        _WARMUP,
        {"modelId": _MODEL, **_WAIT, "delayMs": Param(number(most=31 * 86_400_000), "Milliseconds from now.")},
        _PROGRESS,
    ),
    "warmup.cancel": Described("Give up a warm-up.", _WARMUP, {"modelId": _MODEL}),
    "history.list": Described(
        "List records of what was recognised and spoken, the newest first.",
        record(records=array(ref("Record")), nextCursor=maybe(TEXT), enabled=FLAG),
        {
            **_FILTER,
            "before": Param(TEXT, "A cursor, the id of a record, or a time: only what is older."),
            "limit": Param(number(1), "Records at most; 50 unless given."),
        },
        programs=True,
        identified=False,
    ),
    "history.get": Described(
        "Give one record.", record(record=maybe(ref("Record"))), _RECORD_ID, programs=True, identified=False
    ),
    "history.delete": Described(
        "Delete one record.", record(deleted=FLAG, id=TEXT), _RECORD_ID, programs=True, identified=False
    ),
    "history.clear": Described("Delete records.", record(deleted=INTEGER), _FILTER, programs=True, identified=False),
    "telemetry.summary": Described(
        "Tell what the calls so far have cost.",
        record(
            samples=INTEGER,
            success=INTEGER,
            clients=array(TEXT),
            routes=array(TEXT),
            unreadable=INTEGER,
            overall=ref("Group"),
            byClient=array(ref("Group")),
            byModel=array(ref("Group")),
            byRoute=array(ref("Group")),
            recent=array(OBJECT),
        ),
        {
            "clientId": Param(TEXT, "Calls of this client."),
            "route": Param(TEXT, "Calls of this method."),
            "last": Param(number(0), "How many single calls are told; 20 unless given."),
        },
        programs=True,
        identified=False,
    ),
    "microphone.requestAccess": Described(
        "Open the microphone for a moment, which is what makes a system ask its user.",
        record(
            status=one_of("authorized", "denied", "restricted", "not_determined", "unknown"),
            detail=TEXT,
            remediation=ref("Remediation"),
        ),
    ),
    "microphone.devices": Described(
        "List the sound devices.",
        record(devices=array(record(chosen=FLAG, **_DEVICE)), outputs=array(record(**_DEVICE))),
        programs=True,
    ),
    "microphone.deafen": Described(
        "Say that the client plays sound, which the daemon is not to take for its user.",
        record(deaf=FLAG),
        {"ms": Param(number(0, 5000), "For how long; said again while it plays. 0 when it ends.", required=True)},
        programs=True,
    ),
    "providers.status": Described(
        "Tell how the providers are.",
        record(providers=array(ref("ProviderStatus")), problems=array(ref("ConfigProblem"))),
    ),
    "providers.call": Described(
        "Send one request to a provider as it is.",
        record(result=OBJECT),
        {
            "id": _PROVIDER,
            "kind": _KIND,
            "method": Param(TEXT, "What to call.", required=True),
            "params": Param(OBJECT, "What to send with it."),
        },
        _PROGRESS,
        owner=True,
    ),
    "providers.restart": Described(
        "Have a new process serve a provider's next call.",
        record(restarted=_ENTRIES),
        {"id": _PROVIDER, "kind": _KIND, "now": Param(FLAG, "End the old process at once, and its calls with it.")},
        owner=True,
    ),
    "providers.reload": Described(
        "Read the configuration again.",
        record(added=_ENTRIES, removed=_ENTRIES, changed=_ENTRIES, kept=_ENTRIES, problems=array(ref("ConfigProblem"))),
        owner=True,
    ),
    "runtime.subscribe": Described(
        "Listen to what happens.",
        record(
            subscriptionId=TEXT,
            epoch=TEXT,
            seq=INTEGER,
            topics=array(one_of(*TOPICS)),
            snapshot={"type": "object", "additionalProperties": OBJECT},
            snapshotRequired=FLAG,
            replayed=INTEGER,
        ),
        {
            "topics": Param(array(one_of(*TOPICS)), "By default all that the caller may see."),
            "since": Param(number(0), "Number of the event after which to begin; by default now."),
            "epoch": Param(TEXT, "Whose numbering that is."),
            "subscriptionId": Param({"type": "string", "maxLength": 64}, "A name for the subscription."),
        },
        pushes={"runtime.event": ref("RuntimeEvent")},
    ),
    "runtime.unsubscribe": Described(
        "Listen no more.",
        record(unsubscribed=array(TEXT)),
        {"subscriptionId": Param(TEXT, "Which; by default all of this connection.")},
    ),
    "rpc.discover": Described(
        "Give this description of all methods.",
        record(openrpc=TEXT, info=OBJECT, methods=array(OBJECT), components=OBJECT),
    ),
    "daemon.stop": Described("End the daemon.", record(stopping={"const": True}), owner=True),
}
