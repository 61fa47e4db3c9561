// The routes as their file says them. Nothing is kept here: the file stays the truth.

import { useEffect, useState } from "preact/hooks";
import { ask, get, post, Refusal } from "../api";
import { moment, t, term } from "../look";
import type { Closed, Decided, RouteList, Rung } from "../model";
import { mayOperate } from "../store";

export function Routes() {
  const [list, setList] = useState<RouteList | null>(null);
  const [problem, setProblem] = useState("");
  useEffect(() => {
    get<RouteList>("/v1/routes").then(setList, (error: Refusal) => setProblem(error.detail || t("unreachable")));
  }, []);
  return (
    <div class="wide-page">
      <h1>{t("routes")}</h1>
      <p class="problem" role="alert">{problem}</p>
      <div class="columns">
        <Tester />
        <Switch calendars={list?.calendars ?? []} />
      </div>
      {list && <p class="sub">{t("source")}: <code>{list.source}</code></p>}
      {list?.routes.map((route) => (
        <section key={route.name} class="card">
          <h2>{route.name}</h2>
          <Ladder rungs={route.ladder} />
          <p class="sub">
            {route.humans.length > 0 && <span>{t("humans")}: {route.humans.join(", ")}</span>}
            {route.escape && <span>{t("escape")}: <kbd>{route.escape}</kbd></span>}
            {route.calls_max > 0 && <span>{t("callsMax")}: {route.calls_max}</span>}
            <span>{route.language}</span>
          </p>
        </section>
      ))}
    </div>
  );
}

function Ladder({ rungs }: { rungs: Rung[] }) {
  return (
    <ol class="ladder">
      {rungs.map((rung, place) => (
        <li key={place} class={`rung ${rung.kind} ${rung.closed ? "shut" : ""}`}>
          {place > 0 && <span class="why">{rung.on.length ? rung.on.map((one) => term("trigger", one)).join(", ") : t("otherwise")}</span>}
          <div>
            <small>{term("kind", rung.kind)}</small>
            <b>{rung.text.replace(new RegExp(`^${rung.kind} `), "")}</b>
            {rung.hours && <small>{t("hours")}: {rung.hours}</small>}
            {rung.closed && <small class="bad">{t("passedOver")}: {rung.closed}</small>}
          </div>
        </li>
      ))}
    </ol>
  );
}

function Tester() {
  const [decided, setDecided] = useState<Decided | null>(null);
  const [problem, setProblem] = useState("");

  async function decide(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const given = new FormData(event.currentTarget as HTMLFormElement);
    const at = String(given.get("at"));
    setProblem("");
    try {
      const body = { to_number: String(given.get("to")).trim(), from_number: String(given.get("from")).trim(), at: at ? new Date(at).toISOString() : null };
      setDecided(await post<Decided>("/v1/routes/decide", body));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      setDecided(null);
      setProblem(error.detail || t("unreachable"));
    }
  }

  return (
    <section class="card" aria-labelledby="tester-title">
      <h2 id="tester-title">{t("whereTo")}</h2>
      <form class="grid" onSubmit={decide}>
        <label>{t("dialled")}<input name="to" inputMode="tel" placeholder="+49…" /></label>
        <label>{t("caller")}<input name="from" inputMode="tel" placeholder="+49…" /></label>
        <label>{t("when")}<input name="at" type="datetime-local" /></label>
        <button class="primary">{t("tryIt")}</button>
      </form>
      <p class="problem" role="alert">{problem}</p>
      <div aria-live="polite">
        {decided && <><p><b>{decided.route}</b>: {decided.reason}</p><Ladder rungs={decided.ladder} /></>}
      </div>
    </section>
  );
}

function Switch({ calendars }: { calendars: string[] }) {
  const [closed, setClosed] = useState<Closed[] | null>(null);
  const [problem, setProblem] = useState("");
  const take = (answer: { closed: Closed[] }): void => setClosed(answer.closed);
  const refuse = (error: Refusal): void => setProblem(error.detail || t("unreachable"));
  useEffect(() => void get<{ closed: Closed[] }>("/v1/closed").then(take, refuse), []);

  function close(event: SubmitEvent): void {
    event.preventDefault();
    const given = new FormData(event.currentTarget as HTMLFormElement);
    const body = { until: new Date(String(given.get("until"))).toISOString(), reason: String(given.get("reason")), calendar: String(given.get("calendar")) };
    setProblem("");
    void ask<{ closed: Closed[] }>("PUT", "/v1/closed", body).then(take, refuse);
  }

  return (
    <section class="card" aria-labelledby="closed-title">
      <h2 id="closed-title">{t("closedNow")}</h2>
      <ul class="plain" aria-live="polite">
        {closed?.map((one) => (
          <li key={one.calendar} class="notice">
            <span><b>{one.calendar || t("everything")}</b> {t("closedUntil", { time: moment(one.until) })}{one.reason ? `: ${one.reason}` : ""}</span>
            {mayOperate.value && <button type="button" onClick={() => void ask<{ closed: Closed[] }>("DELETE", `/v1/closed?calendar=${encodeURIComponent(one.calendar)}`).then(take, refuse)}>{t("open")}</button>}
          </li>
        ))}
        {closed && !closed.length && <li class="sub">{t("nothingClosed")}</li>}
      </ul>
      <p class="problem" role="alert">{problem}</p>
      {mayOperate.value && (
        <form class="grid" onSubmit={close}>
          <label>{t("what")}<select name="calendar"><option value="">{t("everything")}</option>{calendars.map((name) => <option key={name}>{name}</option>)}</select></label>
          <label>{t("until")}<input name="until" type="datetime-local" required /></label>
          <label>{t("reason")}<input name="reason" maxLength={500} /></label>
          <button class="danger">{t("closeNow")}</button>
        </form>
      )}
    </section>
  );
}
