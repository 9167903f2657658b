/**
 * A server of the protocol's other side, in memory: logs, sessions, subscriptions, and a network between it and the
 * client that delays and cuts as the test says. It is strict: a command that docs/protocol.md does not allow throws.
 */

import { msgpack } from "../msgpack.ts";
import { type Dial, type WebSocketClass, webSocket } from "../transport.ts";
import { bytesOf, writeFrame } from "./frames.ts";

/** A message as it is kept; bytes are bytes in either encoding. */
interface Message {
  data: unknown;
  offset?: number;
  id?: string;
  key?: string;
  time: number;
}

type Body = Record<string, unknown> & {
  channel?: string;
  pattern?: string;
  sub?: number;
  since?: string;
  last?: number;
};

const fields: Record<string, string[]> = {
  connect: ["token", "session", "client"],
  subscribe: ["channel", "pattern", "sub", "since", "last", "presence", "echo", "latest"],
  unsubscribe: ["sub"],
  publish: ["channel", "data", "binary", "id", "key"],
  history: ["channel", "since", "last", "limit"],
  presence: ["channel", "after", "limit"],
  rpc: ["method", "data", "binary"],
  refresh: ["token"],
  ping: [],
};

/** How a connection goes: cut when so many frames have passed, either way; silently, if nobody is told. */
export interface Fate {
  frames: number;
  silent?: boolean;
}

export class FakeServer {
  /** The class to give to the client. */
  readonly WebSocket: WebSocketClass;
  /** Dials that, and nothing else. */
  readonly dial: Dial;
  readonly sockets: FakeSocket[] = [];
  readonly logs = new Map<string, Message[]>();
  /** Everything that was published, also where nothing is kept, or not any more; `epoch` only where it was. */
  readonly published: (Message & { channel: string; epoch?: string })[] = [];
  readonly commands: { verb: string; body: Body; socket: FakeSocket }[] = [];
  epoch = "e1";
  /** One way, in milliseconds. */
  latencyMs = 10;
  /** Channels that begin with this keep nothing. */
  readonly ephemeral = "now/";
  welcome: Record<string, unknown> = {};
  /** Taken from the front, one for each connection. */
  fates: Fate[] = [];
  refuse = false;
  /** Answers a command in the server's place, if it returns something; "nothing" is no answer. */
  answer: (verb: string, body: Body, socket: FakeSocket) => object | "nothing" | undefined = () => undefined;
  readonly sessions = new Map<string, string>();
  #offset = 0;
  /** Messages up to this offset are not kept. */
  #forgotten = 0;

  constructor() {
    const server = this;
    this.WebSocket = class extends FakeSocket {
      constructor(url: string, protocol: string) {
        super(server, url, protocol);
        server.sockets.push(this);
      }
    };
    this.dial = webSocket(this.WebSocket);
  }

  get last(): FakeSocket {
    const last = this.sockets.at(-1);
    if (!last) {
      throw new Error("no connection was made");
    }
    return last;
  }

  get open(): FakeSocket[] {
    return this.sockets.filter((socket) => socket.up);
  }

  /** The texts in a channel's log. */
  stored(channel: string): unknown[] {
    return (this.logs.get(channel) ?? []).map(({ data }) => data);
  }

