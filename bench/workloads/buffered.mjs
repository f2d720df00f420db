/** The stream again, through a channel that holds 128 values. */
import { stream } from "./stream.mjs";

export default stream("buffered", "buffered stream (128)", 128);
