// OpenAI's agents for realtime talks, as they come, over a WebSocket: node agents.mjs URL KEY FOLDER
// Each step prints a line of JSON; the sound that is heard is left in the folder.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { OpenAIRealtimeWebSocket, RealtimeAgent, RealtimeSession, tool } from '@openai/agents-realtime';
import { z } from 'zod';

const [url, apiKey, folder] = process.argv.slice(2);
const RATE = 24000;
const BOUND_MS = 20000;
const STEP = RATE / 5; // bytes, 100 ms
const LISTENED_MS = 900; // before an interruption

const asked = [];
const weather = tool({
  name: 'weather',
  description: 'The weather of a town.',
  parameters: z.object({ town: z.string() }),
  execute: async ({ town }) => {
    asked.push(town);
    return { Oslo: 'snow', Rome: 'sunshine' }[town];
  },
});

class Talk {
  constructor(agent, config) {
    this.events = [];
    this.errors = [];
    this.interrupted = 0;
    this.heard = [];
    this.waiting = [];
    this.session = new RealtimeSession(agent, { transport: new OpenAIRealtimeWebSocket({ url }), config });
    this.session.on('error', (error) => this.errors.push(error));
    this.session.on('audio', (event) => this.heard.push(Buffer.from(event.data)));
    this.session.on('audio_interrupted', () => (this.interrupted += 1));
    for (const name of ['transport_event', 'history_updated', 'audio_interrupted'])
      this.session.on(name, (event) => {
        if (name === 'transport_event') this.events.push(event);
        this.waiting = this.waiting.filter((look) => !look());
      });
  }

  // Wait until a condition holds; what happens is looked at as it comes.
  until(what, condition) {
    return new Promise((resolve, reject) => {
      const look = () => condition() && (clearTimeout(timer), resolve(), true);
      const timer = setTimeout(() => {
        const seen = this.events.map((event) => event.type).filter((type) => !type.endsWith('delta'));
        reject(new Error(`not ${what}: ${seen} ${JSON.stringify(this.session.history)} ${JSON.stringify(this.errors)}`));
      }, BOUND_MS);
      if (!look()) this.waiting.push(look);
    });
  }

  of(type) {
    return this.events.filter((event) => event.type === type);
  }

  done(count) {
    return this.until(`${count} responses`, () => this.of('response.done').length >= count);
  }

  say(name) {
    const sound = Buffer.concat([readFileSync(join(folder, `${name}.pcm`)), Buffer.alloc(2 * RATE)]);
    for (let at = 0; at < sound.length; at += STEP) {
      const piece = new Uint8Array(sound.subarray(at, at + STEP));
      this.session.sendAudio(piece.buffer);
    }
  }

  history() {
    return this.session.history.map((item) =>
      item.type === 'message'
        ? [item.role, item.status, item.content.map((part) => part.transcript ?? part.text ?? null).join('')]
        : [item.type, item.status, item.output],
    );
  }

  tell(step, more) {
    const types = [...new Set(this.events.map((event) => event.type))];
    const responses = this.of('response.done').map((event) => event.response.status);
    writeFileSync(join(folder, `${step}.heard`), Buffer.concat(this.heard));
    const told = { step, history: this.history(), responses, errors: this.errors, types, ...more };
    console.log(JSON.stringify(told));
  }
}

// Spoken to, it calls a tool twice, and says what they said.
const helper = new RealtimeAgent({ name: 'helper', instructions: 'Use the tools.', tools: [weather] });
const first = new Talk(helper);
await first.session.connect({ apiKey });
first.say('said');
const answered = () => first.history().some(([role, status]) => role === 'assistant' && status === 'completed');
await first.until('an answer', answered);
await first.until('quiet', () => first.of('response.created').length === first.of('response.done').length);
first.tell('tools', { asked });
first.session.close();

// A long answer is interrupted by a button, a second one by voice; what was not heard is forgotten.
const teller = new RealtimeAgent({ name: 'teller', instructions: 'Tell a story.' });
const second = new Talk(teller);
await second.session.connect({ apiKey });
second.session.sendMessage('Tell me of the train.');
await second.until('sound', () => second.heard.length > 0);
await sleep(LISTENED_MS);
second.session.interrupt();
await second.done(1);
await second.until('truncation', () => second.of('conversation.item.truncated').length === 1);
await second.until('the item as it is now', () => second.of('conversation.item.retrieved').length >= 1);
second.tell('button', { interrupted: second.interrupted });

second.heard = [];
second.session.sendMessage('Tell me once more.');
await second.until('sound', () => second.heard.length > 0);
await sleep(LISTENED_MS);
await second.session.updateAgent(new RealtimeAgent({ name: 'rememberer', instructions: 'Recall.' }));
second.say('more');
await second.done(3);
await second.until('quiet', () => second.history().at(-1)[1] === 'completed');
second.tell('voice', { interrupted: second.interrupted });
second.session.close();
