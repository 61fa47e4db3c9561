// A recording of the call: heard, seen, and gone through by a click. Above the line the caller, below it whom they heard.

import { useEffect, useRef, useState } from "preact/hooks";
import { clock, t } from "../look";
import type { RecordingFacts } from "../model";
import { offer, position } from "../playback";

const BYTES_MAX = 40_000_000; // beyond it (40 minutes) it is only played, not drawn: it would be in memory as a whole
const BARS = 600;

export function Recordings({ id, recordings }: { id: string; recordings: RecordingFacts[] }) {
  if (!recordings.length) return null;
  return <section class="recordings" aria-label={t("recording")}>{recordings.map((one) => <Player key={one.number} url={`/v1/calls/${encodeURIComponent(id)}/recording?number=${one.number}`} facts={one} />)}</section>;
}

function Player({ url, facts }: { url: string; facts: RecordingFacts }) {
  const audio = useRef<HTMLAudioElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [bars, setBars] = useState<Float32Array[]>([]);
  useEffect(() => {
    if (facts.size_bytes <= BYTES_MAX) void peaks(url).then(setBars, () => undefined);
  }, [url]);
  useEffect(() => {
    const sound = audio.current;
    if (!sound) return;
    let frame = 0;
    // As often as the screen is drawn, while it plays: words are shorter than the browser's own news of the time.
    const follow = (): void => {
      position.value = facts.at_ms + 1000 * sound.currentTime;
      frame = sound.paused ? 0 : requestAnimationFrame(follow);
    };
    sound.addEventListener("play", follow);
    sound.addEventListener("seeked", follow);
    const stop = offer((ms) => {
      if (ms < facts.at_ms || ms > facts.at_ms + facts.duration_ms) return false;
      sound.currentTime = (ms - facts.at_ms) / 1000;
      return true;
    });
    return () => {
      cancelAnimationFrame(frame);
      stop();
    };
  }, [url]);
  useEffect(() => {
    if (!bars.length) return;
    const draw = (): void => paint(canvas.current, bars, (audio.current?.currentTime ?? 0) / (facts.duration_ms / 1000));
    draw();
    audio.current?.addEventListener("timeupdate", draw);
    return () => audio.current?.removeEventListener("timeupdate", draw);
  }, [bars]);

  function seek(event: MouseEvent): void {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    if (audio.current) audio.current.currentTime = ((event.clientX - box.left) / box.width) * (facts.duration_ms / 1000);
  }

  return (
    <figure>
      {bars.length > 0 && <canvas ref={canvas} width={BARS * 2} height={96} onClick={seek} aria-hidden="true" />}
      <figcaption class="sub"><span>{t("recording")} {clock(facts.duration_ms)}</span>{bars.length > 0 && <span>{t("whoIsWhere")}</span>}</figcaption>
      <audio ref={audio} controls preload="metadata" src={url} aria-label={t("recording")} />
    </figure>
  );
}

/** The loudest of each stretch, for each side. */
async function peaks(url: string): Promise<Float32Array[]> {
  const answer = await fetch(url);
  if (!answer.ok) return [];
  const context = new OfflineAudioContext(2, 1, 8_000);
  const sound = await context.decodeAudioData(await answer.arrayBuffer());
  return Array.from({ length: sound.numberOfChannels }, (_, side) => {
    const samples = sound.getChannelData(side);
    const step = Math.max(1, Math.floor(samples.length / BARS));
    const found = new Float32Array(BARS);
    for (let bar = 0; bar < BARS; bar += 1) {
      for (let place = bar * step; place < (bar + 1) * step && place < samples.length; place += 1) {
        found[bar] = Math.max(found[bar]!, Math.abs(samples[place]!));
      }
    }
    return found;
  });
}

function paint(canvas: HTMLCanvasElement | null, bars: Float32Array[], share: number): void {
  const pen = canvas?.getContext("2d");
  if (!canvas || !pen) return;
  const style = getComputedStyle(canvas);
  const middle = canvas.height / 2;
  pen.clearRect(0, 0, canvas.width, canvas.height);
  bars.slice(0, 2).forEach((side, which) => {
    side.forEach((peak, place) => {
      pen.fillStyle = which ? style.accentColor : style.color;
      pen.globalAlpha = place / BARS < share ? 1 : 0.4;
      const height = Math.max(1, Math.sqrt(peak) * (middle - 2));
      pen.fillRect(place * 2, which ? middle + 1 : middle - 1 - height, 1.4, height);
    });
  });
}
