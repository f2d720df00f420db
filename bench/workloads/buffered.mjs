/** The stream again, through a channel that holds 128 values. */
const { stream } = await import(`./stream.mjs${new URL(import.meta.url).search}`); // the same copy of the code

export default stream("buffered", "buffered stream (128)", 128);
