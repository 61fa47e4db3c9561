// The recording of a call in progress: begun, paused while a card number is said, resumed.

import { useEffect, useState } from "preact/hooks";
import { get, Refusal } from "../api";
import { t } from "../look";
import type { Moment, RouteList } from "../model";
import { Icon } from "./icon";

type Mode = "off" | "always" | "on_demand";
export type Tape = "none" | "running" | "paused";

const STATES: Record<string, Tape> = { recording_recording: "running", recording_paused: "paused", recording_stopped: "none", recording_failed: "none" };

/** What became of it last. */
export function tapeOf(moments: Moment[]): Tape {
  return moments.reduce<Tape>((tape, { type, data }) => (type === "call.step" ? (STATES[data.kind] ?? tape) : tape), "none");
}

export function TapeButtons({ route, tape, act }: { route: string; tape: Tape; act: (what: string, body: unknown) => Promise<void> }) {
  const [mode, setMode] = useState<Mode>("off");
  useEffect(() => {
    get<RouteList>("/v1/routes").then(
      (list) => setMode(list.routes.find((one) => one.name === route)?.recording ?? "off"),
      (error: unknown) => {
        if (!(error instanceof Refusal)) throw error;
      },
    );
  }, [route]);
  const ask = (action: string) => () => void act("recording", { action });
  if (tape === "paused") return <button type="button" class="paused" onClick={ask("resume")}><Icon name="record" /> {t("resumeRecording")}</button>;
  if (tape === "running") return <button type="button" onClick={ask("pause")}><Icon name="pause" /> {t("pauseRecording")}</button>;
  return mode === "on_demand" ? <button type="button" onClick={ask("start")}><Icon name="record" /> {t("record")}</button> : null;
}
