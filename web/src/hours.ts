// The hours of the calendars, as the routes file has them, and what days are called.

import { useEffect, useState } from "preact/hooks";
import { get, Refusal } from "./api";
import { connected } from "./store";

export interface OpenHours {
  start: number; // minutes of the day; past 1440 they end on the next
  end: number;
}

export interface Day {
  day: string;
  open: OpenHours[];
  reason: string;
}

export interface CalendarHours {
  name: string;
  time_zone: string;
  days: Day[];
}

const DAY_MS = 86_400_000;
export const DAY_MINUTES = 1_440;

const NOTHING: CalendarHours[] = [];

export function useHours(first: string, days: number): CalendarHours[] {
  const [found, setFound] = useState(NOTHING);
  const up = connected.value;
  useEffect(() => {
    let gone = false;
    get<{ calendars: CalendarHours[] }>(`/v1/hours?first=${first}&days=${days}`).then(
      (answer) => gone || setFound(answer.calendars),
      (error: unknown) => {
        if (!(error instanceof Refusal)) throw error;
      },
    );
    return () => {
      gone = true;
    };
  }, [first, days, up]);
  return found;
}

/** Days are counted in UTC, where each has 24 hours. */
export const later = (day: string, days: number): string => new Date(Date.parse(day) + days * DAY_MS).toISOString().slice(0, 10);
export const weekday = (day: string): number => (new Date(day).getUTCDay() + 6) % 7; // 0 is Monday
export const monday = (day: string): string => later(day, -weekday(day));

export interface Moment {
  day: string;
  minute: number;
}

/** What calendar and clock show there. */
export function there(at: number, zone: string): Moment {
  const parts = new Intl.DateTimeFormat("en-CA", { timeZone: zone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" }).formatToParts(at);
  const part = (type: string): string => parts.find((one) => one.type === type)?.value ?? "";
  return { day: `${part("year")}-${part("month")}-${part("day")}`, minute: Number(part("hour")) * 60 + Number(part("minute")) };
}

const two = (value: number): string => String(value).padStart(2, "0");
export const shownMinute = (minute: number): string => `${two(Math.floor((minute === DAY_MINUTES ? minute : minute % DAY_MINUTES) / 60))}:${two(minute % 60)}`;
export const shownHours = (open: OpenHours[]): string => open.map(({ start, end }) => `${shownMinute(start)}–${shownMinute(end)}`).join(", ");

/** What is open on a day, the night before included, within its 24 hours. */
export function within(days: Day[], place: number): OpenHours[] {
  const before = days[place - 1]?.open ?? [];
  const over = before.filter(({ end }) => end > DAY_MINUTES).map(({ end }) => ({ start: 0, end: end - DAY_MINUTES }));
  return [...over, ...(days[place]?.open ?? [])].map(({ start, end }) => ({ start, end: Math.min(end, DAY_MINUTES) }));
}
