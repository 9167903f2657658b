/**
 * The chat's text messages: JSON objects with exactly the members
 * `{"v":1,"id":"…","from":"…","text":"…"}`, one in each WebSocket text message.
 */

import { isId } from "./id.ts";
import { cleanName } from "./name.ts";

/** What someone wrote. */
export interface TextMessage {
  id: string;
  /** The sender's name, fit to show. */
  from: string;
  text: string;
}

/** Writes a text message as it goes over the wire. */
export function encodeText(message: TextMessage): string {
  return JSON.stringify({ v: 1, id: message.id, from: message.from, text: message.text });
}

/** Reads a received text. Whatever is not exactly one of the chat's own messages gives undefined: it is plain text. */
export function decodeText(raw: string): TextMessage | undefined {
  const value = parseMembers(raw, ["v", "id", "from", "text"]);
  if (value === undefined || value.v !== 1 || !isId(value.id)) {
    return undefined;
  }
  if (typeof value.from !== "string" || typeof value.text !== "string") {
    return undefined;
  }
  const from = cleanName(value.from);
  return from === undefined ? undefined : { id: value.id, from, text: value.text };
}

/** Parses a JSON object that has exactly these members; anything else gives undefined. */
export function parseMembers<K extends string>(
  raw: string,
  members: readonly K[],
): Record<K, unknown> | undefined {
  if (!raw.startsWith("{")) {
    return undefined;
  }
  let value: unknown;
  try {
    value = JSON.parse(raw);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null || Object.keys(value).length !== members.length) {
    return undefined;
  }
  return members.every((member) => Object.hasOwn(value, member)) ? (value as Record<K, unknown>) : undefined;
}
