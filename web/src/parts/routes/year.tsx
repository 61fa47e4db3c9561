// A year of a calendar: every day, and in words those that are not like others.

import { useState } from "preact/hooks";
import { shownHours, useHours, weekday, type Day } from "../../hours";
import { dayAndMonth, month, t } from "../../look";
import { Icon } from "../icon";

const MONTHS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
const SIDE = 10; // of a day, with the gap to the next

export function Years() {
  const thisYear = new Date().getFullYear();
  const [year, setYear] = useState(thisYear);
  const leap = new Date(Date.UTC(year, 1, 29)).getUTCMonth() === 1;
  const calendars = useHours(`${year}-01-01`, leap ? 366 : 365);
  if (!calendars.length) return null;
  return (
    <section class="years" aria-labelledby="years-title">
      <header>
        <h2 id="years-title">{t("hoursAndHolidays")}</h2>
        <Pager label={String(year)} before={() => setYear(year - 1)} after={() => setYear(year + 1)} home={year === thisYear ? null : () => setYear(thisYear)} />
      </header>
      {calendars.map((calendar) => (
        <section key={calendar.name} class="card" aria-labelledby={`calendar-${calendar.name}`}>
          <h3 id={`calendar-${calendar.name}`}>{calendar.name} <small>{calendar.time_zone}</small></h3>
          <div class="months">{MONTHS.map((n) => <Month key={n} days={calendar.days.filter(({ day }) => Number(day.slice(5, 7)) === n + 1)} />)}</div>
          <p class="legend sub"><span class="open">{t("openDay")}</span><span class="shorter">{t("specialHours")}</span><span class="holiday">{t("closedForReason")}</span><span class="free">{t("closedDay")}</span></p>
          <Unlike days={calendar.days} />
        </section>
      ))}
    </section>
  );
}

function kind({ open, reason }: Day): string {
  if (open.length) return reason ? "shorter" : "open";
  return reason ? "holiday" : "free";
}

function Month({ days }: { days: Day[] }) {
  const first = days[0];
  if (!first) return null;
  const skipped = weekday(first.day);
  const open = days.filter((day) => day.open.length).length;
  return (
    <figure>
      <figcaption>{month(first.day)}</figcaption>
      <svg viewBox={`0 0 ${7 * SIDE} ${6 * SIDE}`} role="img" aria-label={t("daysOpen", { month: month(first.day), count: open })}>
        {days.map((day, place) => (
          <rect key={day.day} class={kind(day)} x={((place + skipped) % 7) * SIDE} y={Math.floor((place + skipped) / 7) * SIDE} width={SIDE - 1.5} height={SIDE - 1.5} rx={2}>
            <title>{`${dayAndMonth(day.day)}: ${day.open.length ? shownHours(day.open) : t("closedDay")}${day.reason ? ` – ${day.reason}` : ""}`}</title>
          </rect>
        ))}
      </svg>
    </figure>
  );
}

/** Neighbours that are closed for the same reason are one line. */
function Unlike({ days }: { days: Day[] }) {
  const lines: { first: Day; last: Day }[] = [];
  let before: Day | null = null;
  for (const day of days) {
    const line = lines.at(-1);
    if (day.reason && line && before?.reason === day.reason && !day.open.length && !line.last.open.length) line.last = day;
    else if (day.reason) lines.push({ first: day, last: day });
    before = day;
  }
  if (!lines.length) return <p class="sub">{t("noHolidays")}</p>;
  return (
    <details>
      <summary>{t("daysUnlike", { count: lines.length })}</summary>
      <ul class="plain unlike">
        {lines.map(({ first, last }) => (
          <li key={first.day} class={kind(first)}>
            <b>{dayAndMonth(first.day)}{last === first ? "" : ` – ${dayAndMonth(last.day)}`}</b> <span>{first.reason}{first.open.length ? `: ${shownHours(first.open)}` : ""}</span>
          </li>
        ))}
      </ul>
    </details>
  );
}

export function Pager({ label, before, after, home }: { label: string; before: () => void; after: () => void; home: (() => void) | null }) {
  return (
    <p class="pager">
      <button type="button" class="icon" onClick={before} aria-label={t("earlier")}><Icon name="back" /></button>
      <b aria-live="polite">{label}</b>
      <button type="button" class="icon" onClick={after} aria-label={t("later")}><Icon name="next" /></button>
      {home && <button type="button" class="link" onClick={home}>{t("today")}</button>}
    </p>
  );
}
