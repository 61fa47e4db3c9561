// What happened in a call, as one reads it: speech as a conversation, everything else as lines between.

import { clock, t, term } from "../look";
import type { Moment } from "../model";
import { At, Said, type Spoken } from "./said";

const MINOR = new Set([
  "arrived", "route", "media_joined", "bot_accepted", "rung_passed", "metadata", "dtmf", "bot_hung_up",
  "caller_gone", "left_behind", "first_audio_to_caller", "first_audio_to_bot",
]); // prettier-ignore
const BAD = new Set(["bot_lost", "bot_dropped", "worker_lost", "command_failed", "media_silent", "transfer_refused", "reconnect_failed", "rung_left", "bot_busy"]);

/** `answered`: when, in ms since the call arrived; the offsets of what was said count from it. */
export function Moments({ moments, all, answered }: { moments: Moment[]; all: boolean; answered: number }) {
  const shown = moments.filter((moment) => all || important(moment));
  return <ol class="moments">{shown.map((moment) => <Line key={`${moment.type} ${moment.data.id ?? moment.data.position}`} moment={moment} answered={answered} />)}</ol>;
}

function important({ type, data }: Moment): boolean {
  if (type === "call.step") return !MINOR.has(data.kind);
  if (type === "log") return data.level === "warning" || data.level === "error";
  return type !== "transfer" && type !== "metadata";
}

function Line({ moment: { at_ms, type, data }, answered }: { moment: Moment; answered: number }) {
  const at = <At ms={at_ms} />;
  switch (type) {
    case "transcript":
      return <Said at={at_ms} said={data as Spoken} answered={answered} />;
    case "result":
      return <li class="result"><p><span class="tick" aria-hidden="true">✓</span> <b>{data.name}</b> {at}</p><Data data={data.data} /></li>;
    case "dtmf":
      return <li class="step"><span>{t("pressed")} <kbd>{data.digit}</kbd>{data.leg === "human" ? ` (${t("human")})` : ""}</span> {at}</li>;
    case "voicemail":
      return <li class="step"><span>{t("voicemail")}, {clock(data.duration_ms)}{data.text ? `: ${data.text}` : ""}</span> {at}</li>;
    case "callback":
      return <li class="step"><span>{t("callback")} {data.phone}{data.note ? `: ${data.note}` : ""}</span> {at}</li>;
    case "log":
      return <li class={`step ${data.level === "error" ? "bad" : ""}`}><span>{data.level}: {data.message}</span> {at}</li>;
    case "transfer":
      return <li class="step"><span>{t("transfer")}: {data.to} {term("outcome", data.state)} {data.detail}</span> {at}</li>;
    case "call.step":
      return <li class={`step ${BAD.has(data.kind) ? "bad" : ""}`}><span><b>{term("step", data.kind)}</b> {data.kind === "ended" ? term("ending", data.detail) : data.detail}</span> {at}</li>;
    default:
      return <li class="step"><span>{term("type", type)} <Data data={data.data ?? {}} /></span> {at}</li>;
  }
}

function Data({ data }: { data: Record<string, unknown> }) {
  const entries = Object.entries(data);
  if (!entries.length) return null;
  return <dl>{entries.map(([key, value]) => <div key={key}><dt>{key}</dt><dd>{typeof value === "string" ? value : JSON.stringify(value)}</dd></div>)}</dl>;
}
