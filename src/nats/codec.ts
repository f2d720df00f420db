/**
 * What values become on the way, and what has to hold for them when they arrive.
 */
import { misuse, show } from "../errors.ts";
import { isThenable } from "../task/body.ts";

/** Makes bytes of values, and values of bytes. */
export interface Codec {
  /** Throws for what it cannot encode, at the call of the verb. */
  encode(value: unknown): Uint8Array;
  /** Throws for what it cannot decode. */
  decode(bytes: Uint8Array): unknown;
}

/** What a schema library offers as its standard interface: https://standardschema.dev. */
export interface StandardSchemaLike<T> {
  /** Its version and its check. */
  readonly "~standard": {
    /** 1. */
    readonly version: 1;
    /** Who makes it. */
    readonly vendor: string;
    /** Gives the value, or what is wrong with it. */
    readonly validate: (value: unknown) => unknown;
    /** For the compiler alone. */
    readonly types?: {
      /** What is checked. */
      readonly input: unknown;
      /** What comes out. */
      readonly output: T;
    } | undefined;
  };
}

/** Checks a value that has come from elsewhere: a function that gives the value or throws, or a schema of zod, valibot, arktype and others. */
export type Validator<T> = ((value: unknown) => T) | StandardSchemaLike<T>;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });
const nothing = new Uint8Array(0);

/** JSON; `undefined` is zero bytes. */
export const json: Codec = {
  encode(value) {
    if (value === undefined) return nothing;
    const text = JSON.stringify(value) as string | undefined;
    if (text === undefined) throw new TypeError(`JSON has nothing for ${show(value)}: send data alone, or give the remote a codec`);
    return encoder.encode(text);
  },
  decode: (bytes) => (bytes.length === 0 ? undefined : JSON.parse(decoder.decode(bytes)) as unknown),
};

/** A text as bytes. */
export const bytesOf = (text: string): Uint8Array => encoder.encode(text);
/** Bytes as a text. */
export const textOf = (bytes: Uint8Array): string => decoder.decode(bytes);

/** A codec as it was given, or a clear error. */
export function checkedCodec(codec: Codec): Codec {
  const given = codec as unknown as Partial<Codec> | null | undefined;
  if (typeof given?.encode === "function" && typeof given.decode === "function") return codec;
  throw misuse("the option codec", "a codec, as { encode(value) { ... }, decode(bytes) { ... } }", codec);
}

/** The check of a validator, or a clear error. Without one every value passes. */
export function checkOf<T>(validator: Validator<T> | undefined, who: string): (value: unknown) => T {
  if (validator === undefined) return (value) => value as T;
  if (typeof validator === "function" && !("~standard" in validator)) return validator;
  const standard = ((validator as unknown) ?? {}) as Partial<StandardSchemaLike<T>>;
  const validate = standard["~standard"]?.validate;
  if (typeof validate !== "function") throw misuse(`the option validate of ${who}`, "a function, or a schema that follows Standard Schema", validator);
  return (value) => {
    const result = validate(value);
    if (isThenable(result)) throw new TypeError(`the schema of ${who} answers with a promise; a value is validated at once, so take a schema without async checks`);
    const { issues, value: output } = result as { issues?: readonly { message: string }[]; value?: T };
    if (issues !== undefined) throw new TypeError(issues.map(({ message }) => message).join("; "));
    return output as T;
  };
}
