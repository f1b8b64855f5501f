/** What a command's exit tells whoever started it. */

export const EXIT_DONE = 0;
/** It could not be done. */
export const EXIT_FAILED = 1;
/** The command line makes no sense. */
export const EXIT_USAGE = 2;
