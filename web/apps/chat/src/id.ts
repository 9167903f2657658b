/** Message ids: random, so that no two clients ever choose the same one. */

/** Makes an id: 128 random bits in 22 characters. (crypto.randomUUID would need a secure page.) */
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");
}

/** Says whether a received value has the form of an id. */
export function isId(value: unknown): value is string {
  return typeof value === "string" && /^[A-Za-z0-9_-]{1,64}$/.test(value);
}
