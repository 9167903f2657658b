/** Positions: places behind messages, one for each log that a subscription reads (`1042:k3f9a2,77:p0q8zz`). */

/** From the epoch of a log to an offset in it. */
export type Positions = Map<string, number>;

export function parsePositions(text: string | undefined): Positions {
  const positions: Positions = new Map();
  for (const position of text?.split(",") ?? []) {
    const [offset, epoch = ""] = position.split(":");
    positions.set(epoch, Number(offset));
  }
  return positions;
}

/** What `since` has to be to go on from here; empty if there is no position. */
export function formatPositions(positions: Positions): string {
  return Array.from(positions, ([epoch, offset]) => (epoch ? `${offset}:${epoch}` : offset)).join();
}
