/**
 * The tabs of an origin, in memory: their locks and the channels between them, slow as a test says, in an order that is
 * only certain where the platform's is.
 */

import type { Pipe, Platform } from "../tabs/pipe.ts";

export type RequestLock = (...args: unknown[]) => Promise<unknown>;

interface Request {
  tab: FakeTab;
  grant(): unknown;
  refuse(reason: unknown): void;
  settle(value?: unknown): void;
}

export class FakeOrigin {
  readonly channels = new Set<FakeChannel>();
  /** By the name of a lock: who holds it, in front of those who wait. */
  readonly locks = new Map<string, Request[]>();
  /** How long the next thing takes, in milliseconds. */
  delayMs: () => number = () => 1;

  tab(request?: RequestLock): FakeTab {
    return new FakeTab(this, request);
  }

  /** Lets the first in the queue have the lock. */
  grant(name: string): void {
    const [first] = this.locks.get(name) ?? [];
    first?.tab.run(() => {
      if (this.locks.get(name)?.[0] === first) {
        const held = Promise.resolve(first.grant());
        held.then(
          (value) => {
            this.drop(name, first);
            first.settle(value);
          },
          (cause) => {
            this.drop(name, first);
            first.refuse(cause);
          },
        );
      }
    });
  }

  drop(name: string, request: Request): void {
    const queue = this.locks.get(name) ?? [];
    const at = queue.indexOf(request);
    if (at >= 0) {
      queue.splice(at, 1);
      if (at === 0) {
        this.grant(name);
      }
    }
  }
}

export class FakeTab {
  readonly platform: Platform;
  #dead = false;
  /** What happened while it was frozen. */
  #frozen: (() => void)[] | undefined;

  constructor(
    readonly origin: FakeOrigin,
    request: RequestLock = (...args) => this.#request(args),
  ) {
    const tab = this;
    this.platform = {
      locks: { request } as unknown as Platform["locks"],
      BroadcastChannel: class extends FakeChannel {
        constructor(name: string) {
          super(tab, name);
        }
      },
    };
  }

  get dead(): boolean {
    return this.#dead;
  }

  /** Something happens in it, soon. */
  run(what: () => void): void {
    setTimeout(() => this.hears(what), this.origin.delayMs());
  }

  /** Something happens in it now, or when it is not frozen any more. */
  hears(what: () => void): void {
    if (this.#frozen) {
      this.#frozen.push(what);
    } else if (!this.#dead) {
      what();
    }
  }

  /** It crashes, or is closed without a word. */
  kill(): void {
    this.#dead = true;
    for (const channel of [...this.origin.channels]) {
      if (channel.tab === this) {
        channel.close();
      }
    }
    for (const [name, queue] of this.origin.locks) {
      for (const request of [...queue]) {
        if (request.tab === this) {
          this.origin.drop(name, request);
        }
      }
    }
  }

  freeze(): void {
    this.#frozen ??= [];
  }

  thaw(): void {
    const missed = this.#frozen ?? [];
    this.#frozen = undefined;
    for (const what of missed) {
      what();
    }
  }

  #request(args: unknown[]): Promise<unknown> {
    const [name, callback] = [args[0] as string, args.at(-1) as () => unknown];
    const { signal, steal } = (args.length > 2 ? args[1] : {}) as LockOptions;
    if (signal && steal) {
      return Promise.reject(new DOMException("signal and steal", "NotSupportedError"));
    }
    return new Promise((settle, refuse) => {
      if (this.#dead) {
        return;
      }
      const abort = () => {
        this.origin.drop(name, request);
        refuse(new DOMException("not wanted any more", "AbortError"));
      };
      const grant = () => {
        signal?.removeEventListener("abort", abort);
        return callback();
      };
      const request: Request = { tab: this, grant, refuse, settle };
      const { locks } = this.origin;
      const queue = locks.get(name) ?? [];
      locks.set(name, queue);
      signal?.addEventListener("abort", abort);
      if (steal) {
        const [holder] = queue.splice(0, 1, request);
        holder?.tab.run(() => holder.refuse(new DOMException("stolen", "AbortError")));
        this.origin.grant(name);
      } else if (queue.push(request) === 1) {
        this.origin.grant(name);
      }
    });
  }
}

class FakeChannel implements Pipe {
  onmessage: ((event: MessageEvent) => unknown) | null = null;
  /** What is on its way, and when it arrives: in the order in which it was posted. */
  readonly #coming: { data: object; at: number }[] = [];

  constructor(
    readonly tab: FakeTab,
    readonly name: string,
  ) {
    if (!tab.dead) {
      tab.origin.channels.add(this);
    }
  }

  postMessage(message: object): void {
    if (this.tab.dead) {
      return;
    }
    if (!this.tab.origin.channels.has(this)) {
      throw new DOMException("the channel is closed", "InvalidStateError");
    }
    for (const other of this.tab.origin.channels) {
      if (other !== this && other.name === this.name) {
        other.#hear(structuredClone(message));
      }
    }
  }

  close(): void {
    this.tab.origin.channels.delete(this);
  }

  #hear(data: object): void {
    const at = Math.max(this.#coming.at(-1)?.at ?? 0, Date.now() + this.tab.origin.delayMs());
    if (this.#coming.push({ data, at }) === 1) {
      this.#wait(at);
    }
  }

  #wait(until: number): void {
    setTimeout(() => {
      for (let first = this.#coming[0]; first && first.at <= Date.now(); first = this.#coming[0]) {
        const { data } = first;
        this.#coming.shift();
        this.tab.hears(() => {
          if (this.tab.origin.channels.has(this)) {
            this.onmessage?.({ data } as MessageEvent);
          }
        });
      }
      if (this.#coming[0]) {
        this.#wait(this.#coming[0].at);
      }
    }, until - Date.now());
  }
}
