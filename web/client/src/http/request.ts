/** Requests that have their answers in a bounded time. */

export interface Asking {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
  /** Goes on when the page is left. */
  keepalive?: boolean;
  /** The longest that all of it may take. */
  ms: number;
  /** Gives it up before. */
  signal: AbortSignal;
}

export interface Answer {
  /** 0 if there was none. */
  status: number;
  /** What came, or why nothing did. */
  body: string;
}

export async function request(url: string, { ms, signal, ...how }: Asking): Promise<Answer> {
  const patience = new AbortController();
  const giveUp = () => patience.abort();
  const timer = setTimeout(giveUp, ms);
  signal.addEventListener("abort", giveUp);
  try {
    signal.throwIfAborted();
    const response = await fetch(url, { ...how, cache: "no-store", signal: patience.signal });
    return { status: response.status, body: await response.text() };
  } catch (cause) {
    return { status: 0, body: `${cause}` };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", giveUp);
  }
}

/** Why there is no success: as a close code, and in the words of whoever answered or by the number if there are none. */
export class Refusal extends Error {
  readonly code: number;

  constructor({ status, body }: Answer) {
    /** More is not a sentence. */
    const longest = 300;
    super(body.trim().slice(0, longest) || `HTTP status ${status}`);
    this.code = codes[status] ?? 1006;
  }
}

/** What an answer would be to a WebSocket. That of 403 is final: there may be a proxy's hand in it, and it is not here. */
const codes: Record<number, number> = { 401: 4401, 413: 1009, 429: 4429, 503: 4503 };

/**
 * Returns what a request is answered with. It is made again, a few times, while there is no answer or one that may be
 * another soon, such as that of a proxy whose server is away: so only what the server may be asked twice. Fails with a
 * Refusal for the last one.
 */
export async function persist(url: string, asking: Asking): Promise<string> {
  const waitsMs = [100, 500, 2000];
  for (;;) {
    const answer = await request(url, asking);
    const { status, body } = answer;
    if (status >= 200 && status < 300) {
      return body;
    }
    const waitMs = waitsMs.shift();
    const passing = status === 0 || status === 429 || status >= 500;
    if (!passing || !waitMs || asking.signal.aborted) {
      throw new Refusal(answer);
    }
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
}
