/**
 * The subscriptions of one connection to the server, each for many readers in many tabs.
 *
 * Whoever subscribes gets a stream of its own, with the replay that it asked for. When that has caught up with another
 * stream of the same channel, its readers go over to the other one, and it ends. What comes there that they have had is
 * not ahead of their position: they drop it, as docs/protocol.md has it for a client that moves.
 */

import { type Answer, type Link, nextId } from "../link.ts";
import { type Positions, parsePositions } from "../position.ts";
import type { Incoming } from "../wire.ts";

/** Where a tab hears what is for it, as from a server. */
export interface Ear {
  hear(incoming: Incoming): void;
}

/** A subscription as a tab has it. */
interface Reader {
  ear: Ear;
  /** The tab's number for it. */
  sub: number;
  stream: Stream;
}

/** A subscription as the server has it. */
interface Stream {
  sub: number;
  /** What was asked for. */
  key: string;
  /** Those of the same, itself among them. */
  alike: Set<Stream>;
  /** Behind what has been handed on; undefined until the server has accepted it. */
  at: Positions | undefined;
  live: boolean;
  readers: Set<Reader>;
}

interface SubscribeCommand {
  sub: number;
  since?: string;
  last?: number;
  presence?: boolean;
}

export interface Streams {
  subscribe(ear: Ear, command: SubscribeCommand, answer: Answer): void;
  unsubscribe(ear: Ear, sub?: number): void;
  /** Hands a push on to whom it is for; false if it is not of a subscription. */
  pushed(push: Incoming): boolean;
}

/** Moves positions by what has come: docs/protocol.md, How a client keeps its position. */
function follow(at: Positions, { message, live, lost }: Incoming): void {
  if (message?.offset !== undefined) {
    at.set(message.epoch ?? at.keys().next().value, message.offset);
  }
  for (const epoch of parsePositions(lost?.since).keys()) {
    at.delete(epoch);
  }
  for (const [epoch, offset] of parsePositions((live ?? lost)?.position)) {
    at.set(epoch, Math.max(offset, at.get(epoch) ?? 0));
  }
}

/** Whether one has got at least as far as another. */
function isAhead(at: Positions | undefined, than: Positions | undefined): boolean {
  return [...(than ?? [])].every(([epoch, offset]) => (at?.get(epoch) ?? -1) >= offset);
}

export function createStreams(link: () => Link): Streams {
  const streams = new Map<number, Stream>();
  const groups = new Map<string, Set<Stream>>();
  const readers = new Map<Ear, Map<number, Reader>>();

  /** Forgets a stream; returns whether it was there. */
  const drop = (stream: Stream) => {
    stream.alike.delete(stream);
    if (stream.alike.size === 0) {
      groups.delete(stream.key);
    }
    return streams.delete(stream.sub);
  };
  /** Ends a stream that nobody reads. */
  const tidy = (stream: Stream) => {
    if (stream.readers.size === 0 && drop(stream)) {
      link().ask("unsubscribe", { sub: stream.sub });
    }
  };
  const join = (from: Stream, into: Stream) => {
    for (const reader of from.readers) {
      reader.stream = into;
      into.readers.add(reader);
      if (JSON.parse(from.key).presence) {
        // One of the two may have told of somebody and the other not yet: the roster has to be asked for anew.
        reader.ear.hear({ presence: { sub: reader.sub, partial: true } });
      }
    }
    from.readers.clear();
    tidy(from);
  };
  /** Lets streams that have got as far as another one join it. */
  const merge = ({ alike }: Stream) => {
    for (const into of alike) {
      for (const from of alike) {
        if (from !== into && from.live && into.live && isAhead(from.at, into.at)) {
          return join(from, into);
        }
      }
    }
  };
  const leave = (reader: Reader | undefined) => {
    if (reader) {
      readers.get(reader.ear)?.delete(reader.sub);
      reader.stream.readers.delete(reader);
      tidy(reader.stream);
    }
  };

  return {
    subscribe(ear, { sub, since, last, ...what }, answer) {
      const key = JSON.stringify(what);
      const alike = groups.get(key) ?? new Set();
      groups.set(key, alike);
      const stream: Stream = {
        sub: nextId(),
        key,
        alike,
        at: undefined,
        live: false,
        readers: new Set(),
      };
      const reader = { ear, sub, stream };
      stream.readers.add(reader);
      streams.set(stream.sub, stream);
      alike.add(stream);
      readers.set(ear, (readers.get(ear) ?? new Map()).set(sub, reader));
      link().ask("subscribe", { ...what, sub: stream.sub, since, last }, (ok, error) => {
        answer(ok && { ...ok, sub }, error);
        if (error) {
          drop(stream);
          leave(reader);
        } else if (streams.has(stream.sub)) {
          const other = [...alike].find(({ at }) => at);
          stream.at = parsePositions(ok.position);
          if (!ok.position && other) {
            // Without a history there is no replay and nothing to tell repeats by: it begins with the other.
            ear.hear({ live: { sub } });
            join(stream, other);
          }
        }
      });
    },
    unsubscribe(ear, sub) {
      for (const reader of [...(readers.get(ear)?.values() ?? [])]) {
        if (sub === undefined || reader.sub === sub) {
          leave(reader);
        }
      }
      if (sub === undefined) {
        readers.delete(ear);
      }
    },
    pushed(push) {
      const [[verb, body] = ["", undefined]] = Object.entries(push);
      const stream = streams.get(body?.sub);
      if (stream?.at) {
        follow(stream.at, push);
        stream.live ||= verb === "live";
        for (const { ear, sub } of stream.readers) {
          ear.hear({ [verb]: { ...body, sub } });
        }
        if (push.unsubscribed) {
          drop(stream);
          for (const reader of stream.readers) {
            leave(reader);
          }
        } else {
          merge(stream);
        }
      }
      return body?.sub !== undefined;
    },
  };
}
