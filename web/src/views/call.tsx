// One call, while it lasts and afterwards.

import { useEffect, useRef, useState } from "preact/hooks";
import { clock, moment as time, phone, t, term } from "../look";
import type { Live } from "../live";
import type { WholeCall } from "../model";
import { Actions } from "../parts/actions";
import { Icon } from "../parts/icon";
import { Moments } from "../parts/moments";
import { Quality } from "../parts/quality";
import { Recordings } from "../parts/recording";
import { tapeOf } from "../parts/tape";
import { Voice } from "../parts/voice";
import { lives, now } from "../store";
import { useTimeline } from "../timeline";

export function CallView({ id, back }: { id: string; back: string }) {
  const { call, moments, problem } = useTimeline(id);
  const [all, setAll] = useState(false);
  const end = useRef<HTMLDivElement>(null);
  const live = lives.value.get(id);
  const way = useRef<HTMLAnchorElement>(null);
  useEffect(() => {
    // Where there is room for one of them only, the list with its link gives way to the call, and comes back.
    if (!way.current?.offsetParent) return;
    way.current.focus({ preventScroll: true });
    return () => requestAnimationFrame(() => document.querySelector<HTMLElement>(`a.row[href="#/${back}/${encodeURIComponent(id)}"]`)?.focus());
  }, []);
  useEffect(() => {
    // Only who reads the end is taken along.
    const box = end.current?.parentElement;
    if (live && box && box.scrollHeight - box.scrollTop - box.clientHeight < 200) box.scrollTop = box.scrollHeight;
  }, [moments.length]);
  const nothing = !call && !live && problem !== null;
  return (
    <article class={nothing ? "call none" : "call"} aria-labelledby="call-title">
      <header>
        <a ref={way} class="back icon" href={`#/${back}`} aria-label={t("back")}><Icon name="back" /></a>
        {call ? <Head call={call} live={live} /> : <h2 id="call-title">{problem ?? t("loading")}</h2>}
        {live && <Actions id={id} state={live.state} route={live.route} tape={tapeOf(moments)} />}
      </header>
      {nothing || <>
      {call && <Facts call={call} bot={live?.bot} human={live?.human} rung={live?.rung} why={live?.why} />}
      <div class="log" role="log" aria-label={t("timeline")} tabIndex={0}>
        <Moments moments={moments} all={all} answered={call?.answered_at ? Date.parse(call.answered_at) - Date.parse(call.started_at) : 0} />
        {call && !moments.length && <p class="empty">{t("nothingYet")}</p>}
        {live?.state && <p class="typing"><span class="dots" aria-hidden="true"><i /><i /><i /></span> {term("state", live.state)}</p>}
        <div ref={end} />
      </div>
      <footer>
        <label class="check"><input type="checkbox" checked={all} onChange={(event) => setAll(event.currentTarget.checked)} /> {t("everyStep")}</label>
        {call && <code class="id">{call.id}</code>}
      </footer>
      </>}
    </article>
  );
}

function Head({ call, live }: { call: WholeCall; live: Live | undefined }) {
  const from = Date.parse(call.answered_at ?? call.started_at);
  const to = call.ended_at ? Date.parse(call.ended_at) : live ? now.value : from;
  return (
    <div class="title">
      <h2 id="call-title">{call.from_name || phone(call.from_number)} <span class="to">→ {phone(call.to_number)}</span></h2>
      <p>
        {live ? <span class="chip on">{t("inProgress")}</span> : <span class={`chip ${tone(call.ending)}`}>{term("ending", call.ending ?? "")}</span>}
        <span>{time(call.started_at)}</span>
        <span class="clock">{clock(to - from)}</span>
        <span>{call.route}</span>
        {live && <Voice call={live} />}
      </p>
    </div>
  );
}

export function tone(ending: string | null | undefined): string {
  if (!ending) return "on";
  if (["failed", "nobody_left", "media_lost", "asterisk_lost", "controller_lost", "refused"].includes(ending)) return "bad";
  return ["voicemail", "callback", "announced", "caller_cancelled", "shutdown"].includes(ending) ? "warn" : "";
}

function Facts({ call, bot, human, rung, why }: { call: WholeCall; bot?: string; human?: string; rung?: string; why?: string }) {
  const known = call.metadata.flatMap((one) => Object.entries(one.data).map(([key, value]) => [key, value] as const));
  const rows: [string, string][] = [];
  if (rung) rows.push([t("rung"), why ? `${rung} (${why})` : rung]);
  else if (bot) rows.push([t("bot"), bot]);
  if (human) rows.push([t("human"), human]);
  if (call.from_name && call.from_number) rows.push([t("caller"), phone(call.from_number)]);
  if (call.forwarded_from) rows.push([t("forwardedFrom"), phone(call.forwarded_from)]);
  for (const [key, value] of known) rows.push([key, typeof value === "string" ? value : JSON.stringify(value)]);
  return (
    <>
      {rows.length > 0 && <dl class="facts">{rows.map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}</dl>}
      {call.ended_at && <Quality statistics={call.statistics} />}
      {call.ended_at && <Recordings id={call.id} recordings={call.recordings} />}
    </>
  );
}
