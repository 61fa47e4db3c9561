// What can be done to a call in progress. What comes of it is told by the events, under the name of who did it.

import { useRef, useState } from "preact/hooks";
import { post, Refusal } from "../api";
import { t } from "../look";
import { busy, hangUp, listenIn, listensTo } from "../softphone";
import { mayOperate } from "../store";
import { Icon } from "./icon";
import { TapeButtons, type Tape } from "./tape";

export function Actions({ id, state, route, tape }: { id: string; state: string; route: string; tape: Tape }) {
  const [problem, setProblem] = useState("");
  const dialog = useRef<HTMLDialogElement>(null);
  if (!mayOperate.value) return null;
  const path = `/v1/calls/${encodeURIComponent(id)}`;

  async function act(what: string, body?: unknown): Promise<void> {
    setProblem("");
    try {
      await post(`${path}/${what}`, body);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      setProblem(error.status === 0 ? t("unreachable") : error.detail);
    }
  }

  async function transfer(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const given = new FormData(event.currentTarget as HTMLFormElement);
    const body = { to: String(given.get("to")).trim() };
    dialog.current?.close();
    const takeOver = given.get("way") === "takeover";
    await act(takeOver ? "takeover" : "transfer", takeOver ? body : { ...body, summary: String(given.get("summary")) });
  }

  return (
    <div class="actions">
      {listensTo.value === id ? (
        <button type="button" aria-pressed={true} onClick={hangUp}><Icon name="ear" /> {t("listening")}</button>
      ) : (
        <button type="button" disabled={state === "ending" || busy.value} onClick={() => void listenIn(id)}><Icon name="ear" /> {t("listenIn")}</button>
      )}
      <TapeButtons route={route} tape={tape} act={act} />
      <button type="button" disabled={state !== "talking"} onClick={() => dialog.current?.showModal()}><Icon name="transfer" /> {t("transferTo")}</button>
      <button type="button" class="danger" disabled={state === "ending"} onClick={() => void act("hangup")}><Icon name="hangup" /> {t("hangUp")}</button>
      <p class="problem" role="alert">{problem}</p>
      <dialog ref={dialog} aria-labelledby="transfer-title">
        <form onSubmit={transfer}>
          <h3 id="transfer-title">{t("transferTo")}</h3>
          <label>{t("whom")}<input name="to" placeholder={t("whomHint")} autocomplete="off" /></label>
          <fieldset>
            <label class="check"><input type="radio" name="way" value="transfer" defaultChecked /> {t("botStays")}</label>
            <label class="check"><input type="radio" name="way" value="takeover" /> {t("botLeaves")}</label>
          </fieldset>
          <label>{t("summary")}<textarea name="summary" rows={2} maxLength={4000} /></label>
          <p class="buttons">
            <button type="button" onClick={() => dialog.current?.close()}>{t("cancel")}</button>
            <button class="primary">{t("transferNow")}</button>
          </p>
        </form>
      </dialog>
    </div>
  );
}
