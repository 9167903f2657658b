/** A browser with tabs that share a connection to a server in memory. */

import type { Tabs } from "../connection.ts";
import { Holdfast } from "../holdfast.ts";
import { share } from "../tabs/share.ts";
import { type WebSocketClass, webSocket } from "../transport.ts";
import { FakeServer, type FakeSocket } from "./fakeserver.ts";
import { FakeOrigin, type FakeTab, type RequestLock } from "./origin.ts";

export class Browser {
  readonly server = new FakeServer();
  readonly origin = new FakeOrigin();
  readonly tabs: Tab[] = [];

  /** `request` is in the place of the tab's way to ask for locks. */
  open(options: object = {}, request?: RequestLock): Tab {
    const tab = new Tab(this, options, request);
    this.tabs.push(tab);
    return tab;
  }

  /** The tab that has the connection. */
  get leader(): Tab | undefined {
    return this.tabs.find(({ sockets }) => sockets.some(({ up }) => up));
  }

  /** How many subscriptions there are to a channel, as the server sees it. */
  subscriptions(channel: string): number {
    const now = this.server.commands.filter(({ socket }) => socket.up);
    const ended = new Set(now.filter(({ verb }) => verb === "unsubscribe").map(({ body }) => body.sub));
    return now.filter(
      ({ verb, body }) => verb === "subscribe" && body.channel === channel && !ended.has(body.sub),
    ).length;
  }
}

export class Tab {
  readonly fake: FakeTab;
  readonly share: Tabs;
  readonly holdfast: Holdfast;
  readonly states: string[] = [];
  /** The connections to the server that were made in this tab. */
  readonly sockets: FakeSocket[] = [];

  constructor({ server, origin }: Browser, options: object, request?: RequestLock) {
    const { sockets, states } = this;
    this.fake = origin.tab(request);
    const WebSocket = class extends server.WebSocket {
      constructor(url: string, protocol: string) {
        super(url, protocol);
        sockets.push(this as unknown as FakeSocket);
      }
    } as WebSocketClass;
    this.share = (urls, carrier) => share(urls.join(), this.fake.platform, carrier);
    this.holdfast = new Holdfast("https://one.test", {
      dial: webSocket(WebSocket),
      tabs: this.share,
      ...options,
    });
    this.holdfast.on("state", (state) => states.push(state));
  }

  /** It crashes, or is closed without a word. */
  kill(): void {
    this.fake.kill();
    for (const socket of this.sockets) {
      socket.silence();
    }
  }
}
