export { Channel, type History, type Roster } from "./channel.ts";
export { orHTTP } from "./choice.ts";
export { type Codec, jsonCodec } from "./codec.ts";
export { HoldfastError } from "./error.ts";
export { Feed, type FeedEvents, type FeedOptions, type Lost, type Message, type Presence } from "./feed.ts";
export { Holdfast, type HoldfastEvents } from "./holdfast.ts";
export { msgpack } from "./msgpack.ts";
export type { Stored } from "./outbox.ts";
export type { Closed, ConnectOptions, Drop, Publishing, PublishOptions } from "./session.ts";
export { type GapEvent, HoldfastSocket, type LostEvent, type StateEvent } from "./socket.ts";
export type { State, SubscribeOptions } from "./subscription.ts";
export {
  type Dial,
  type Transport,
  type TransportEvents,
  type TransportName,
  type WebSocketClass,
  webSocket,
} from "./transport.ts";
export type { Encoding, Payload, Welcome } from "./wire.ts";
