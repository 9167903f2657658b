/** The chat page: puts its parts together. */

import "./styles/page.css";
import "./styles/side.css";
import "./styles/log.css";
import "./styles/composer.css";
import { orHTTP, type Message as Received } from "@holdfast-dev/client";
import { describeMissing } from "./closing.ts";
import { Composer } from "./composer.ts";
import { Conversation, type Occasion, type State } from "./conversation.ts";
import { find } from "./dom.ts";
import { encodeText } from "./envelope.ts";
import { cleanFileName, cleanType, encodeFile } from "./file.ts";
import { formatDuration } from "./format.ts";
import { newId } from "./id.ts";
import { contentOf, read, SeenIds } from "./inbox.ts";
import { askInfo, explainRefusal, usualMaxMessageBytes } from "./info.ts";
import { type Addition, Log } from "./log.ts";
import type { Message as Shown } from "./messageview.ts";
import { Naming } from "./naming.ts";
import { Outbox, type Payload } from "./outbox.ts";
import { OwnIds } from "./ownids.ts";
import { plain } from "./plain.ts";
import { Present } from "./present.ts";
import { channelOf, channelPath, channelUrls, roomOfQuery, typingChannelOf } from "./room.ts";
import { initRooms } from "./rooms.ts";
import { Status } from "./status.ts";
import { StormBar } from "./stormbar.ts";
import { initTheme } from "./theme.ts";
import { Title } from "./title.ts";
import { describeWriters, Typing } from "./typing.ts";
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
  const path = channelPath(room);
  let maxMessageBytes = usualMaxMessageBytes;
  /** Messages of others that came since the connection was lost. */
  let missed = 0;
  const seen = new SeenIds();
  const own = new OwnIds();

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
  const weather = new StormBar(() => conversation.hurry());
  const writers = find("writers", HTMLElement);
  const typingChannel = typingChannelOf(room);
  const typing =
    typingChannel === undefined
      ? undefined
      : new Typing(typingChannel, (names) => {
          writers.textContent = describeWriters(names);
        });
  const conversation = new Conversation(
    location.origin,
    channelOf(room),
    { onState, onMessage, onCaughtUp, onMissing, onClient: (holdfast) => typing?.join(holdfast) },
    weather.storm.through(orHTTP()),
  );
  const status = new Status(channelUrls(room, location).ws, () => {
    conversation.start();
    conversation.hurry();
  });
  const outbox = new Outbox(
    (payload) => conversation.publish(payload),
    (id, delivery, why) => log.setDelivery(id, delivery, why),
  );
  const composer = new Composer({
    send,
    writing: () => typing?.writing(naming.accepted),
    maxMessageBytes: () => maxMessageBytes,
  });
  const naming = new Naming(() => composer.focus());

  const here = find("here", HTMLElement);
  const present = new Present(
    () => document.visibilityState === "visible",
    (users) => {
      here.textContent = users === undefined ? "" : `${users} here`;
    },
  );

  function onState(state: State): void {
    status.show(state);
    log.busy(state.name === "catching-up");
    outbox.connected(state.name === "live" || state.name === "catching-up");
    if (state.name === "live" && conversation.channel !== undefined) {
      present.begin(conversation.channel);
    } else {
      present.end();
    }
    if (state.name === "live") {
      void askInfo(path).then((info) => {
        if (info.ok) {
          maxMessageBytes = info.maxMessageBytes;
        }
      });
    } else if (state.name === "reconnecting" && state.closed?.opened === false) {
      void askInfo(path).then((info) => {
        // The answer may come after the connection did.
        if (conversation.state.name !== "live") {
          status.explain(explainRefusal(info));
        }
      });
    }
  }

  function onMessage({ data, time }: Received<string | ArrayBuffer>, occasion: Occasion): void {
    const { id, from, content } = read(data);
    const mine = id !== undefined && own.has(id);
    if (mine) {
      outbox.delivered(id);
    }
    if (id !== undefined && !seen.first(id)) {
      log.place(id);
      return;
    }
    const at = new Date(time ?? Date.now());
    show({ id, from, own: mine, at, content }, { old: occasion === "history" });
    if (mine) {
      log.setDelivery(id, "delivered");
      return;
    }
    typing?.arrived(from);
    if (occasion === "missed") {
      missed++;
    }
  }

  function onCaughtUp(awayMs: number): void {
    if (weather.storm.on) {
      // A line in the log for each cut would hide the messages.
      weather.caughtUp(missed);
      missed = 0;
      return;
    }
    const messages = missed === 1 ? "1 message" : `${missed} messages`;
    const what = missed === 0 ? "nothing was missed" : `${messages} missed, and here now`;
    log.notice(`Caught up after ${formatDuration(awayMs)} away: ${what}.`);
    missed = 0;
  }

  function onMissing(why: string): void {
    weather.missing();
    log.placeDelivered();
    log.notice(describeMissing(why));
  }

  function show(message: Shown, addition: Addition): void {
    find("empty", HTMLElement).hidden = true;
    log.add(message, addition);
    if (!message.own && !addition.old) {
      title.arrived();
    }
  }

  function send(text: string, files: File[]): string | undefined {
    if (outbox.full) {
      return "Too many messages wait for the connection already. Try again when they are sent.";
    }
    typing?.sent();
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

  function sendOwn(id: string, from: string, content: Shown["content"], payload: Payload): void {
    own.add(id);
    seen.first(id);
    show({ id, from, own: true, at: new Date(), content }, { unplaced: true });
    void outbox.add(id, payload);
  }

  document.addEventListener("visibilitychange", () => void present.ask());
  window.addEventListener("pagehide", () => conversation.leave());
  find("insecure", HTMLElement).hidden = location.protocol !== "http:";
  conversation.start();
  // On a touch screen the keyboard would cover the room before it was seen.
  if (matchMedia("(pointer: fine)").matches) {
    composer.focus();
  }
}
