/* The provider of the host benchmark: it costs as little as a process can, so that the host is what is measured.
 *
 * One JSON object a line, in any key order; no parser, only a search for the members it needs. Answers to requests that
 * came in one read leave in one write.
 *
 *   models                  the one model, 64 calls at once
 *   transcribe {path}       a transcript whose text is the path
 *   synthesize {input: N}   a 24 kHz WAV of N bytes
 *   initialize, tools/list, tools/call: the same two as tools of an MCP server
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct { const char *at; size_t size; } Text;

static char *answer;
static size_t answer_size, answer_room;

static void add(const char *at, size_t size) {
  if (answer_size + size > answer_room) {
    answer_room = 2 * (answer_size + size) + 65536;
    answer = realloc(answer, answer_room);
    if (!answer) _exit(2);
  }
  memcpy(answer + answer_size, at, size);
  answer_size += size;
}
#define SAY(literal) add(literal, sizeof(literal) - 1)
#define PASS(text) add((text).at, (text).size)

static void flush(void) {
  size_t done = 0;
  while (done < answer_size) {
    ssize_t count = write(1, answer + done, answer_size - done);
    if (count <= 0) _exit(0);
    done += (size_t)count;
  }
  answer_size = 0;
}

/* A member's value, quotes of a string included; size 0 when the line has no such member. */
static Text member(Text line, const char *key) {
  Text value = {NULL, 0};
  const char *end = line.at + line.size, *at = memmem(line.at, line.size, key, strlen(key));
  if (!at) return value;
  at += strlen(key);
  while (at < end && *at == ' ') at++;
  const char *stop = at;
  if (*stop == '"') {
    stop = memchr(at + 1, '"', (size_t)(end - at - 1));
    if (!stop) return value;
    stop++;
  } else {
    while (stop < end && *stop != ',' && *stop != '}') stop++;
  }
  value.at = at;
  value.size = (size_t)(stop - at);
  return value;
}

static int is(Text value, const char *quoted) {
  return value.size == strlen(quoted) && !memcmp(value.at, quoted, value.size);
}

static void little(unsigned char *at, uint32_t value, int bytes) {
  for (int i = 0; i < bytes; i++) at[i] = (unsigned char)(value >> (8 * i));
}

/* A WAV of that many bytes: noise, since zeros would be too kind to caches and compressors. */
static unsigned char *make_wav(size_t size) {
  unsigned char *wav = malloc(size + 3);
  if (!wav) _exit(2);
  uint32_t seed = 1;
  for (size_t i = 44; i < size; i++) wav[i] = (unsigned char)((seed = seed * 1103515245u + 12345u) >> 16);
  memcpy(wav, "RIFF    WAVEfmt ", 16);
  memcpy(wav + 36, "data", 4);
  little(wav + 4, (uint32_t)size - 8, 4);
  little(wav + 16, 16, 4);
  little(wav + 20, 1, 2);
  little(wav + 22, 1, 2);
  little(wav + 24, 24000, 4);
  little(wav + 28, 48000, 4);
  little(wav + 32, 2, 2);
  little(wav + 34, 16, 2);
  little(wav + 40, (uint32_t)size - 44, 4);
  return wav;
}

/* Its base64, made once for each size and kept. */
static Text audio(size_t size) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  static struct { size_t size; Text text; } known[8];
  static int count;
  if (size < 46) size = 46;
  for (int i = 0; i < count; i++)
    if (known[i].size == size) return known[i].text;
  unsigned char *wav = make_wav(size);
  char *out = malloc(size / 3 * 4 + 8), *at = out;
  if (!out) _exit(2);
  for (size_t i = 0; i < size; i += 3) {
    size_t left = size - i;
    uint32_t bits = (uint32_t)wav[i] << 16 | (left > 1 ? (uint32_t)wav[i + 1] << 8 : 0) | (left > 2 ? wav[i + 2] : 0);
    *at++ = digits[bits >> 18];
    *at++ = digits[bits >> 12 & 63];
    *at++ = left > 1 ? digits[bits >> 6 & 63] : '=';
    *at++ = left > 2 ? digits[bits & 63] : '=';
  }
  free(wav);
  Text text = {out, (size_t)(at - out)};
  if (count < 8) {
    known[count].size = size;
    known[count++].text = text;
  }
  return text;
}

static size_t number(Text quoted) { return quoted.size > 2 ? strtoul(quoted.at + 1, NULL, 10) : 0; }

static void tool(Text line) {
  if (is(member(line, "\"name\":"), "\"synthesize\"")) {
    Text sound = audio(number(member(line, "\"input\":")));
    SAY("{\"content\":[{\"type\":\"audio\",\"mimeType\":\"audio/wav\",\"data\":\"");
    PASS(sound);
    SAY("\"}],\"isError\":false}");
  } else {
    Text path = member(line, "\"path\":");
    SAY("{\"content\":[{\"type\":\"text\",\"text\":");
    PASS(path);
    SAY("}],\"isError\":false}");
  }
}

static void result(Text line) {
  Text method = member(line, "\"method\":");
  if (is(method, "\"transcribe\"")) {
    Text path = member(line, "\"path\":");
    SAY("{\"modelId\":\"bench:v1\",\"text\":");
    PASS(path);
    SAY(",\"elapsedMs\":1,\"metrics\":{\"inferenceMs\":1,\"totalMs\":1}}");
  } else if (is(method, "\"synthesize\"")) {
    Text sound = audio(number(member(line, "\"input\":")));
    SAY("{\"modelId\":\"bench:v1\",\"voiceId\":\"default\",\"format\":\"wav\",\"contentType\":\"audio/wav\","
        "\"audioBase64\":\"");
    PASS(sound);
    SAY("\",\"elapsedMs\":1,\"metrics\":{\"synthesisMs\":1,\"totalMs\":1}}");
  } else if (is(method, "\"tools/call\"")) {
    tool(line);
  } else if (is(method, "\"models\"")) {
    SAY("{\"models\":[{\"id\":\"bench:v1\"}],\"maxConcurrency\":64}");
  } else if (is(method, "\"initialize\"")) {
    Text version = member(line, "\"protocolVersion\":");
    SAY("{\"protocolVersion\":");
    PASS(version);
    SAY(",\"capabilities\":{\"tools\":{}},\"serverInfo\":{\"name\":\"bench\",\"version\":\"1\"}}");
  } else if (is(method, "\"tools/list\"")) {
    SAY("{\"tools\":[{\"name\":\"transcribe\",\"inputSchema\":{\"type\":\"object\"}},"
        "{\"name\":\"synthesize\",\"inputSchema\":{\"type\":\"object\"}}]}");
  } else {
    SAY("{}");
  }
}

static void respond(Text line) {
  Text id = member(line, "\"id\":");
  if (!id.size) return; /* a notification */
  SAY("{\"jsonrpc\":\"2.0\",\"id\":");
  PASS(id);
  SAY(",\"result\":");
  result(line);
  SAY("}\n");
}

int main(void) {
  size_t room = 1 << 20, size = 0;
  char *input = malloc(room);
  for (;;) {
    if (size == room) input = realloc(input, room *= 2);
    if (!input) _exit(2);
    ssize_t count = read(0, input + size, room - size);
    if (count <= 0) _exit(0);
    size += (size_t)count;
    char *begin = input, *end = input + size, *cut;
    while ((cut = memchr(begin, '\n', (size_t)(end - begin)))) {
      Text line = {begin, (size_t)(cut - begin)};
      respond(line);
      begin = cut + 1;
    }
    size = (size_t)(end - begin);
    memmove(input, begin, size);
    flush();
  }
}
