/** The platform's network: its name service, its sockets, its TLS. */
import { lookup } from "node:dns";
import { connect, type NetConnectOpts, type Socket } from "node:net";
import { Handshake } from "./secure.ts";
import type { Network } from "./transport.ts";

export const platform: Network<Socket> = {
  lookup,
  // Neither the caller's signal, which would destroy the connection later too, nor the platform's own way of trying several addresses.
  connect: (to) => connect({ ...to, autoSelectFamily: false, allowHalfOpen: true } as NetConnectOpts),
  secure: (socket, host, options, outcome) => new Handshake(socket, host, options, outcome),
};
