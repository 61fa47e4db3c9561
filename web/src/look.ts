// Language and colours: what the browser asks for, unless somebody has chosen here.

import { effect, signal } from "@preact/signals";
import { words, type Language, type Word } from "./words";

function kept<T extends string>(key: string, allowed: readonly T[], fallback: T): T {
  const value = localStorage.getItem(key) as T | null;
  return value && allowed.includes(value) ? value : fallback;
}

const LANGUAGES = ["en", "de"] as const;
const THEMES = ["auto", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

export const language = signal<Language>(kept("language", LANGUAGES, navigator.language.startsWith("de") ? "de" : "en"));
export const theme = signal<Theme>(kept("theme", THEMES, "auto"));

effect(() => {
  document.documentElement.lang = language.value;
  localStorage.setItem("language", language.value);
});
effect(() => {
  document.documentElement.dataset.theme = theme.value;
  localStorage.setItem("theme", theme.value);
});

export function nextTheme(): void {
  theme.value = THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length] ?? "auto";
}

export function otherLanguage(): void {
  language.value = language.value === "de" ? "en" : "de";
}

/** A text in the language of the page; {names} are filled in. */
export function t(word: Word, values: Record<string, string | number> = {}): string {
  return words[language.value][word].replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));
}

/** A word of one of the API's vocabularies, or itself made readable where we have no better. */
export function term(kind: string, value: string): string {
  const word = `${kind}.${value}`;
  const known = words[language.value] as Record<string, string>;
  return known[word] ?? value.replace(/_/g, " ");
}

const locale = (): string => (language.value === "de" ? "de-DE" : "en-GB");

export function clock(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const minutes = Math.floor(seconds / 60);
  const two = (value: number): string => String(value).padStart(2, "0");
  return minutes < 60 ? `${minutes}:${two(seconds % 60)}` : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
}

export function moment(iso: string): string {
  const time = new Date(iso);
  const today = new Date().toDateString() === time.toDateString();
  const day: Intl.DateTimeFormatOptions = today ? {} : { day: "2-digit", month: "2-digit", year: "2-digit" };
  return time.toLocaleString(locale(), { ...day, hour: "2-digit", minute: "2-digit", second: "2-digit" });
}

const shownDay = (day: string, form: Intl.DateTimeFormatOptions): string => new Date(day).toLocaleDateString(locale(), { ...form, timeZone: "UTC" });
export const dayOfWeek = (day: string): string => shownDay(day, { weekday: "short" });
export const dayAndMonth = (day: string): string => shownDay(day, { weekday: "short", day: "numeric", month: "short" });
export const month = (day: string): string => shownDay(day, { month: "short" });

export function number(value: number, digits = 0): string {
  return value.toLocaleString(locale(), { maximumFractionDigits: digits });
}

/** A number as it is dialled: where its groups end, only its own country knows. */
export function phone(value: string | null | undefined): string {
  return value || t("anonymous");
}
