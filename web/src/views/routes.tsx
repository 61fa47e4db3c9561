// The routes as their file says them. Nothing is kept here: the file stays the truth.

import { useEffect, useState } from "preact/hooks";
import { get, type Refusal } from "../api";
import { later, monday, useHours } from "../hours";
import { dayAndMonth, t } from "../look";
import type { Closed, Route, RouteList } from "../model";
import { Ladder } from "../parts/routes/ladder";
import { Switch } from "../parts/routes/switch";
import { Tester } from "../parts/routes/tester";
import { Week } from "../parts/routes/week";
import { Pager, Years } from "../parts/routes/year";
import { connected } from "../store";

const thisWeek = (): string => monday(new Date(Date.now() - new Date().getTimezoneOffset() * 60_000).toISOString().slice(0, 10));

export function Routes() {
  const [list, setList] = useState<RouteList | null>(null);
  const [closed, setClosed] = useState<Closed[] | null>(null);
  const [problem, setProblem] = useState("");
  const [first, setFirst] = useState(thisWeek);
  const refuse = (error: Refusal): void => setProblem(error.detail || t("unreachable"));
  const take = (answer: { closed: Closed[] }): void => setClosed(answer.closed);
  const up = connected.value;
  useEffect(() => {
    if (list && !up) return;
    setProblem("");
    get<RouteList>("/v1/routes").then(setList, refuse);
    get<{ closed: Closed[] }>("/v1/closed").then(take, refuse);
  }, [up]);
  // A day more before: its night may end in this week.
  const hours = useHours(later(first, -1), 8);
  const pager = <Pager label={`${dayAndMonth(first)} – ${dayAndMonth(later(first, 6))}`} before={() => setFirst(later(first, -7))} after={() => setFirst(later(first, 7))} home={first === thisWeek() ? null : () => setFirst(thisWeek())} />;
  return (
    <div class="wide-page routes">
      <header>
        <h1>{t("routes")}</h1>
        {list && <p class="sub">{t("source")}: <code>{list.source}</code></p>}
      </header>
      <p class="problem" role="alert">{problem}</p>
      <div class="columns">
        <Tester />
        <Switch calendars={list?.calendars ?? []} closed={closed} take={take} />
      </div>
      {list?.routes.map((route) => (
        <section key={route.name} class="card" aria-labelledby={`route-${route.name}`}>
          <h2 id={`route-${route.name}`}>{route.name}</h2>
          <Ladder rungs={route.ladder} />
          {route.ladder.some((rung) => rung.hours) && <>{pager}<Week route={route} first={first} hours={hours} closed={closed ?? []} /></>}
          <Facts route={route} />
        </section>
      ))}
      <Years />
    </div>
  );
}

function Facts({ route }: { route: Route }) {
  return (
    <p class="sub">
      {route.humans.length > 0 && <span>{t("humans")}: {route.humans.join(", ")}</span>}
      {route.escape && <span>{t("escape")}: <kbd>{route.escape}</kbd></span>}
      {route.calls_max > 0 && <span>{t("callsMax")}: {route.calls_max}</span>}
      <span>{route.language}</span>
    </p>
  );
}
