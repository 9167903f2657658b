/** What tests of Holdfast begin with. */

import { vi } from "vitest";
import { Holdfast } from "../holdfast.ts";
import { FakeServer } from "./fakeserver.ts";

/** Lets a time go by on the fake clock. */
export const pass = (ms = 200) => vi.advanceTimersByTimeAsync(ms);

/** A client and its server, and the states that the client has gone through. */
export function setUp(
  options: object = {},
  urls: string | string[] = "https://one.test/",
  server = new FakeServer(),
) {
  const holdfast = new Holdfast(urls, { dial: server.dial, ...options });
  const states: string[] = [];
  holdfast.on("state", (state) => states.push(state));
  return { server, holdfast, states };
}

/** The texts that come in a channel, and what else happens there. */
export function listen(holdfast: Holdfast, name: string): string[] {
  const happened: string[] = [];
  const channel = holdfast.channel(name);
  channel.on("message", ({ data }) => happened.push(String(data)));
  channel.on("state", (state) => happened.push(`(${state})`));
  channel.on("gap", () => happened.push("(gap)"));
  channel.on("lost", ({ why }) => happened.push(`(lost: ${why})`));
  channel.on("error", ({ code }) => happened.push(`(error: ${code})`));
  return happened;
}
