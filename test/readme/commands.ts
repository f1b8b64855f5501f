/** The commands that documents show. */
import { type Block, blocksOf, read } from "./markdown.ts";

export interface ShownCommand {
  /** Variables that are set in front of it. */
  readonly variables: readonly string[];
  readonly words: readonly string[];
}

/** The commands of a block, in their order, without comments. */
export function commandsOf({ text }: Pick<Block, "text">): ShownCommand[] {
  const lines = text.split("\n").flatMap((line) => line.replace(/ #.*/, "").split("&&"));
  const shown = lines.map((line) => line.split(" ").filter((word) => word !== ""));
  return shown
    .filter((words) => words.length > 0)
    .map((words) => {
      const isVariable = (word: string): boolean => /^[A-Z]+=/.test(word);
      return {
        variables: words.filter(isVariable),
        words: words.filter((word) => !isVariable(word)),
      };
    });
}

/** The options that the README shows for the fault proxy. */
export const BROKEN_LINE: readonly string[] = blocksOf(read("README.md"))
  .filter(({ kind }) => kind === "sh")
  .flatMap(commandsOf)
  .filter(({ words }) => words.slice(0, 4).join(" ") === "npm run chaos --")
  .flatMap(({ words }) => words.slice(4));
