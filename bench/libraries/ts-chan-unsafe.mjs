/** ts-chan with its turns of the event loop switched off, which its users can do. */
import { tsChan } from "./ts-chan.mjs";

export default tsChan("ts-chan unsafe", true);
