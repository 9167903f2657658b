/** Positions: places behind messages, one for each log that a subscription reads (`1042:k3f9a2,77:p0q8zz`). */

/** From the epoch of a log to an offset in it. */
export type Positions = Map<string, number>;

export function parsePositions(text: string | undefined): Positions {
  return new Map(
    text?.split(",").map((position) => {
      const [offset, epoch] = position.split(":") as [string, string];
      return [epoch, +offset];
    }),
  );
}
