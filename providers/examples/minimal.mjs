// A whole provider in JavaScript, for any Node from 18: it tells how long a recording is, and hums instead of speaking.
// minimal.ts is the same program with types.

import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

const ASR = "minimal-js:v1";
const TTS = "minimal-js-tts:v1";
const RATE = 16000;

const methods = {
  models: () => ({
    models: [
      { id: ASR, name: "Minimal listener", backend: "minimal-js" },
      { id: TTS, name: "Minimal speaker", backend: "minimal-js" },
    ],
  }),

  transcribe: ({ modelId = ASR, path = "" }) => {
    const started = performance.now();
    const seconds = (readFileSync(path).length - 44) / 2 / RATE; // Vox sends 16 kHz mono 16-bit WAV files
    const spent = performance.now() - started;
    return {
      modelId,
      text: `A recording of ${seconds.toFixed(1)} seconds.`,
      elapsedMs: spent,
      metrics: { inferenceMs: spent, totalMs: spent, audioDurationMs: seconds * 1000 },
    };
  },

  voices: () => ({ voices: [{ id: "hum", name: "Hum", modelId: TTS, default: true }] }),

  synthesize: ({ modelId = TTS, input = "", voiceId = "hum" }) => {
    const started = performance.now();
    const wav = hum(input.length / 20); // a twentieth of a second for each character
    const spent = performance.now() - started;
    return {
      modelId,
      voiceId,
      format: "wav",
      contentType: "audio/wav",
      audioBase64: wav.toString("base64"),
      elapsedMs: spent,
      metrics: { synthesisMs: spent, totalMs: spent, characterCount: input.length },
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
  const { id, method, params } = JSON.parse(line);
  if (id === undefined) continue; // a notification wants no answer
  const answer = { jsonrpc: "2.0", id };
  try {
    if (method in methods) answer.result = methods[method](params ?? {});
    else answer.error = { code: -32601, message: `no method ${method}` };
  } catch (error) {
    answer.error = { code: -32000, message: String(error) }; // one bad request must not end the provider
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
}
