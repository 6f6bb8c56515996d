// What the page's example leaves to its runtime and its author, for a machine that has node and no bun: the two type
// annotations of its last function are taken off while loading, and the two engine functions it calls are defined. The
// program itself stays as published.
import { readFileSync, statSync } from "node:fs";
import { register } from "node:module";

const ANNOTATED = "function respond(id: number, result: unknown)";

const hooks = `
import { readFileSync } from "node:fs";
export async function resolve(specifier, context, next) {
  if (!specifier.endsWith("minimal-provider.ts")) return next(specifier, context);
  return { url: new URL(specifier, context.parentURL).href, shortCircuit: true };
}
export async function load(url, context, next) {
  if (!url.endsWith("minimal-provider.ts")) return next(url, context);
  const source = readFileSync(new URL(url), "utf8").replace(${JSON.stringify(ANNOTATED)}, "function respond(id, result)");
  return { format: "module", source, shortCircuit: true };
}`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);

globalThis.myTranscribe = async (path) => `${readFileSync(path).toString("latin1", 0, 4)} of ${statSync(path).size} bytes`;

globalThis.mySynthesize = async (input) => {
  const samples = 1600 * input.length; // a tenth of a second a character
  const wav = Buffer.alloc(44 + 2 * samples);
  wav.write("RIFF", 0, "latin1");
  wav.writeUInt32LE(36 + 2 * samples, 4);
  wav.write("WAVEfmt ", 8, "latin1");
  wav.writeUInt32LE(16, 16);
  wav.writeUInt16LE(1, 20);
  wav.writeUInt16LE(1, 22);
  wav.writeUInt32LE(16000, 24);
  wav.writeUInt32LE(32000, 28);
  wav.writeUInt16LE(2, 32);
  wav.writeUInt16LE(16, 34);
  wav.write("data", 36, "latin1");
  wav.writeUInt32LE(2 * samples, 40);
  return wav.toString("base64");
};
