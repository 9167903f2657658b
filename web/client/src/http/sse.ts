/** Server-sent events, as the standard parses them: https://html.spec.whatwg.org/multipage/server-sent-events.html. */

export interface EventStreamOwner {
  /** An event, when the empty line behind it has come. Its type is "message" if it names none. */
  event(type: string, data: string): void;
  /** A line that means nothing: a sign of life. */
  comment(): void;
}

/**
 * Returns what takes the text of a stream in pieces, cut anywhere. An event at the end without an empty line behind it
 * is none. `id` and `retry` are left out: a connection over HTTP has nothing to come back to by them.
 */
export function createEventStream(owner: EventStreamOwner): (piece: string) => void {
  /** What there is of a line that has not ended. */
  let rest = "";
  let type = "";
  /** Of the event that has not ended; undefined if it has none. */
  let data: string | undefined;
  /** The line before ended with a CR: a LF that follows belongs to it. */
  let afterCR = false;

  const dispatch = () => {
    if (data !== undefined) {
      owner.event(type || "message", data);
    }
    type = "";
    data = undefined;
  };
  const take = (line: string) => {
    const [, field, value = ""] = /^([^:]*):? ?(.*)$/s.exec(line) as unknown as [string, string, string];
    if (line === "") {
      dispatch();
    } else if (field === "") {
      owner.comment();
    } else if (field === "event") {
      type = value;
    } else if (field === "data") {
      data = data === undefined ? value : `${data}\n${value}`;
    }
  };

  return (piece) => {
    const text = afterCR && piece.startsWith("\n") ? piece.slice(1) : piece;
    afterCR = piece === "" ? afterCR : piece.endsWith("\r");
    const lines = text.split(/\r\n|\r|\n/);
    lines[0] = rest + lines[0];
    rest = lines.pop() as string;
    lines.forEach(take);
  };
}
