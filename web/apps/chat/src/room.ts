/** Rooms: their names, their channel on the server and their address in the browser. */

/** The room at `/`. */
export const lobby = "lobby";

/** A room's channel is this followed by the room's name. */
const prefix = "chat/";

/** The server's limit on a channel name, in bytes of UTF-8. */
const maxChannelBytes = 255;

/** A room name as the address or a person gave it: either fit, or with a sentence that says why it is not. */
export type RoomName = { ok: true; room: string } | { ok: false; room: string; problem: string };

/** Checks a room's name against the server's rules of channel names. */
export function checkRoom(room: string): RoomName {
  const problem = problemOf(room);
  return problem === undefined ? { ok: true, room } : { ok: false, room, problem };
}

function problemOf(room: string): string | undefined {
  if (room === "") {
    return "A room needs a name.";
  }
  if (!room.isWellFormed()) {
    return "The name has a broken character in it.";
  }
  const bytes = new TextEncoder().encode(prefix + room).length;
  if (bytes > maxChannelBytes) {
    const over = bytes - maxChannelBytes;
    return `The name is too long by ${over} ${over === 1 ? "byte" : "bytes"}.`;
  }
  if (/\p{Cc}/u.test(room)) {
    return "The name has a control character in it, such as a line break or a tab.";
  }
  for (const segment of room.split("/")) {
    if (segment === "") {
      return "A slash separates two parts of a name: it cannot be first, last, or next to another slash.";
    }
    if (["+", "#", "*", ">"].includes(segment)) {
      return `“${segment}” stands for any room, so it cannot be a name, or a part of one, by itself.`;
    }
    if (segment === "." || segment === "..") {
      return `“${segment}” means a place in an address, so it cannot be a name, or a part of one, by itself.`;
    }
  }
  return undefined;
}

/** The room of a page address's query, such as "?room=design". Without one it is the lobby. */
export function roomOfQuery(search: string): RoomName {
  return checkRoom(new URLSearchParams(search).get("room") ?? lobby);
}

/** The address of a room's page, from the root: "/" or "/?room=design". */
export function pageOf(room: string): string {
  return room === lobby ? "/" : `/?room=${encode(room).replaceAll("%2F", "/")}`;
}

/** The name of a room's channel on the server, such as "chat/design". */
export function channelOf(room: string): string {
  return prefix + room;
}

/** The name of the channel that tells who writes in a room; undefined if it would be too long. */
export function typingChannelOf(room: string): string | undefined {
  const channel = `typing/${room}`;
  return new TextEncoder().encode(channel).length > maxChannelBytes ? undefined : channel;
}

/** The path of a room's channel on the server, such as "/channels/chat/design". */
export function channelPath(room: string): string {
  return `/channels/${channelOf(room).split("/").map(encode).join("/")}`;
}

/** Percent-encodes so that the result can stand unquoted in a shell, and in quotes of either kind in a program. */
function encode(part: string): string {
  return encodeURIComponent(part).replace(
    /[!'()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Where a room's channel is for each kind of client. `page` is the address of the page, such as `location`. */
export function channelUrls(
  room: string,
  page: { protocol: string; host: string },
): { ws: string; http: string } {
  const secure = page.protocol !== "http:";
  const rest = `://${page.host}${channelPath(room)}`;
  return { ws: (secure ? "wss" : "ws") + rest, http: (secure ? "https" : "http") + rest };
}
