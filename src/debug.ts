/**
 * Importing this module turns debug mode on: the library records where tasks are started and where they wait, warns about a cancelled scope that does
 * not end, and reports a deadlock even in programs that never call `run`. The environment variable `RENDEZVOUS_DEBUG=1` does the same.
 *
 * @module rendezvous/debug
 */
import "./platform/copies.ts";
import { debug } from "./task/report/debugging.ts";

debug();
