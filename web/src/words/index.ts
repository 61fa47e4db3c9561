import { de } from "./de";
import { en } from "./en";

export type Word = keyof typeof en;
export type Language = "en" | "de";
export const words: Record<Language, Record<Word, string>> = { en, de };
