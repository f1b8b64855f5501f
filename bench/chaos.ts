/** The fault proxy as its users import it: below `peers/` the name of the package is not known. */
export { type ChaosProxy, startChaos } from "holdfast/chaos";
