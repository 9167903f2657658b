/** Sizes, durations and times in words. */

/** A size in bytes, as in "3.2 MiB". Rounds up, so that a file just over a limit never looks equal to it. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) {
    return `${bytes} ${bytes === 1 ? "byte" : "bytes"}`;
  }
  const unit = bytes < 1024 * 1024 ? "KiB" : "MiB";
  const amount = bytes / (unit === "KiB" ? 1024 : 1024 * 1024);
  const rounded = amount < 100 ? Math.ceil(amount * 10) / 10 : Math.ceil(amount);
  return `${rounded} ${unit}`;
}

/** A duration in milliseconds, as in "12 s", "3 min" or "2 h 5 min". */
export function formatDuration(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / 1000));
  if (seconds < 60) {
    return `${seconds} s`;
  }
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) {
    return `${minutes} min`;
  }
  const rest = minutes % 60;
  return `${Math.floor(minutes / 60)} h${rest === 0 ? "" : ` ${rest} min`}`;
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });

/** The time of day in the reader's language, as in "10:31", and the day before it if that is not today's. */
export function formatClock(at: Date, now = new Date()): string {
  return at.toDateString() === now.toDateString()
    ? clock.format(at)
    : `${day.format(at)}, ${clock.format(at)}`;
}

/** Date and time in the reader's language, complete. */
export function formatFull(at: Date): string {
  return full.format(at);
}
