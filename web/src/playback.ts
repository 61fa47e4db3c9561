// Where in a call one is while its recording plays, for whoever marks what is said just then.

import { signal } from "@preact/signals";

export const position = signal<number | null>(null); // ms since the call arrived; null: nothing plays
export const playable = signal(false); // there is a recording to go to

type Seek = (ms: number) => boolean;
const players = new Set<Seek>();

/** Until the function that comes back is called. */
export function offer(seek: Seek): () => void {
  players.add(seek);
  playable.value = true;
  return () => {
    players.delete(seek);
    playable.value = players.size > 0;
    position.value = null;
  };
}

const NUDGE_MS = 10; // players go to a sample, which may be just before the moment that was meant

/** Go there, in the first recording that has it. */
export function goTo(ms: number): void {
  for (const seek of players) if (seek(ms + NUDGE_MS)) return;
}

export interface Word {
  text: string;
  start: number;
  end: number;
}

/** The words of what was said from one moment to another: each takes as long as it has letters. */
export function spread(text: string, start: number, end: number): Word[] {
  const words = text.match(/\S+/g) ?? [];
  const letters = words.reduce((sum, word) => sum + word.length, 0) || 1;
  let before = 0;
  return words.map((word) => {
    const from = start + ((end - start) * before) / letters;
    before += word.length;
    return { text: word, start: from, end: start + ((end - start) * before) / letters };
  });
}
