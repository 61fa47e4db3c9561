// One call on one line of time: what the records have, and what comes while one looks.

import { useEffect, useState } from "preact/hooks";
import { get, Refusal } from "./api";
import { t } from "./look";
import type { CallEvent, Moment, WholeCall } from "./model";
import { connected, listen } from "./store";

export interface Shown {
  call: WholeCall | null;
  moments: Moment[];
  problem: string | null;
}

const ELSEWHERE = new Set(["call.started", "speaking"]); // shown, but not as moments

const NOTHING: Shown = { call: null, moments: [], problem: null };

const nameOf = (moment: Pick<Moment, "type" | "data">): string => `${moment.type} ${moment.data.id ?? moment.data.position}`;

/** Everything is kept once, whether it was read or told, and in the order of its time. */
export function merged(before: Moment[], more: Moment[]): Moment[] {
  const known = new Set(before.map(nameOf));
  const fresh = more.filter((moment) => !known.has(nameOf(moment)));
  return fresh.length ? [...before, ...fresh].sort((a, b) => a.at_ms - b.at_ms) : before;
}

function toMoment(event: CallEvent, startedAt: string): Moment {
  return { at_ms: Date.parse(event.time) - Date.parse(startedAt), type: event.type, data: event.data };
}

export function useTimeline(id: string): Shown {
  const [shown, setShown] = useState<Shown>(NOTHING);
  const up = connected.value;
  useEffect(() => {
    let gone = false;
    let early: CallEvent[] = [];
    let startedAt = "";

    async function load(): Promise<void> {
      try {
        const path = `/v1/calls/${encodeURIComponent(id)}`;
        const [call, line] = await Promise.all([get<WholeCall>(path), get<{ moments: Moment[] }>(`${path}/timeline`)]);
        if (gone) return;
        startedAt = call.started_at;
        const told = early.map((event) => toMoment(event, startedAt));
        early = [];
        setShown((before) => ({ call, moments: merged(merged(before.moments, line.moments), told), problem: null }));
      } catch (error) {
        if (gone || !(error instanceof Refusal)) return;
        setShown((before) => ({ ...before, problem: error.status === 404 ? t("noSuchCall") : error.detail || t("unreachable") }));
      }
    }

    const stop = listen((events) => {
      const ours = events.filter((event) => event.call_id === id && !ELSEWHERE.has(event.type));
      if (!ours.length) return;
      if (ours.some((event) => event.type === "call.ended")) void load();
      const told = ours.filter((event) => event.type !== "call.ended");
      if (!startedAt) early.push(...told);
      else setShown((before) => ({ ...before, moments: merged(before.moments, told.map((one) => toMoment(one, startedAt))) }));
    });
    void load();
    return () => {
      gone = true;
      stop();
    };
  }, [id, up]);
  useEffect(() => () => setShown(NOTHING), [id]);
  return shown;
}
