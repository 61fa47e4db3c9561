import { t, term } from "../../look";
import type { Rung } from "../../model";

export const rungName = (rung: Rung): string => rung.text.replace(new RegExp(`^${rung.kind} `), "");

/** Numbered from the first that is tried; `decided`: as of one call, with the rung that would take it. */
export function Ladder({ rungs, decided = false }: { rungs: Rung[]; decided?: boolean }) {
  const first = decided ? rungs.findIndex((rung, place) => !rung.closed && (place === 0 || takes(rung, rungs.slice(0, place)))) : -1;
  return (
    <ol class="ladder">
      {rungs.map((rung, place) => (
        <li key={place} class={`rung ${rung.kind} ${rung.closed ? "shut" : ""} ${place === first ? "first" : ""}`}>
          <span class="why">{place === 0 ? t("tried") : rung.on.length ? rung.on.map((one) => term("trigger", one)).join(", ") : t("otherwise")}</span>
          <div>
            <small>{term("kind", rung.kind)}</small>
            <b>{rungName(rung)}</b>
            {rung.hours && <small>{t("hours")}: {rung.hours}</small>}
            {rung.closed && <small class="bad">{t("passedOver")}: {rung.closed}</small>}
            {place === first && <small class="good">{t("takesIt")}</small>}
          </div>
        </li>
      ))}
    </ol>
  );
}

/** Whether it is the next one when those before it were closed. */
function takes(rung: Rung, before: Rung[]): boolean {
  return before.every((one) => one.closed) ? !rung.on.length || rung.on.includes("closed") : false;
}
