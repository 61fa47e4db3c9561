import { useEffect, useState } from "preact/hooks";
import { get, Refusal } from "../api";
import { clock, moment, phone, t, term } from "../look";
import type { CallList, ListedCall } from "../model";
import { Icon } from "../parts/icon";
import { connected, place } from "../store";
import { CallView, tone } from "./call";

const ENDINGS = [
  "caller_hung_up", "bot_hung_up", "human_hung_up", "operator_hung_up", "caller_cancelled", "refused", "nobody_left", "announced",
  "voicemail", "callback", "referred", "handed_over", "media_lost", "failed", "asterisk_lost", "controller_lost", "shutdown",
]; // prettier-ignore

function question(form: FormData): URLSearchParams {
  const query = new URLSearchParams();
  for (const [name, value] of form) {
    const text = String(value).trim();
    if (!text) continue;
    query.set(name, name === "since" || name === "until" ? new Date(text).toISOString() : text);
  }
  return query;
}

export function History() {
  const [query, setQuery] = useState("");
  const [calls, setCalls] = useState<ListedCall[] | null>(null);
  const [next, setNext] = useState<string | null>(null);
  const [problem, setProblem] = useState("");
  const chosen = place.value[1];

  async function load(wanted: string, after: string | null): Promise<void> {
    setProblem("");
    try {
      const page = new URLSearchParams(wanted);
      if (after) page.set("after", after);
      const found = await get<CallList>(`/v1/calls?${page}`);
      setCalls((before) => (after && before ? [...before, ...found.calls] : found.calls));
      setNext(found.next);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      setProblem(error.status === 0 ? t("unreachable") : error.detail);
    }
  }

  const up = connected.value;
  useEffect(() => {
    if (!calls || (up && problem)) void load(query, null);
  }, [up]);

  function search(event: Event): void {
    event.preventDefault();
    const wanted = question(new FormData(event.currentTarget as HTMLFormElement)).toString();
    setQuery(wanted);
    void load(wanted, null);
  }

  return (
    <div class={`split history ${chosen ? "chosen" : ""}`}>
      <section class="list" aria-labelledby="history-title">
        <h1 id="history-title">{t("history")}</h1>
        <form class="filters" role="search" onSubmit={search}>
          <label>{t("words")}<input name="text" type="search" placeholder={t("wordsHint")} /></label>
          <label>{t("number")}<input name="number" type="search" inputMode="tel" placeholder="+49…" /></label>
          <details>
            <summary>{t("moreFilters")}</summary>
            <div class="grid">
              <label>{t("route")}<input name="route" /></label>
              <label>{t("result")}<input name="result" /></label>
              <label>{t("ending")}<select name="ending"><option value="">{t("any")}</option>{ENDINGS.map((one) => <option key={one} value={one}>{term("ending", one)}</option>)}</select></label>
              <label>{t("since")}<input name="since" type="datetime-local" /></label>
              <label>{t("until")}<input name="until" type="datetime-local" /></label>
            </div>
          </details>
          <p class="buttons"><button class="primary">{t("search")}</button><a class="button" href={`/v1/export?${query}`} download><Icon name="download" /> CSV</a></p>
        </form>
        <p class="problem" role="alert">{problem}</p>
        <div aria-live="polite">{calls && !calls.length && <p class="empty">{query ? t("nothingFound") : t("noHistory")}</p>}</div>
        <ul class="calls">{calls?.map((call) => <Row key={call.id} call={call} chosen={call.id === chosen} />)}</ul>
        {next && <p class="buttons"><button type="button" onClick={() => void load(query, next)}>{t("more")}</button></p>}
      </section>
      {chosen ? <CallView key={chosen} id={chosen} back="history" /> : <p class="hint wide">{calls?.length ? t("chooseCall") : ""}</p>}
    </div>
  );
}

function Row({ call, chosen }: { call: ListedCall; chosen: boolean }) {
  const length = call.answered_at && call.ended_at ? clock(Date.parse(call.ended_at) - Date.parse(call.answered_at)) : "–";
  return (
    <li>
      <a class="row" href={`#/history/${encodeURIComponent(call.id)}`} aria-current={chosen ? "true" : undefined}>
        <span class={`dot ${tone(call.ending)}`} aria-hidden="true" />
        <span class="main"><b>{call.from_name || phone(call.from_number)}</b><span class="sub">{call.ending ? term("ending", call.ending) : t("inProgress")}</span></span>
        <span class="end"><span class="clock">{length}</span><span class="sub">{moment(call.started_at)}</span></span>
        <span class="now">{call.result_names.map((name, place) => <span key={place} class="chip good">{name}</span>)}<span class="chip">{call.route}</span></span>
      </a>
    </li>
  );
}
