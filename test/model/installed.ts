/** Without SPIN and a C compiler nothing in this ring is skipped: it fails, and says what to do. */
import { requirePrograms } from "./spin.ts";

export default function setup(): void {
  requirePrograms();
}
