// What somebody said. Where the bot told when, a click on a word goes there in the recording, and the word spoken now is marked.

import { useComputed } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { clock, term } from "../look";
import { goTo, playable, position, spread } from "../playback";

export function At({ ms }: { ms: number }) {
  if (!playable.value) return <time>{clock(ms)}</time>;
  return <button type="button" class="at" onClick={() => goTo(ms)}><time>{clock(ms)}</time></button>;
}

export interface Spoken {
  role: string;
  text: string;
  start_ms?: number | null;
  end_ms?: number | null;
}

export function Said({ at, said: { role, text, start_ms, end_ms }, answered }: { at: number; said: Spoken; answered: number }) {
  const timed = playable.value && typeof start_ms === "number" && typeof end_ms === "number" && end_ms > start_ms;
  return (
    <li class={`said ${role}`}>
      <p><b>{term("role", role)}</b> <At ms={typeof start_ms === "number" ? answered + start_ms : at} /></p>
      <blockquote>{timed ? <Words text={text} start={answered + start_ms} end={answered + end_ms} /> : text}</blockquote>
    </li>
  );
}

function Words({ text, start, end }: { text: string; start: number; end: number }) {
  const words = useMemo(() => spread(text, start, end), [text, start, end]);
  const current = useComputed(() => {
    const now = position.value;
    return now === null || now < start || now >= end ? -1 : words.findIndex((word) => now < word.end);
  });
  return <>{words.map((word, place) => <span key={place} class={place === current.value ? "word now" : "word"} onClick={() => goTo(word.start)}>{word.text}</span>).flatMap((shown, place) => (place ? [" ", shown] : [shown]))}</>;
}
