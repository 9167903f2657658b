/** Making a smaller copy of an image that is too large to send. */

/** The longest side of the first try, in pixels: enough for any screen that the image will be seen on. */
const longestSide = 2560;
/** What each further try multiplies the sides with. */
const step = 0.75;
/** Below this it would no longer be the image. */
const shortestSide = 160;

/** Says whether a copy could be made. Animations would lose their motion, and SVG is not an image to us. */
export function canShrink(file: File): boolean {
  return /^image\/(png|jpeg|webp|avif|bmp|heic|heif)$/i.test(file.type);
}

/**
 * Draws the image anew, smaller and smaller, until it has at most so many bytes. What a camera wrote into the file,
 * such as the place, is not in the copy. Undefined if the browser cannot read the image or nothing fits.
 */
export async function shrink(file: File, maxBytes: number): Promise<File | undefined> {
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    return undefined;
  }
  try {
    const longest = Math.max(bitmap.width, bitmap.height);
    for (let side = Math.min(longest, longestSide); side >= Math.min(shortestSide, longest); side *= step) {
      const blob = await draw(bitmap, side / longest);
      if (blob !== null && blob.size <= maxBytes) {
        const stem = file.name.replace(/\.[A-Za-z0-9]{1,10}$/, "");
        return new File([blob], stem + (blob.type === "image/webp" ? ".webp" : ".jpg"), { type: blob.type });
      }
    }
    return undefined;
  } finally {
    bitmap.close();
  }
}

async function draw(bitmap: ImageBitmap, scale: number): Promise<Blob | null> {
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = canvas.getContext("2d");
  if (context === null) {
    return null;
  }
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  const webp = await encode(canvas, "image/webp");
  // A browser that cannot write a type writes PNG instead.
  if (webp?.type === "image/webp") {
    return webp;
  }
  // JPEG has no transparency: without this it would become black.
  context.globalCompositeOperation = "destination-over";
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  return encode(canvas, "image/jpeg");
}

function encode(canvas: HTMLCanvasElement, type: string): Promise<Blob | null> {
  return new Promise((resolve) => canvas.toBlob(resolve, type, 0.85));
}
