/** Light or dark: what the system says, until the user says otherwise. `early.js` applies it before the first paint. */

import { html, svg } from "./dom.js";

const KEY = "chinwag:theme";

type Theme = "light" | "dark";

function shown(): Theme {
  const chosen = document.documentElement.dataset["theme"];
  if (chosen === "light" || chosen === "dark") return chosen;
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

/** A button that turns the page light or dark. */
export function themeButton(): HTMLButtonElement {
  const button = html(
    "button",
    { type: "button", class: "icon-button" },
    svg(
      "svg",
      { viewBox: "0 0 24 24", "aria-hidden": "true", class: "icon" },
      svg("circle", { cx: 12, cy: 12, r: 8.2, class: "outline" }),
      svg("path", { d: "M12 3.8a8.2 8.2 0 0 1 0 16.4Z", class: "filled" }),
    ),
  );
  const label = (): void => {
    const text = shown() === "dark" ? "Switch to the light theme" : "Switch to the dark theme";
    button.setAttribute("aria-label", text);
    button.title = text;
  };
  button.addEventListener("click", () => {
    const theme: Theme = shown() === "dark" ? "light" : "dark";
    document.documentElement.dataset["theme"] = theme;
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // Storage may be forbidden; the theme then holds until the page is left.
    }
    label();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", label);
  label();
  return button;
}
