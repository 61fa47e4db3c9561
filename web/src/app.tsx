import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { language, nextTheme, otherLanguage, t, theme } from "./look";
import { Icon, type IconName } from "./parts/icon";
import { Phone } from "./parts/phone";
import { busy } from "./softphone";
import { away, connected, leave, lives, place, session } from "./store";
import { Health } from "./views/health";
import { History } from "./views/history";
import { LiveView } from "./views/live";
import { Routes } from "./views/routes";
import { SignIn } from "./views/sign-in";
import type { Word } from "./words";

const VIEWS: { name: string; word: Word; icon: IconName; view: () => ComponentChildren }[] = [
  { name: "live", word: "live", icon: "live", view: () => <LiveView /> },
  { name: "history", word: "history", icon: "history", view: () => <History /> },
  { name: "routes", word: "routes", icon: "routes", view: () => <Routes /> },
  { name: "health", word: "health", icon: "health", view: () => <Health /> },
];

export function App() {
  if (session.value === undefined) return <main class="blank" aria-busy="true" />;
  // Who is in a call can still hang up.
  if (session.value === null) return <><SignIn />{busy.value && <Phone />}</>;
  return <Inside name={session.value.name} />;
}

function Inside({ name }: { name: string }) {
  const current = VIEWS.find((one) => one.name === place.value[0]) ?? VIEWS[0]!;
  const count = lives.value.size;
  useEffect(() => {
    document.title = `${count ? `(${count}) ` : ""}${t(current.word)} – ari-controller`;
  }, [count, current, language.value]);
  return (
    <div class="frame">
      <a class="skip" href="#content">{t("skip")}</a>
      <header class="side">
        <p class="brand"><Mark /> ari-controller</p>
        <nav aria-label={t("pages")}>
          {VIEWS.map((one) => (
            <a key={one.name} href={`#/${one.name}`} aria-current={one === current ? "page" : undefined}>
              <Icon name={one.icon} />
              <span>{t(one.word)}</span>
              {one.name === "live" && count > 0 && <b class="count">{count}</b>}
            </a>
          ))}
        </nav>
        <div class="self">
          <p class={connected.value ? "line up" : "line down"} role="status">
            <i aria-hidden="true" /> <span>{connected.value ? t("connected") : t("reconnecting")}</span>
          </p>
          <p class="who">{name}</p>
          <div class="tools">
            <button type="button" class="icon" onClick={nextTheme} aria-label={`${t("colours")}: ${t(`theme.${theme.value}`)}`} title={`${t("colours")}: ${t(`theme.${theme.value}`)}`}>
              <Icon name={theme.value === "dark" ? "moon" : theme.value === "light" ? "sun" : "auto"} />
            </button>
            <button type="button" class="icon" onClick={otherLanguage} lang={language.value === "de" ? "en" : "de"} aria-label={language.value === "de" ? "EN, English" : "DE, Deutsch"}>
              {language.value === "de" ? "EN" : "DE"}
            </button>
            <button type="button" class="icon" onClick={() => void leave()} aria-label={t("signOut")} title={t("signOut")}>
              <Icon name="out" />
            </button>
          </div>
        </div>
      </header>
      <main id="content" tabIndex={-1}>{current.view()}</main>
      <p class="notice bad away" role="alert">{away.value && t("controllerAway")}</p>
      <Phone />
    </div>
  );
}

export function Mark() {
  return <img class="mark" src="/icon.svg" alt="" width="26" height="26" />;
}
