// How loud something is, as a signal, while it is watched.

import type { Signal } from "@preact/signals";

const PER_SECOND = 20; // a needle that eyes can follow
const FLOOR_DB = -60; // below it a telephone is silent

export function watch(stream: MediaStream, level: Signal<number>): () => void {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 1024;
  context.createMediaStreamSource(stream).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
    const decibels = 10 * Math.log10(power || 1e-9);
    level.value = Math.min(1, Math.max(0, 1 - decibels / FLOOR_DB));
  }, 1_000 / PER_SECOND);
  return () => {
    clearInterval(timer);
    void context.close();
  };
}
