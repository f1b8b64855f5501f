/** What both drivers have in common: enough for whatever is to hold in every browser. */
import { useBrowser } from "./chromium.ts";
import { useFirefox } from "./firefox.ts";

export interface DrivenPage {
  goto(url: string): Promise<unknown>;
  reload(): Promise<unknown>;
  bringToFront(): Promise<unknown>;
  close(): Promise<unknown>;
  evaluate(text: string): Promise<unknown>;
  waitForFunction(text: string): Promise<unknown>;
}

/** Pages that share their storage. */
export interface DrivenContext<Page extends DrivenPage = DrivenPage> {
  newPage(): Promise<Page>;
}

export interface DrivenBrowser {
  readonly name: string;
  /**
   * Of tabs that are closed on a busy machine it takes the last request along now and then, here one
   * in six: so often may a test try. Default 0.
   */
  readonly losesClosedTabs?: number;
  /** Begins and ends it with the tests of a file or group. */
  readonly use: () => () => Promise<DrivenContext>;
}

export const BROWSERS: readonly DrivenBrowser[] = [
  { name: "Chromium", use: () => useBrowser() },
  { name: "Firefox", losesClosedTabs: 4, use: () => useFirefox() },
];
