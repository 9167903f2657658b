/** What the page remembers, in this tab and in this browser. Every key starts with "holdfast.". */

type Place = "tab" | "browser";

/** Reads a remembered value. It is undefined too when the browser forbids storage. */
export function recall(place: Place, key: string): string | undefined {
  try {
    return storage(place).getItem(`holdfast.${key}`) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Remembers a value, or forgets it if undefined. A browser that forbids storage or has no room is no error. */
export function remember(place: Place, key: string, value: string | undefined): void {
  try {
    if (value === undefined) {
      storage(place).removeItem(`holdfast.${key}`);
    } else {
      storage(place).setItem(`holdfast.${key}`, value);
    }
  } catch {
    // Private windows and full disks: the chat works without a memory.
  }
}

function storage(place: Place): Storage {
  return place === "tab" ? sessionStorage : localStorage;
}
