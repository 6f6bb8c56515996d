// A whole provider for Vox: it tells how long a recording is, and hums instead of speaking. Put your engine there.
// Any Node from 18 runs it. minimal.ts is the same program with types.

import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

const LISTENER = "minimal-js:v1";
const SPEAKER = "minimal-js-tts:v1";
const VOICES = ["hum"];
const RATE = 16000;

class Refused extends Error {
  constructor(message, code) {
    super(message);
    this.data = { code }; // tells Vox, and its client, what is wrong
  }
}

const methods = {
  models: () => ({
    models: [
      { id: LISTENER, name: "minimal-js listener", kind: "asr" },
      { id: SPEAKER, name: "minimal-js speaker", kind: "tts", sampleRate: RATE },
    ],
  }),

  transcribe: ({ modelId, path }) => {
    if (modelId !== LISTENER) throw new Refused(`There is no model ${modelId} here.`, "model_not_found");
    const started = performance.now();
    const seconds = (readFileSync(String(path)).length - 44) / 2 / RATE; // Vox sends 16 kHz mono 16-bit WAV files
    const spent = performance.now() - started;
    return {
      modelId,
      text: `A recording of ${seconds.toFixed(1)} seconds.`,
      elapsedMs: spent,
      metrics: { inferenceMs: spent, totalMs: spent, audioDurationMs: Math.max(0, seconds * 1000) },
    };
  },

  voices: () => ({ voices: VOICES.map((id) => ({ id, modelId: SPEAKER, default: id === VOICES[0] })) }),

  synthesize: ({ modelId, input, voiceId = VOICES[0] }) => {
    if (modelId !== SPEAKER) throw new Refused(`There is no model ${modelId} here.`, "model_not_found");
    if (!VOICES.includes(String(voiceId))) throw new Refused(`There is no voice ${voiceId} here.`, "voice_not_found");
    const started = performance.now();
    const text = String(input);
    const wav = hum(text.length / 20); // a twentieth of a second for each character
    const spent = performance.now() - started;
    return {
      modelId,
      voiceId,
      format: "wav",
      contentType: "audio/wav",
      audioBase64: wav.toString("base64"),
      elapsedMs: spent,
      metrics: { synthesisMs: spent, totalMs: spent, characterCount: text.length },
    };
  },
};

function hum(seconds) {
  const count = Math.floor(seconds * RATE);
  const wav = Buffer.alloc(44 + count * 2);
  wav.write("RIFF", 0);
  wav.writeUInt32LE(36 + count * 2, 4);
  wav.write("WAVEfmt ", 8);
  wav.writeUInt32LE(16, 16); // size of the format chunk
  wav.writeUInt16LE(1, 20); // PCM
  wav.writeUInt16LE(1, 22); // mono
  wav.writeUInt32LE(RATE, 24);
  wav.writeUInt32LE(RATE * 2, 28); // bytes a second
  wav.writeUInt16LE(2, 32); // bytes a frame
  wav.writeUInt16LE(16, 34); // bits a sample
  wav.write("data", 36);
  wav.writeUInt32LE(count * 2, 40);
  for (let n = 0; n < count; n++) {
    wav.writeInt16LE(Math.round(8000 * Math.sin((2 * Math.PI * 220 * n) / RATE)), 44 + n * 2);
  }
  return wav;
}

for await (const line of createInterface({ input: process.stdin })) {
  let request;
  try {
    request = JSON.parse(line);
  } catch {
    continue; // not for us
  }
  const { id, method, params } = request ?? {};
  if (id === undefined) continue; // a notification wants no answer
  const answer = { jsonrpc: "2.0", id };
  try {
    if (Object.hasOwn(methods, method)) answer.result = methods[method](params ?? {});
    else answer.error = { code: -32601, message: `no method ${method}` };
  } catch (error) {
    const { message, data } = error; // one bad request must not end the provider
    answer.error = { code: -32000, message, data };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
}
