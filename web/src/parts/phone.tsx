// The telephone at the corner of every page.

import type { Signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { clock, t } from "../look";
import { busy, choose, dial, hangUp, levels, listensTo, listMicrophones, microphone, microphones, mute, muted, phase, press, problem, talkingSince } from "../softphone";
import { about, mayOperate, now } from "../store";
import { Icon } from "./icon";

const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];

export function Phone() {
  const [open, setOpen] = useState(false);
  const [number, setNumber] = useState("");
  const panel = useRef<HTMLElement>(null);
  const dock = useRef<HTMLButtonElement>(null);
  const before = useRef(false);
  useEffect(() => {
    if (open) void listMicrophones();
    // What had the focus is not there any more.
    if (open) panel.current?.focus();
    else if (before.current) dock.current?.focus();
    before.current = open;
  }, [open]);
  if (!mayOperate.value && !busy.value) return null;
  if (!open && !busy.value) {
    return <button ref={dock} type="button" class="dock primary" onClick={() => setOpen(true)}><Icon name="phone" /> {t("call")}</button>;
  }
  if (listensTo.value) return <Listening />;
  const filled = number || about.value?.phone_number || "";
  const leave = (event: KeyboardEvent): void => {
    if (event.key === "Escape" && !busy.value) setOpen(false);
  };
  return (
    <section ref={panel} tabIndex={-1} onKeyDown={leave} class="phone card" aria-labelledby="phone-title">
      <header>
        <h2 id="phone-title">{t("phone")}</h2>
        <span class="clock" role="status">{phase.value === "talking" ? clock(now.value - talkingSince.value) : phase.value === "calling" ? t("ringing") : ""}</span>
        {!busy.value && <button type="button" class="icon" onClick={() => setOpen(false)} aria-label={t("close")}><Icon name="close" /></button>}
      </header>
      <label>{t("number")}<input inputMode="tel" value={filled} disabled={busy.value} onInput={(event) => setNumber(event.currentTarget.value)} /></label>
      {microphones.value.length > 1 && (
        <label>{t("microphone")}
          <select value={microphone.value} disabled={busy.value} onChange={(event) => choose(event.currentTarget.value)}>
            <option value="">{t("asTheSystem")}</option>
            {microphones.value.filter((one) => one.deviceId !== "default").map((one) => <option key={one.deviceId} value={one.deviceId}>{one.label || t("microphone")}</option>)}
          </select>
        </label>
      )}
      {busy.value && <><Meter name={t("you")} level={levels.said} /><Meter name={t("heard")} level={levels.heard} /></>}
      {phase.value === "talking" && (
        <div class="keys" role="group" aria-label={t("keypad")}>
          {KEYS.map((key) => <button key={key} type="button" onClick={() => press(key)}>{key}</button>)}
        </div>
      )}
      <p class="problem" role="alert">{problem.value}</p>
      <p class="buttons">
        {phase.value === "talking" && <button type="button" aria-pressed={muted.value} onClick={() => mute(!muted.value)}><Icon name={muted.value ? "muted" : "mic"} /> {t("mute")}</button>}
        {busy.value ? (
          <button type="button" class="danger" onClick={hangUp}><Icon name="hangup" /> {t("hangUp")}</button>
        ) : (
          <button type="button" class="primary" onClick={() => void dial(filled)}><Icon name="phone" /> {t("call")}</button>
        )}
      </p>
    </section>
  );
}

/** The same telephone, only to hear with. */
function Listening() {
  return (
    <section class="phone card" aria-labelledby="phone-title">
      <header>
        <h2 id="phone-title">{t("listeningTo")}</h2>
        <span class="clock" role="status">{phase.value === "talking" ? clock(now.value - talkingSince.value) : t("ringing")}</span>
      </header>
      <Meter name={t("heard")} level={levels.heard} />
      <p class="sub">{t("nobodyHears")}</p>
      <p class="buttons"><button type="button" class="danger" onClick={hangUp}><Icon name="hangup" /> {t("stopListening")}</button></p>
    </section>
  );
}

function Meter({ name, level }: { name: string; level: Signal<number> }) {
  return <label class="level">{name}<meter min={0} max={1} value={level.value} /></label>;
}
