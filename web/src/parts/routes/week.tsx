// A week of one route: when each rung of its ladder is there.

import { DAY_MINUTES, later, shownHours, there, within, type CalendarHours, type OpenHours } from "../../hours";
import { dayOfWeek, t, term } from "../../look";
import type { Closed, Route, Rung } from "../../model";
import { now } from "../../store";
import { rungName } from "./ladder";

const WEEK = [0, 1, 2, 3, 4, 5, 6];

export function Week({ route, first, hours, closed }: { route: Route; first: string; hours: CalendarHours[]; closed: Closed[] }) {
  const zone = hours.find((one) => route.ladder.some((rung) => rung.hours === one.name))?.time_zone ?? "UTC";
  const today = there(now.value, zone);
  return (
    <table class="week">
      <caption class="unseen">{t("weekOf", { route: route.name })}</caption>
      <thead>
        <tr>
          <td />
          {WEEK.map((n) => {
            const day = later(first, n);
            return <th key={n} scope="col" aria-current={day === today.day ? "date" : undefined}>{dayOfWeek(day)} <span>{Number(day.slice(8))}</span></th>;
          })}
        </tr>
      </thead>
      <tbody>
        {route.ladder.map((rung, place) => (
          <tr key={place} class={rung.kind}>
            <th scope="row"><small>{term("kind", rung.kind)}</small>{rungName(rung)}</th>
            {WEEK.map((n) => <Cell key={n} rung={rung} day={later(first, n)} calendar={hours.find((one) => one.name === rung.hours)} closed={closed} today={today} />)}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

interface Facts {
  rung: Rung;
  day: string;
  calendar: CalendarHours | undefined;
  closed: Closed[];
  today: { day: string; minute: number };
}

function Cell({ rung, day, calendar, closed, today }: Facts) {
  const place = calendar?.days.findIndex((one) => one.day === day) ?? -1;
  const always = !rung.hours;
  const open = always ? [{ start: 0, end: DAY_MINUTES }] : calendar ? within(calendar.days, place) : [];
  const reason = calendar?.days[place]?.reason ?? "";
  const shut = calendar ? switched(closed, calendar, day, today) : null;
  const said = always ? t("always") : open.length ? shownHours(open) : t("closedDay");
  return (
    <td title={[said, reason].filter(Boolean).join(" – ")} class={reason ? "special" : ""}>
      <svg viewBox={`0 0 ${DAY_MINUTES} 100`} preserveAspectRatio="none" aria-hidden="true">
        {open.map(({ start, end }) => <rect key={start} class={always ? "open always" : "open"} x={start} width={end - start} height={100} />)}
        {shut && <rect class="switched" x={shut.start} width={shut.end - shut.start} height={100} />}
        {day === today.day && <rect class="now" x={today.minute - 6} width={12} height={100} />}
      </svg>
      <span class="unseen">{said} {reason}{shut ? ` ${t("closedNow")}` : ""}</span>
    </td>
  );
}

/** What a switch closes of a day. */
function switched(closed: Closed[], calendar: CalendarHours, day: string, today: { day: string; minute: number }): OpenHours | null {
  const ends = closed.filter((one) => !one.calendar || one.calendar === calendar.name).map((one) => there(Date.parse(one.until), calendar.time_zone));
  const end = ends.reduce<{ day: string; minute: number } | null>((last, one) => (!last || one.day > last.day || (one.day === last.day && one.minute > last.minute) ? one : last), null);
  if (!end || day < today.day || day > end.day) return null;
  return { start: day === today.day ? today.minute : 0, end: day === end.day ? end.minute : DAY_MINUTES };
}