  publish(
    channel: string,
    data: unknown,
    { id, key, meta }: { id?: unknown; key?: unknown; meta?: unknown } & Record<string, unknown> = {},
  ) {
    const set = Object.fromEntries(
      Object.entries({ id, key, meta }).filter(([, value]) => value !== undefined),
    );
    const message: Message = { data, ...set, time: Date.now() };
    const kept = !channel.startsWith(this.ephemeral);
    if (kept) {
      const log = this.logs.get(channel) ?? [];
      this.logs.set(channel, log);
      const before = this.published.find(
        (other) => id !== undefined && other.id === id && other.epoch === this.epoch,
      );
      if (before && Date.now() - before.time <= 30_000) {
        return { offset: before.offset, epoch: this.epoch, duplicate: true };
      }
      this.#offset += 1 + (this.#offset % 3);
      message.offset = this.#offset;
      log.push(message);
    }
    const epoch = kept ? { epoch: this.epoch } : {};
    this.published.push({ channel, ...epoch, ...message });
    for (const socket of this.sockets) {
      socket.publish(channel, message);
    }
    return kept ? { offset: this.#offset, ...epoch } : {};
  }

  /** Keeps nothing of what is stored until now. */
  forget(): void {
    this.logs.clear();
    this.#forgotten = this.#offset;
  }

  /** Makes the log anew. */
  reset(): void {
    const since = this.end;
    this.forget();
    this.epoch += "'";
    for (const socket of this.sockets) {
      socket.tellReset(since);
    }
  }

  /** Where a subscription since a position begins, and whether something before that is not kept. */
  from(since: string): { position: string; lost?: boolean; why?: string } {
    const reset = !since.endsWith(`:${this.epoch}`);
    if (reset || Number.parseInt(since, 10) < this.#forgotten) {
      const position = `${this.#forgotten}:${this.epoch}`;
      return { position, lost: true, why: reset ? "reset" : "expired" };
    }
    return { position: since };
  }

  /** A position behind everything that is stored now. */
  get end(): string {
    return `${this.#offset}:${this.epoch}`;
  }
}

export class FakeSocket {
  binaryType = "blob";
  protocol = "";
  onopen: ((event: unknown) => void) | null = null;
  onmessage: ((event: unknown) => void) | null = null;
  onclose: ((event: unknown) => void) | null = null;
  onerror: ((event: unknown) => void) | null = null;
  /** Whether the server still has it. */
  up = false;
  closedWith: { code: number | undefined; reason: string | undefined } | undefined;
  readonly #subscriptions = new Map<number, string>();
  #connected = false;
  #session: string | undefined;
  /** The client was asked to move: it may have two connections. */
  #moving = false;
  /** After a refused connect, what was sent along with it is not run. */
  #refused = false;
  readonly #fate: Fate;

