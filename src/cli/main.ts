#!/usr/bin/env node
/** The command line: `holdfast <command>`. Exit statuses: exit-statuses.ts. */
import { runCli } from "./program.ts";

process.exitCode = await runCli(process.argv.slice(2));
