/** What went wrong, by a code that stays the same between versions. */

/** An error as the server writes it. */
export interface Fault {
  code: string;
  message?: string;
  /** Whether the same may succeed later, unchanged. */
  retry?: boolean;
  /** With `retry`: not before so many seconds. */
  after?: number;
  /** What the server's log and console know this occasion by. */
  ref?: string;
}

export interface HoldfastError extends Readonly<Omit<Fault, "message">> {}

/**
 * A refusal by the server, with its code (docs/protocol.md, Errors), or one of the client's own: `closed`,
 * `disconnected` and `outcome_unknown` (it may have happened or not), `queue_full`, `too_large`, `too_slow`,
 * `not_dialled`.
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the constructor assigns what the server wrote.
export class HoldfastError extends Error {
  constructor(fault: Fault, options?: ErrorOptions) {
    super(fault.message ?? fault.code, options);
    Object.assign(this, fault);
  }
}

/** Gives a promise that fails with a fault the error for applications. */
export async function raised<T>(promise: Promise<T>): Promise<T> {
  try {
    return await promise;
  } catch (fault) {
    throw new HoldfastError(fault as Fault);
  }
}
