"""A web page in a real browser: recorded by it, recognised, spoken; and what a page that nobody allowed gets."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jiwer
import pytest

from tests.chromium import browser
from tests.e2e.conftest import StartDaemon

CLIP = Path(__file__).parents[2] / "docs" / "audio" / "jfk.wav"
SAID = "and so my fellow americans ask not what your country can do for you ask what you can do for your country"
LENGTH_MS = 11_000

PAGE = b"""<!doctype html><meta charset="utf-8"><title>Vox</title><script>
async function record(ms) {
  const stream = await navigator.mediaDevices.getUserMedia(
    {audio: {echoCancellation: false, noiseSuppression: false, autoGainControl: false}});
  const recorder = new MediaRecorder(stream, {mimeType: "audio/webm;codecs=opus"});
  const pieces = [];
  recorder.ondataavailable = event => pieces.push(event.data);
  const ended = new Promise(resolve => recorder.onstop = resolve);
  recorder.start(250);
  await new Promise(resolve => setTimeout(resolve, ms));
  recorder.stop();
  await ended;
  stream.getTracks().forEach(track => track.stop());
  return new Blob(pieces, {type: recorder.mimeType});
}
async function transcribe(vox, recording) {
  const form = new FormData();
  form.append("audio", recording, "recording.webm");
  form.append("metadata", JSON.stringify({surface: "test-page"}));
  const answer = await fetch(vox + "/transcribe", {method: "POST", body: form});
  return {status: answer.status, type: recording.type, size: recording.size, ...await answer.json()};
}
async function speak(vox, text) {
  const answer = await fetch(vox + "/speak", {method: "POST", headers: {"Content-Type": "application/json"},
    body: JSON.stringify({clientId: "test-page", text})});
  const spoken = await answer.json();
  const bytes = Uint8Array.from(atob(spoken.audioBase64), letter => letter.charCodeAt(0));
  const sound = await new OfflineAudioContext(1, 1, 48000).decodeAudioData(bytes.buffer);
  const loudest = sound.getChannelData(0).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return {status: answer.status, seconds: sound.duration, loudest};
}
async function attempt(url, options) {
  try { const answer = await fetch(url, options); return answer.status + " " + (await answer.text()).length; }
  catch (error) { return error.name; }
}
function socket(url) {
  return new Promise(resolve => {
    const web = new WebSocket(url);
    web.onerror = () => resolve("refused");
    web.onopen = () => web.send('{"id": "1", "method": "health"}');
    web.onmessage = message => { resolve(JSON.parse(message.data).result.service); web.close(); };
  });
}
</script>"""


class Site(BaseHTTPRequestHandler):
    """Serves the page."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def site() -> Iterator[str]:
    """The origin of a site that serves the page."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    server.daemon_threads = True  # browsers open connections in advance, and keep them
    server.block_on_close = False
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://localhost:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.heavy
def test_a_page_records_reads_and_speaks_and_another_gets_nothing(start_daemon: StartDaemon) -> None:
    client = start_daemon()
    port = client.status()["port"]
    vox, web = f"http://127.0.0.1:{port}", f"ws://127.0.0.1:{port}/"
    with site() as allowed, site() as other, browser(CLIP) as chromium:
        origins = client.home.root / "origins.json"
        origins.write_text(json.dumps({"origins": [allowed]}), encoding="utf-8")
        origins.chmod(0o600)

        page = chromium.open(f"{allowed}/")
        assert page.run(f"fetch('{vox}/health').then(answer => answer.json())")["ok"] is True
        heard = page.run(f"record({LENGTH_MS + 1000}).then(recording => transcribe('{vox}', recording))", 60)
        assert heard["status"] == 200 and heard["type"].startswith("audio/webm") and heard["size"] > 20_000, heard
        assert jiwer.wer(SAID, plain(heard["text"])) <= 0.15, heard["text"]
        assert heard["words"] is not None and heard["metrics"]["realtimeFactor"] > 0
        spoken = page.run(f"speak('{vox}', 'Good morning. The kettle is on.')", 60)
        assert spoken["status"] == 200 and 0.8 < spoken["seconds"] < 8 and spoken["loudest"] > 0.02
        assert page.run(f"socket('{web}')") == "Vox"

        stranger = chromium.open(f"{other}/")
        for path, options in [
            ("/health", "{}"),
            ("/v1/health", "{}"),
            ("/voices", "{}"),
            ("/live", "{}"),
            ("/transcribe", "{method: 'POST', body: new FormData()}"),
            ("/speak", "{method: 'POST', headers: {'Content-Type': 'application/json'}, body: '{}'}"),
            ("/live", "{method: 'POST', headers: {'Content-Type': 'text/plain'}, body: '{}'}"),
        ]:
            assert stranger.run(f"attempt('{vox}{path}', {options})") == "TypeError"  # what CORS shows of a 403
            blind = options.replace("application/json", "text/plain").replace("{", "{mode: 'no-cors', ", 1)
            assert stranger.run(f"attempt('{vox}{path}', {blind})") in ("0 0", "TypeError")  # nothing to see either way
        assert stranger.run(f"socket('{web}')") == "refused"
        assert page.run(f"attempt('{vox}/health')").startswith("200 ")  # while the listed page goes on


def plain(text: str) -> str:
    return " ".join(re.sub(r"[^a-z' ]", " ", text.lower()).split())
