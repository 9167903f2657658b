/** The chat page: puts its parts together. */

import "./styles/page.css";
import "./styles/side.css";
import "./styles/log.css";
import "./styles/composer.css";
import { Composer } from "./composer.ts";
import { browser, Connection, type State } from "./connection.ts";
import { find } from "./dom.ts";
import { encodeText } from "./envelope.ts";
import { cleanFileName, cleanType, encodeFile } from "./file.ts";
import { formatDuration } from "./format.ts";
import { newId } from "./id.ts";
import { contentOf, read, SeenIds } from "./inbox.ts";
import { askInfo, explainRefusal, usualMaxMessageBytes } from "./info.ts";
import { Log } from "./log.ts";
import type { Message } from "./messageview.ts";
import { Naming } from "./naming.ts";
import { Outbox, type Payload } from "./outbox.ts";
import { plain } from "./plain.ts";
import { channelPath, channelUrls, roomOfQuery } from "./room.ts";
import { initRooms } from "./rooms.ts";
import { Status } from "./status.ts";
import { initTheme } from "./theme.ts";
import { Title } from "./title.ts";
import { viewImage } from "./viewer.ts";

initTheme(find("theme", HTMLButtonElement));
const choice = roomOfQuery(location.search);
const name = plain(choice.room, 80);
find("room", HTMLElement).textContent = name;
const title = new Title(`${name} · Holdfast`);
initRooms(choice.ok ? choice.room : undefined);
if (choice.ok) {
  chat(choice.room);
} else {
  refuse(choice.problem);
}

/** Explains that there can be no such room. */
function refuse(problem: string): void {
  find("refusal-why", HTMLElement).textContent = problem;
  find("refusal", HTMLElement).hidden = false;
  find("empty", HTMLElement).hidden = true;
  find("foot", HTMLElement).hidden = true;
  find("connection", HTMLElement).hidden = true;
}

function chat(room: string): void {
  const url = channelUrls(room, location).ws;
  const path = channelPath(room);
  let maxMessageBytes = usualMaxMessageBytes;
  const seen = new SeenIds();

  const log = new Log(
    {
      viewport: find("viewport", HTMLElement),
      list: find("log", HTMLElement),
      newer: find("newer", HTMLButtonElement),
    },
    {
      retry: (id) => outbox.retry(id),
      forgotten: (id) => outbox.forget(id),
      view: viewImage,
    },
  );
  const connection = new Connection(url, { onState, onMessage }, browser);
  const status = new Status(url, () => connection.start());
  const outbox = new Outbox(
    (payload) => connection.send(payload),
    (id, delivery) => log.setDelivery(id, delivery),
  );
  const composer = new Composer({ send, maxMessageBytes: () => maxMessageBytes });
  const naming = new Naming(() => composer.focus());

  function onState(state: State): void {
    status.show(state);
    if (state.name === "open") {
      if (state.awayMs !== undefined) {
        log.notice(
          `You were away for ${formatDuration(state.awayMs)}. Messages sent meanwhile are not shown.`,
        );
      }
      outbox.opened();
      void askInfo(path).then((info) => {
        if (info.ok) {
          maxMessageBytes = info.maxMessageBytes;
        }
      });
      return;
    }
    outbox.lost();
    if (state.name === "reconnecting" && !state.closed.opened) {
      void askInfo(path).then((info) => {
        // The answer may come after the connection did.
        if (connection.state.name !== "open") {
          status.explain(explainRefusal(info));
        }
      });
    }
  }

  function onMessage(data: string | ArrayBuffer): void {
    const { id, from, content } = read(data);
    if (id !== undefined) {
      const own = outbox.echoed(id);
      if (!seen.first(id) || own) {
        return;
      }
    }
    show({ id, from, own: false, at: new Date(), content });
  }

  function show(message: Message): void {
    find("empty", HTMLElement).hidden = true;
    log.add(message);
    if (!message.own) {
      title.arrived();
    }
  }

  function send(text: string, files: File[]): string | undefined {
    if (outbox.full) {
      return "Too many messages wait for the connection already. Try again when they are sent.";
    }
    void sendAll(naming.use(), text, files);
    return undefined;
  }

  /** Sends the files in their order, then the text. */
  async function sendAll(from: string, text: string, files: File[]): Promise<void> {
    for (const file of files) {
      await sendFile(from, file);
    }
    if (text !== "") {
      const id = newId();
      sendOwn(id, from, { kind: "text", text }, encodeText({ id, from, text }));
    }
  }

  async function sendFile(from: string, file: File): Promise<void> {
    const name = cleanFileName(file.name);
    let bytes: Uint8Array<ArrayBuffer>;
    try {
      bytes = new Uint8Array(await file.arrayBuffer());
    } catch {
      log.notice(`“${name}” could not be read, so it was not sent. (A folder cannot be sent.)`);
      return;
    }
    const id = newId();
    const wire = encodeFile({ id, from, name, type: cleanType(file.type), bytes });
    sendOwn(id, from, contentOf(name, bytes), wire);
  }

  function sendOwn(id: string, from: string, content: Message["content"], payload: Payload): void {
    show({ id, from, own: true, at: new Date(), content });
    log.setDelivery(id, outbox.add(id, payload));
  }

  window.addEventListener("online", () => connection.hurry());
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") {
      connection.hurry();
    }
  });
  // A page that the browser keeps for the back button must not keep its place in the room.
  window.addEventListener("pagehide", () => connection.stop());
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) {
      connection.start();
    }
  });

  find("insecure", HTMLElement).hidden = location.protocol !== "http:";
  connection.start();
  // On a touch screen the keyboard would cover the room before it was seen.
  if (matchMedia("(pointer: fine)").matches) {
    composer.focus();
  }
}
