/** What is much for a small screen is folded there until somebody asks for it. */

/** As in style.css: from there on two columns have room. */
const wide = matchMedia("(min-width: 700px)");

export function foldWhereNarrow(part: HTMLDetailsElement): void {
  part.open = wide.matches;
  // A phone that is turned, a window that is drawn larger.
  wide.addEventListener("change", () => {
    part.open = wide.matches;
  });
}
