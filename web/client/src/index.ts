export { HoldfastError } from "./error.ts";
export { type GapEvent, HoldfastSocket, type LostEvent, type StateEvent } from "./socket.ts";
