/**
 * Notes over JetStream: a stream that keeps the last message of each subject. It is made with the first note.
 */
import type { Notes } from "../broker.ts";
import type { JetStream } from "./nats-log.ts";

const timeout = 2000;

export function notesOver({ client, manager, prefix }: JetStream): Notes {
  const stream = `${prefix}_=closed`; // no queue has this name
  const subject = (name: string): string => `${prefix}.x.${name}`;
  return {
    async put(name, bytes) {
      await manager.streams.add({ name: stream, subjects: [subject("*")], max_msgs_per_subject: 1, storage: "file" } as never);
      await client.publish(subject(name), bytes, { msgID: name, timeout });
    },
    async get(name) {
      const found = await manager.streams.getMessage(stream, { last_by_subj: subject(name) }).catch(() => null);
      return found?.data;
    },
  };
}
