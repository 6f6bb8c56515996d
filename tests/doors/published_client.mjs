// A client that behaves like the published TypeScript one, on the WebSocket that Node itself has: it finds the daemon
// through runtime.json, sends ids that are strings and frames without `jsonrpc`, reads nothing of an error but its
// text, and lets every event of a streaming call begin its time anew. Prints one JSON object with what it found.

import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";

const [runtimePath, recording] = process.argv.slice(2);

class Published {
  pending = new Map();
  pushed = [];
  strays = [];

  async connect() {
    const info = JSON.parse(readFileSync(runtimePath, "utf8"));
    if (!info.port || !info.pid || !info.serviceName) throw new Error("no daemon");
    this.socket = new WebSocket(`ws://127.0.0.1:${info.port}`);
    await new Promise((opened, failed) => {
      const late = setTimeout(() => failed(new Error("connect timeout")), 5000);
      this.socket.onopen = () => (clearTimeout(late), opened());
      this.socket.onerror = () => failed(new Error("connect failed"));
    });
    this.socket.onmessage = ({ data }) => this.take(JSON.parse(data));
    this.socket.onclose = ({ code }) => {
      this.code = code;
      for (const { failed, timer } of this.pending.values()) {
        clearTimeout(timer);
        failed(new Error("Connection closed"));
      }
      this.pending.clear();
    };
  }

  take(payload) {
    const call = payload.id === undefined ? undefined : this.pending.get(payload.id);
    if (payload.event && payload.id === undefined) return void this.pushed.push(payload);
    if (!call) return void this.strays.push(payload);
    if (payload.event) {
      if (call.onEvent) {
        call.timer.refresh();
        call.onEvent(payload.event, payload.data);
      }
      return;
    }
    clearTimeout(call.timer);
    this.pending.delete(payload.id);
    if (payload.error !== undefined) call.failed(new Error(String(payload.error)));
    else call.done(payload.result ?? {});
  }

  call(method, params, { timeout = 30_000, onEvent } = {}) {
    return new Promise((done, failed) => {
      const id = randomUUID();
      const timer = setTimeout(() => (this.pending.delete(id), failed(new Error("timeout"))), timeout);
      this.pending.set(id, { done, failed, timer, onEvent });
      const frame = { id, method };
      if (params) frame.params = params;
      this.socket.send(JSON.stringify(frame));
    });
  }
}

const failure = (promise) => promise.then(() => "", (error) => error.message);
const me = { clientId: "vox-client" };
const client = new Published();
await client.connect();
const found = {};

found.extensions = client.socket.extensions;
found.health = await client.call("health");
found.models = await client.call("models.list", me);
const many = await Promise.all(Array.from({ length: 100 }, () => client.call("health", me)));
found.many = many.every((health) => health.pid === found.health.pid);

found.events = [];
const heard = (event, data) => found.events.push([event, data]);
found.preload = await client.call("models.preload", { ...me, modelId: "parakeet:v3" }, { timeout: 300_000, onEvent: heard });
found.transcript = await client.call("transcribe.file", { ...me, path: recording }, { timeout: 300_000 });
found.speech = await client.call("synthesize.generate", { ...me, text: "hello", format: "wav" }, { timeout: 300_000 });

found.pieces = [];
const session = (event, data) => found.pieces.push([event, data.state ?? data.audioBytes ?? null]);
found.session = await client.call("synthesize.startSession", { ...me, text: "a b c" }, { timeout: 300_000, onEvent: session });

// Frames of several megabytes, both ways.
const long = "word ".repeat(600_000);
found.long = await failure(client.call("synthesize.generate", { ...me, text: long }, { timeout: 300_000 }));
found.big = (await client.call("synthesize.generate", { ...me, text: "x".repeat(200_000) }, { timeout: 300_000 })).audioBytes;

found.errors = {};
for (const [method, params] of [
  ["transcribe.file", me],
  ["synthesize.generate", me],
  ["transcribe.stopSession", me],
  ["synthesize.cancel", me],
  ["history.get", {}],
  ["no.such.method", me],
  ["transcribe.file", { ...me, path: recording, modelId: "nobody:1" }],
]) {
  found.errors[`${method} ${params.modelId ?? ""}`.trim()] = await failure(client.call(method, params));
}

// Odd frames cost nothing but an answer.
for (const odd of ["", "{", "[]", "null", "7", '"x"', "\u0000", "{}", '{"id":{}}', "[".repeat(10_000)]) client.socket.send(odd);
client.socket.send(new Uint8Array([1, 2, 3, 255]));
found.after = (await client.call("health", me)).service;
found.strays = client.strays.every(({ error }) => typeof error === "string");

await client.call("runtime.subscribe", { ...me, topics: ["warmup"] });
await client.call("warmup.schedule", { ...me, modelId: "ear:1", delayMs: 3_600_000 });
await client.call("warmup.cancel", { ...me, modelId: "ear:1" });
while (client.pushed.length < 2) await new Promise((next) => setTimeout(next, 5));
found.pushed = client.pushed.map(({ event, data }) => [event, data.name]);

const running = failure(client.call("transcribe.file", { ...me, path: recording }));
client.socket.close();
found.closed = await running;
console.log(JSON.stringify(found));
