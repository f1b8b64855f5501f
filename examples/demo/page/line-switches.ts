/** The switches of the line, and beside each of them what the line really did. */
import type { ChaosCounts } from "holdfast/chaos";
import { type LineFaults, type LineReport, NO_FAULTS } from "../messages.ts";
import { element } from "./elements.ts";
import { isPreset, PRESETS, stepOf, SWITCHES, type SwitchSpec } from "./faults-steps.ts";
import { count, counted } from "./figures.ts";

interface ShownSwitch {
  readonly spec: SwitchSpec;
  readonly row: HTMLElement;
  readonly slider: HTMLInputElement;
  readonly value: HTMLOutputElement;
  readonly count: HTMLElement;
}

export class LineSwitches {
  readonly #tell: (faults: Partial<LineFaults>) => void;
  readonly #cable: HTMLButtonElement = element("cable", HTMLButtonElement);
  readonly #cableCount: HTMLElement = element("cable-count", HTMLElement);
  readonly #presets: readonly HTMLButtonElement[];
  readonly #switches: readonly ShownSwitch[];
  /** What is chosen here; the line follows. */
  #faults: LineFaults = NO_FAULTS;

  constructor(tell: (faults: Partial<LineFaults>) => void) {
    this.#tell = tell;
    this.#cable.addEventListener("click", () => this.#choose({ blackout: !this.#faults.blackout }));
    const group = element("presets", HTMLElement);
    this.#presets = PRESETS.map((preset) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = preset.name;
      button.addEventListener("click", () => this.#choose(preset.faults));
      group.append(button);
      return button;
    });
    const list = element("switches", HTMLElement);
    this.#switches = SWITCHES.map((spec) => this.#makeSwitch(spec, list));
    this.#show();
  }

  get faults(): LineFaults {
    return this.#faults;
  }

  /** Another line, with what it was set to before. */
  begin(report: LineReport): void {
    this.#faults = report.faults;
    this.#show();
    this.count(report.counts);
  }

  count(counts: ChaosCounts): void {
    this.#cableCount.textContent = `pulled ${counted(counts.blackouts, "time")}`;
    for (const { spec, count: place } of this.#switches) {
      const value = spec.countOf(counts);
      place.textContent = `${count(value)} ${spec.done}`;
      place.classList.toggle("has-some", value > 0);
    }
  }

  #choose(faults: Partial<LineFaults>): void {
    this.#faults = { ...this.#faults, ...faults };
    this.#show();
    this.#tell(faults);
  }

  #show(): void {
    const faults = this.#faults;
    this.#cable.textContent = faults.blackout ? "Plug it in" : "Pull the cable";
    this.#cable.dataset["pulled"] = String(faults.blackout);
    for (const [at, button] of this.#presets.entries()) {
      const preset = PRESETS[at];
      const isChosen = preset !== undefined && isPreset(preset, faults);
      button.setAttribute("aria-pressed", String(isChosen));
    }
    for (const { spec, row, slider, value } of this.#switches) {
      const text = spec.show(faults[spec.name]);
      const step = String(stepOf(spec, faults[spec.name]));
      if (slider.value !== step) slider.value = step;
      slider.setAttribute("aria-valuetext", text);
      value.textContent = text;
      row.classList.toggle("is-set", faults[spec.name] > 0);
    }
  }

  #makeSwitch(spec: SwitchSpec, list: HTMLElement): ShownSwitch {
    const row = document.createElement("li");
    const label = document.createElement("label");
    const slider = document.createElement("input");
    const value = document.createElement("output");
    const place = document.createElement("span");
    slider.id = `switch-${spec.name}`;
    slider.type = "range";
    slider.min = "0";
    slider.max = String(spec.steps.length - 1);
    slider.value = "0";
    label.htmlFor = slider.id;
    label.textContent = spec.label;
    value.htmlFor.add(slider.id);
    value.className = "numbers";
    // Read with the slider, and not by itself at each step.
    value.setAttribute("aria-live", "off");
    place.className = "count numbers";
    place.id = `${slider.id}-count`;
    slider.setAttribute("aria-describedby", place.id);
    place.textContent = `0 ${spec.done}`;
    slider.addEventListener("input", () => {
      this.#choose({ [spec.name]: spec.steps[slider.valueAsNumber] ?? 0 });
    });
    row.append(label, slider, value, place);
    list.append(row);
    return { spec, row, slider, value, count: place };
  }
}
