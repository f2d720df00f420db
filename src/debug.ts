/**
 * Importing this is all: from here on it is noted where tasks are started and where they wait, a cancelled scope that does not end is told of,
 * and so is a deadlock, in programs that never call `run`, too. The environment variable `RENDEZVOUS_DEBUG=1` does the same.
 *
 * @module
 */
import "./platform/copies.ts";
import { debug } from "./task/report/debugging.ts";

debug();
