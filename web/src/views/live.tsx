import { clock, phone, t, term } from "../look";
import type { Live } from "../live";
import { about, lives, now, place } from "../store";
import { Voice } from "../parts/voice";
import { Welcome } from "../parts/welcome";
import { CallView } from "./call";

const SHOWN_MAX = 300; // lines: more than anybody reads, and the page stays quick

export function LiveView() {
  const chosen = place.value[1];
  const calls = [...lives.value.values()].sort((a, b) => a.started_at.localeCompare(b.started_at));
  return (
    <div class={`split ${chosen ? "chosen" : ""}`}>
      <section class="list" aria-labelledby="live-title">
        <h1 id="live-title">{t("live")} <span class="count" aria-hidden={!calls.length}>{calls.length || ""}</span></h1>
        {calls.length ? (
          <ul class="calls">{calls.slice(0, SHOWN_MAX).map((call) => <Row key={call.id} call={call} chosen={call.id === chosen} />)}</ul>
        ) : (
          <Welcome about={about.value} />
        )}
        {calls.length > SHOWN_MAX && <p class="empty">{t("andMore", { count: calls.length - SHOWN_MAX })}</p>}
      </section>
      {chosen ? <CallView key={chosen} id={chosen} back="live" /> : <p class="hint wide">{calls.length ? t("chooseCall") : ""}</p>}
    </div>
  );
}

function Row({ call, chosen }: { call: Live; chosen: boolean }) {
  const running = now.value - Date.parse(call.answered_at ?? call.started_at);
  return (
    <li>
      <a class="row" href={`#/live/${encodeURIComponent(call.id)}`} aria-current={chosen ? "true" : undefined}>
        <span class={`dot ${call.state}`} aria-hidden="true" />
        <span class="main">
          <b>{call.from_name || phone(call.from_number)}</b>
          <span class="sub"><Voice call={call} />{call.human ? ` · ${call.human}` : call.bot ? ` · ${call.bot}` : ""}</span>
        </span>
        <span class="end"><span class="clock">{clock(running)}</span><span class="sub">{call.route}</span></span>
        <span class="now">{call.said ? <><b>{term("role", call.said.role)}</b> {call.said.text}</> : call.why ? `${call.rung}: ${call.why}` : call.rung}</span>
      </a>
    </li>
  );
}
