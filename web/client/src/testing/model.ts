/** What must come of a session, by what the server has published. */

import type { HoldfastError } from "../error.ts";
import type { Stored } from "../outbox.ts";

/** A message as the server had it, or as it came. */
interface AnyMessage {
  data: unknown;
  offset?: number;
  time?: number;
}

export interface Published extends AnyMessage {
  channel: string;
  epoch?: string;
}

/** What the client asked for, and what came of it. */
export interface Asked<T> {
  channel: string;
  data: unknown;
  kept?: T;
  failed?: HoldfastError;
}

/** What a feed must have had. */
export interface Extent {
  /** Where it begins: with the first of all there was, or somewhere. */
  from?: "anywhere";
  /** Where it ends: with the last of all there was, or somewhere. */
  to?: "anywhere";
  /** Whether messages may be missing if the application was told so. */
  losable?: boolean;
}

export function textOf(data: unknown): string {
  return typeof data === "string" ? data : `bytes ${new Uint8Array(data as ArrayBuffer)}`;
}

/** Tells a message from all others: its place, and what it says. */
export function keyOf({ data, offset, time }: AnyMessage): string {
  return `${offset ?? `at ${time}`}: ${textOf(data)}`;
}

function said(key: string): string {
  return key.slice(key.indexOf(": "));
}

/** What is wrong in a feed, if anything: each message comes once and in order, or in brackets that some are lost. */
export function faultIn(name: string, came: string[], all: string[], extent: Extent): string | undefined {
  let next = 0;
  let excused = extent.from === "anywhere";
  const missing = (end: number) =>
    // Without history a publication may be given out twice; then it is taken once.
    excused ? undefined : all.slice(next, end).find((key) => !came.some((one) => said(one) === said(key)));
  for (const one of came) {
    if (one.startsWith("(")) {
      if (!extent.losable) {
        return `${name}: ${one} was told`;
      }
      excused = true;
      continue;
    }
    const at = all.indexOf(one, next);
    if (at < 0) {
      return `${name}: ${one} came twice, or late, or is not of it`;
    }
    const gone = missing(at);
    if (gone !== undefined) {
      return `${name}: ${gone} is missing before ${one}`;
    }
    next = at + 1;
    excused = false;
  }
  const gone = extent.to === "anywhere" ? undefined : missing(all.length);
  return gone === undefined ? undefined : `${name}: ${gone} is missing at the end`;
}

/** What is wrong with publications: each is stored once, in the order in which they were made, where it was said. */
export function faultsOf(
  asked: Asked<Stored>[],
  published: Published[],
  mayFail: (channel: string, code: string) => boolean,
): string[] {
  const faults: string[] = [];
  let last = -1;
  for (const { channel, data, kept, failed } of asked) {
    const text = textOf(data);
    const copies = published.filter((one) => one.channel === channel && textOf(one.data) === text);
    const [first] = copies;
    if (failed && !mayFail(channel, failed.code)) {
      faults.push(`${text} failed: ${failed.code}`);
    }
    if (kept && !copies.some(({ offset, epoch }) => offset === kept.offset && epoch === kept.epoch)) {
      faults.push(`${text} is not where it was said: ${JSON.stringify(kept)}`);
    }
    if (!failed && !kept) {
      faults.push(`nothing was told of ${text}`);
    }
    if (first?.offset !== undefined) {
      // A log that was made anew knows nothing of what was in the one before.
      if (new Set(copies.map(({ epoch }) => epoch)).size < copies.length) {
        faults.push(`${text} is stored ${copies.length} times`);
      }
      if (first.offset < last) {
        faults.push(`${text} is stored before an earlier one`);
      }
      last = first.offset;
    }
  }
  return faults;
}
