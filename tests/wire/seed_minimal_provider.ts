// minimal-provider.ts
import { createInterface } from "readline";
const rl = createInterface({ input: process.stdin });
for await (const line of rl) {
const req = JSON.parse(line);
if (req.method === "models") {
respond(req.id, {
models: [
{
id: "my-model:v1",
name: "My Model",
backend: "custom",
installed: true,
preloaded: false,
available: true,
},
],
});
}
if (req.method === "transcribe") {
const text = await myTranscribe(req.params.path);
respond(req.id, {
modelId: req.params.modelId,
text,
elapsedMs: 100,
metrics: { inferenceMs: 95, totalMs: 100 },
});
}
if (req.method === "voices") {
respond(req.id, {
voices: [
{
id: "default",
name: "Default",
backend: "custom-tts",
modelId: req.params?.modelId ?? "my-tts:v1",
available: true,
default: true,
},
],
});
}
if (req.method === "synthesize") {
const audioBase64 = await mySynthesize(req.params.input);
respond(req.id, {
modelId: req.params.modelId,
voiceId: req.params.voiceId ?? "default",
format: "wav",
contentType: "audio/wav",
audioBase64,
elapsedMs: 120,
metrics: { synthesisMs: 110, totalMs: 120 },
});
}
}
function respond(id: number, result: unknown) {
process.stdout.write(JSON.stringify({ jsonrpc: "2.0", id, result }) + "\n");
}
