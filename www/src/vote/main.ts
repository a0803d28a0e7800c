import "../shared/shell.css";
import "./vote.css";
import { besidePeople, openDemo, whileAlone, type Frame } from "../shared/demo.js";
import { html, setAttribute, setText, svg, whispered } from "../shared/dom.js";
import { face } from "../shared/face.js";
import { secondTabLink } from "../shared/invite.js";
import { readChoice } from "../shared/wire.js";
import { ballots, CHOICES, counterOf, share, verdict, type ChoiceId } from "./ballot.js";

/** So many faces are shown beside a choice; the rest is a number. */
const FACES_MAX = 6;

const IDS = CHOICES.map(({ id }) => id);

void openDemo({ title: "Vote", first: { choice: null }, build });

function build(frame: Frame): HTMLElement {
  return besidePeople(frame, html("div", { class: "poll" }, html("div", { class: "poll-column" }, ...poll(frame), alone(frame))));
}

/** The question, a button for each choice, and how it stands. */
function poll(frame: Frame): HTMLElement[] {
  const { room, tell } = frame;
  const counters = new Map(CHOICES.map(({ id }) => [id, room.counter(counterOf(id))]));
  let mine: ChoiceId | undefined;
  const rows = CHOICES.map((choice) => {
    const row = choiceRow(frame, choice);
    row.button.addEventListener("click", () => {
      for (const [id, amount] of ballots(mine, choice.id)) counters.get(id)?.add(amount);
      mine = mine === choice.id ? undefined : choice.id;
      tell({ choice: mine ?? null });
      refresh();
    });
    return { ...row, id: choice.id };
  });
  const standing = html("p", { class: "standing", "data-testid": "standing", role: "status" });
  const refresh = (): void => {
    const votes = new Map([...counters].map(([id, counter]) => [id, counter.value]));
    const total = [...votes.values()].reduce((sum, count) => sum + Math.max(0, count), 0);
    for (const row of rows) row.show(votes.get(row.id) ?? 0, total, mine === row.id);
    setText(standing, verdict(votes));
  };
  for (const counter of counters.values()) counter.on("change", refresh);
  room.on("members", refresh);
  room.on("presence", refresh);
  refresh();
  return [
    html("h2", { class: "question" }, "What goes with a chinwag?"),
    html("ul", { class: "choices", "aria-label": "Choices" }, ...rows.map(({ item }) => item)),
    standing,
  ];
}

interface ChoiceRow {
  readonly item: HTMLElement;
  readonly button: HTMLButtonElement;
  show(votes: number, total: number, mine: boolean): void;
}

function choiceRow({ room, people }: Frame, { id, label, color }: (typeof CHOICES)[number]): ChoiceRow {
  const bar = html("span", { class: "bar-of-votes", "aria-hidden": "true" });
  const tick = svg("svg", { viewBox: "0 0 24 24", class: "tick", "aria-hidden": "true" }, svg("path", { d: "M5 12.5l4.5 4.5L19 7.5", class: "outline" }));
  const faces = html("span", { class: "voters", "aria-hidden": "true" });
  const count = html("span", { class: "count" });
  const noun = whispered("");
  const button = html(
    "button",
    { type: "button", class: "choice", "data-testid": "choice", "data-choice": id, "aria-pressed": "false" },
    bar,
    tick,
    html("span", { class: "choice-label" }, label),
    faces,
    count,
    noun,
  );
  button.style.setProperty("--color", color);
  let shownVoters = "";
  const showVoters = (): void => {
    const voters = room.members.filter((member) => readChoice(member.presence, IDS) === id).map((member) => people.see(member));
    const key = voters.map((voter) => `${voter.id} ${voter.color}`).join();
    if (key === shownVoters) return;
    shownVoters = key;
    const extra = voters.length - FACES_MAX;
    const shown = voters.slice(0, FACES_MAX).map((voter) => html("span", { class: "face-holder" }, face(voter.id, voter.color)));
    faces.replaceChildren(...shown, ...(extra > 0 ? [html("span", { class: "more" }, `+${extra}`)] : []));
  };
  return {
    item: html("li", {}, button),
    button,
    show: (votes, total, mine) => {
      setAttribute(button, "data-votes", String(votes));
      setAttribute(button, "aria-pressed", String(mine));
      setText(count, String(votes));
      setText(noun, votes === 1 ? " vote" : " votes");
      bar.style.setProperty("--share", `${share(votes, total)}%`);
      showVoters();
    },
  };
}

function alone(frame: Frame): HTMLElement {
  const second = secondTabLink("Open a second tab");
  whileAlone(frame, second);
  return html(
    "div",
    { class: "fine-print" },
    html("p", {}, "Every tab has one vote. Press another choice to change it, or the same one to take it back. Votes stay when their voters leave: a tab that is opened anew votes anew."),
    second,
  );
}
