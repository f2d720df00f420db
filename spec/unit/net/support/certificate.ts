/**
 * Certificates for specs, made when they are asked for: self-signed, on a P-256 key, for the names and addresses wanted.
 *
 * Node has no maker of certificates; this one writes the few structures of X.509 that are needed, in DER.
 */
import { generateKeyPairSync, sign } from "node:crypto";
import { isIP } from "node:net";

/** A certificate and its private key, in PEM. The certificate is its own authority. */
export interface Certificate {
  cert: string;
  key: string;
}

function der(tag: number, ...contents: Uint8Array[]): Buffer {
  const body = Buffer.concat(contents);
  const { length } = body;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Uint8Array.of(tag, ...size), body]);
}

const hex = (digits: string): Buffer => Buffer.from(digits.replaceAll(" ", ""), "hex");
const ascii = (text: string): Buffer => Buffer.from(text, "ascii");
const sequence = (...contents: Uint8Array[]): Buffer => der(0x30, ...contents);
const bits = (contents: Uint8Array): Buffer => der(0x03, Uint8Array.of(0), contents);
const oid = (digits: string): Buffer => der(0x06, hex(digits));

const ecdsaWithSha256 = sequence(oid("2a 86 48 ce 3d 04 03 02"));
const nameOf = (commonName: string): Buffer => sequence(der(0x31, sequence(oid("55 04 03"), der(0x0c, ascii(commonName)))));
const validity = sequence(der(0x17, ascii("200101000000Z")), der(0x18, ascii("20991231235959Z")));
const alternative = (name: string): Buffer =>
  isIP(name) === 4 ? der(0x87, Uint8Array.from(name.split("."), Number)) : der(0x82, ascii(name));

/** A certificate for these names and IPv4 addresses. */
export function certificateFor(...names: [string, ...string[]]): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const isAuthority = sequence(oid("55 1d 13"), der(0x04, sequence(der(0x01, Uint8Array.of(255)))));
  const isFor = sequence(oid("55 1d 11"), der(0x04, sequence(...names.map(alternative))));
  const toBeSigned = sequence(
    der(0xa0, der(0x02, Uint8Array.of(2))),
    der(0x02, Uint8Array.of(1)),
    ecdsaWithSha256,
    nameOf(names[0]),
    validity,
    nameOf(names[0]),
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, sequence(isAuthority, isFor)),
  );
  const whole = sequence(toBeSigned, ecdsaWithSha256, bits(sign("sha256", toBeSigned, privateKey)));
  const lines = whole.toString("base64").replace(/.{1,64}/g, "$&\n");
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${lines}-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}
