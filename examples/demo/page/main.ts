import { ChangeSet } from "@codemirror/state";
import { connect } from "holdfast";
import { readBody } from "holdfast/core";
import uPlot from "uplot";
import { sessionPath } from "../messages.ts";
console.log(connect, readBody, uPlot, ChangeSet, sessionPath("x"));
