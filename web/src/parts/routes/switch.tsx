// What somebody closes for now, always with an end.

import { useRef, useState } from "preact/hooks";
import { ask, type Refusal } from "../../api";
import { moment, t } from "../../look";
import type { Closed } from "../../model";
import { mayOperate } from "../../store";

interface ClosedList {
  closed: Closed[];
}

const HOUR_MS = 3_600_000;

/** As an input of the browser's has it: the clock on the wall, without a zone. */
function onTheWall(at: Date): string {
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

function at(hours: number, days = 0): Date {
  const day = new Date();
  day.setDate(day.getDate() + days);
  day.setHours(hours, 0, 0, 0);
  return day;
}

export function Switch({ calendars, closed, take }: { calendars: string[]; closed: Closed[] | null; take: (answer: ClosedList) => void }) {
  const [problem, setProblem] = useState("");
  const until = useRef<HTMLInputElement>(null);
  const refuse = (error: Refusal): void => setProblem(error.detail || t("unreachable"));

  function close(event: SubmitEvent): void {
    event.preventDefault();
    const given = new FormData(event.currentTarget as HTMLFormElement);
    const body = { until: new Date(String(given.get("until"))).toISOString(), reason: String(given.get("reason")), calendar: String(given.get("calendar")) };
    setProblem("");
    void ask<ClosedList>("PUT", "/v1/closed", body).then(take, refuse);
  }

  function open(calendar: string): void {
    void ask<ClosedList>("DELETE", `/v1/closed?calendar=${encodeURIComponent(calendar)}`).then(take, refuse);
  }

  const ends: [string, () => Date][] = [
    [t("forAnHour"), () => new Date(Date.now() + HOUR_MS)],
    [t("forToday"), () => at(24)],
    [t("tillTomorrow"), () => at(8, 1)],
  ];
  return (
    <section class="card" aria-labelledby="closed-title">
      <h2 id="closed-title">{t("closedNow")}</h2>
      <ul class="plain" aria-live="polite">
        {closed?.map((one) => (
          <li key={one.calendar} class="notice">
            <span><b>{one.calendar || t("everything")}</b> {t("closedUntil", { time: moment(one.until) })}{one.reason ? `: ${one.reason}` : ""}</span>
            {mayOperate.value && <button type="button" onClick={() => open(one.calendar)}>{t("open")}</button>}
          </li>
        ))}
        {closed && !closed.length && <li class="sub">{calendars.length ? t("nothingClosed") : t("noCalendars")}</li>}
      </ul>
      <p class="problem" role="alert">{problem}</p>
      {mayOperate.value && calendars.length > 0 && (
        <form class="grid" onSubmit={close}>
          <label>{t("what")}<select name="calendar"><option value="">{t("everything")}</option>{calendars.map((name) => <option key={name}>{name}</option>)}</select></label>
          <label>{t("until")}<input ref={until} name="until" type="datetime-local" required defaultValue={onTheWall(new Date(Date.now() + HOUR_MS))} /></label>
          <label>{t("reason")}<input name="reason" maxLength={500} /></label>
          <button class="danger">{t("closeNow")}</button>
          <p class="presets">{ends.map(([name, end]) => <button key={name} type="button" onClick={() => until.current && (until.current.value = onTheWall(end()))}>{name}</button>)}</p>
        </form>
      )}
    </section>
  );
}