  constructor(
    readonly server: FakeServer,
    readonly url: string,
    protocol: string,
  ) {
    this.#fate = server.fates.shift() ?? { frames: Number.POSITIVE_INFINITY };
    const refused = server.refuse;
    this.#later(() => {
      if (refused) {
        this.onclose?.({ code: 1006, reason: "" });
      } else if (this.closedWith === undefined) {
        this.up = true;
        this.protocol = protocol;
        this.onopen?.({});
      }
    }, 2);
  }

  send(data: unknown): void {
    this.#later(() => {
      if (this.#passes()) {
        const packed =
          data instanceof Uint8Array ? (msgpack.decode(data.slice().buffer) as object[]) : undefined;
        for (const command of packed ?? [JSON.parse(data as string)].flat()) {
          this.#run(command);
        }
      }
    });
  }

  close(code?: number, reason?: string): void {
    this.closedWith = { code, reason };
    this.#later(() => this.#down());
  }

  /** A push or a reply. */
  push(object: object): void {
    if (this.up && this.#passes()) {
      this.#moving ||= "move" in object;
      const data = writeFrame(this.protocol, object);
      this.#later(() => this.onmessage?.({ data }));
    }
  }

  /** The server closes, or the network cuts. */
  cut(code = 1006, reason = ""): void {
    this.#down();
    this.#later(() => this.onclose?.({ code, reason }));
  }

  /** Nothing passes any more, and nobody is told. */
  silence(): void {
    this.#fate.frames = 0;
    this.#fate.silent = true;
    this.#down();
  }

  /** Ends a subscription. */
  end(sub: number, error: object): void {
    this.#subscriptions.delete(sub);
    this.push({ unsubscribed: { sub, error } });
  }

  /** The channels and patterns that are subscribed on it. */
  get names(): string[] {
    return [...this.#subscriptions.values()].sort();
  }

  tellReset(since: string): void {
    for (const [sub, name] of this.#subscriptions) {
      if (!name.startsWith(this.server.ephemeral)) {
        const { position, why } = this.server.from(since);
        this.push({ lost: { sub, since, position, why } });
      }
    }
  }

  publish(channel: string, message: Message): void {
    for (const [sub, name] of this.#subscriptions) {
      if (name === channel) {
        this.push({ message: { sub, ...message } });
      } else if (matches(name, channel)) {
        const epoch = message.offset === undefined ? {} : { epoch: this.server.epoch };
        this.push({ message: { sub, channel, ...epoch, ...message } });
      }
    }
  }

  #down(): void {
    this.up = false;
    this.#subscriptions.clear();
  }

  #passes(): boolean {
    if (this.up && this.#fate.frames-- <= 0) {
      if (this.#fate.silent) {
        this.silence();
      } else {
        this.cut();
      }
    }
    return this.up;
  }

  #later(run: () => void, times = 1): void {
    setTimeout(run, this.server.latencyMs * times);
  }

  #run(command: Record<string, unknown>): void {
    const { id, ...rest } = command;
    const [[verb, body] = ["", {}], ...others] = Object.entries(rest) as [string, Body][];
    const unknown = Object.keys(body).filter((key) => !fields[verb]?.includes(key));
    if (others.length > 0 || !fields[verb] || unknown.length > 0) {
      throw new Error(`not a command: ${JSON.stringify(command)}`);
    }
    if (body.binary || body.data instanceof ArrayBuffer) {
      body.data = bytesOf(body.data as string | ArrayBuffer);
      delete body.binary;
    }
    this.server.commands.push({ verb, body, socket: this });
    const given = this.#refused ? "nothing" : this.server.answer(verb, body, this);
    this.#refused ||= verb === "connect" && typeof given === "object" && "error" in given;
    if (given === "nothing") {
      return;
    }
    const reply = given ?? this.#answer(verb, body);
    this.push({ id, ...reply });
    if (verb === "subscribe" && "ok" in reply) {
      this.#replay(body, reply.ok as { position?: string });
    }
  }

  #answer(verb: string, body: Body): object {
    if ((verb === "connect") === this.#connected) {
      throw new Error(`${verb} on a connection that is${this.#connected ? "" : " not"} connected`);
    }
    switch (verb) {
      case "connect":
        return this.#connect(body.session as { id: string; secret: string } | undefined);
      case "subscribe":
        return this.#subscribe(body);
      case "unsubscribe":
        return this.#subscriptions.delete(Number(body.sub)) ? { ok: {} } : fault("unknown_subscription");
      case "publish":
        return { ok: this.server.publish(String(body.channel), body.data, body) };
      case "history":
        return { ok: { messages: this.#behind(body), position: this.server.end, more: false } };
      case "presence":
        return {
          ok: { users: [{ user: "ada", connections: [{ id: "s1" }] }], count: { users: 1, connections: 1 } },
        };
      case "rpc":
        return { ok: { data: body.data } };
      default:
        return { ok: {} };
    }
  }

  #connect(asked: { id: string; secret: string } | undefined): object {
    const { sessions, sockets, welcome } = this.server;
    this.#connected = true;
    const resumed = asked !== undefined && sessions.get(asked.id) === asked.secret;
    const number = sockets.indexOf(this) + 1;
    const session = resumed ? asked : { id: `s${number}`, secret: `secret${number}` };
    sessions.set(session.id, session.secret);
    this.#session = session.id;
    // A session has one connection, that of the newest handshake; save while it moves.
    const rivals = sockets.filter((socket) => socket.#session === session.id && socket.up && !socket.#moving);
    for (const older of rivals.slice(0, -1)) {
      older.cut(4409, "a newer connection has taken over the session");
    }
    return { ok: { session, resumed, dedup: 30, ping: 25, pong: 20, ...welcome } };
  }

  #subscribe(body: Body): object {
    const sub = Number(body.sub);
    if (this.#subscriptions.has(sub) || (body.since !== undefined && body.last !== undefined)) {
      throw new Error(`a subscription twice, or both since and last: ${JSON.stringify(body)}`);
    }
    const name = String(body.channel ?? body.pattern);
    this.#subscriptions.set(sub, name);
    if (name.startsWith(this.server.ephemeral)) {
      return { ok: { sub } };
    }
    const [first] = body.last === undefined ? [] : this.#behind(body);
    const before = first && `${(first.offset ?? 0) - 1}:${this.server.epoch}`;
    return { ok: { sub, ...this.server.from(body.since ?? before ?? this.server.end) } };
  }

  #replay(body: Body, { position }: { position?: string }): void {
    const sub = Number(body.sub);
    if (position !== undefined) {
      for (const message of this.#behind({ ...body, since: position })) {
        this.push({ message: { sub, ...message } });
      }
      this.push({ live: { sub, position: this.server.end } });
    } else {
      this.push({ live: { sub } });
    }
  }

  #behind({ channel, pattern, since, last }: Body): Message[] {
    const { logs, epoch } = this.server;
    const all = [...logs].flatMap(([name, log]) =>
      log.map((message) => ({ ...message, channel: name, epoch })),
    );
    const matching = all
      .filter((message) => matches(pattern ?? "", message.channel))
      .sort((one, other) => (one.offset ?? 0) - (other.offset ?? 0));
    const log = channel === undefined ? matching : (logs.get(channel) ?? []);
    const kept = last === undefined ? log : log.slice(-last);
    return since === undefined
      ? kept
      : log.filter(({ offset }) => (offset ?? 0) > Number.parseInt(since, 10));
  }
}

function matches(pattern: string, channel: string): boolean {
  return pattern.endsWith("#") && channel.startsWith(pattern.slice(0, -1));
}

export function fault(code: string, more: object = {}): object {
  return { error: { code, message: `${code}!`, ...more } };
}
