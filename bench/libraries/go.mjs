/** Go, on one processor (GOMAXPROCS=1): programs of its own, in `go/`, where a Go toolchain is installed. */

/** @type {import("../interface.mjs").Library} */
export default { title: "Go", style: "process" };
