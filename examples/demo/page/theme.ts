/** Light and dark: the system's choice, until a person makes one here. */

const KEY = "theme";

type Theme = "light" | "dark";

const dark = matchMedia("(prefers-color-scheme: dark)");

/** Chosen in this page. */
let choice: Theme | undefined;

/** Calls back whenever the colours may have changed. */
export function useTheme(button: HTMLButtonElement, tell: () => void): void {
  const show = (): void => {
    const theme = chosen() ?? system();
    document.documentElement.dataset["theme"] = theme;
    button.setAttribute("aria-pressed", String(theme === "dark"));
    tell();
  };
  button.addEventListener("click", () => {
    const next = (chosen() ?? system()) === "dark" ? "light" : "dark";
    choice = next;
    storage()?.setItem(KEY, next);
    show();
  });
  dark.addEventListener("change", show);
  // The other tabs follow.
  addEventListener("storage", () => {
    choice = undefined;
    show();
  });
  show();
}

/** A colour of the style sheet, as a canvas takes it. */
export function colour(name: string): string {
  probe.style.color = `var(--${name})`;
  return getComputedStyle(probe).color;
}

const probe = document.createElement("span");
probe.hidden = true;
document.body.append(probe);

function system(): Theme {
  return dark.matches ? "dark" : "light";
}

function chosen(): Theme | undefined {
  const text = choice ?? storage()?.getItem(KEY);
  return text === "light" || text === "dark" ? text : undefined;
}

/** Where people forbid it, the choice lasts as long as the page. */
function storage(): Pick<Storage, "getItem" | "setItem"> | undefined {
  try {
    return localStorage;
  } catch {
    return undefined;
  }
}
