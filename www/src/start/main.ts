import "../shared/shell.css";
import "./start.css";
import { cleanRoom, linkTo, readAddress } from "../shared/address.js";
import { brandLink } from "../shared/brand.js";
import { nameInput } from "../shared/name-field.js";
import { nameHere } from "../shared/storage.js";
import { themeButton } from "../shared/theme.js";
import { boardPicture, chatPicture, handPicture, heroPicture, presencePicture, stepPictures, votePicture } from "./pictures.js";

/** The demos that the page opens, by the test ids of their buttons. */
const DEMOS = [
  { page: "/presence/", button: "open-presence" },
  { page: "/chat/", button: "open-chat" },
  { page: "/board/", button: "open-board" },
  { page: "/vote/", button: "open-vote" },
  { page: "/invite/", button: "open-invite" },
] as const;

function slot(selector: string): HTMLElement {
  const element = document.querySelector<HTMLElement>(selector);
  if (element === null) throw new Error(`the start page has no ${selector}`);
  return element;
}

function button(testid: string): HTMLAnchorElement {
  return slot(`[data-testid="${testid}"]`) as HTMLAnchorElement;
}

function decorate(): void {
  slot("#bar").append(brandLink("/"), themeButton());
  slot("#hero-picture").append(heroPicture());
  slot("#presence-picture").append(presencePicture());
  slot("#chat-picture").append(chatPicture());
  slot("#board-picture").append(boardPicture());
  slot("#vote-picture").append(votePicture());
  slot("#hand-picture").append(handPicture());
  const steps = stepPictures();
  slot("#steps").querySelectorAll(".step-picture").forEach((holder, at) => holder.append(...steps.slice(at, at + 1)));
}

async function introduce(): Promise<void> {
  const asked = readAddress(location.href);
  const room = slot('[data-testid="room-input"]') as HTMLInputElement;
  const aim = (): void => {
    for (const demo of DEMOS) button(demo.button).href = linkTo(location.href, demo.page, cleanRoom(room.value));
  };
  room.value = asked.room;
  room.addEventListener("input", aim);
  aim();
  slot("#introduce").addEventListener("submit", (event) => {
    event.preventDefault();
    button(DEMOS[0].button).click();
  });
  // The name is kept in this browser, and so reaches the demos without standing in the address.
  slot("#name-slot").replaceWith(nameInput(await nameHere(asked.name), () => undefined));
}

decorate();
void introduce();
