/** Telling raster images by their first bytes. What a sender says of a file's type is not believed. */

/** The media types of the images that the chat shows. SVG is not one: it is a program as much as a picture. */
export type ImageType = "image/png" | "image/jpeg" | "image/gif" | "image/webp" | "image/avif";

/** Returns the type of the image in these bytes, or undefined if they don't begin like one that we show. */
export function imageType(bytes: Uint8Array): ImageType | undefined {
  if (has(bytes, 0, "\x89PNG\r\n\x1a\n")) {
    return "image/png";
  }
  if (has(bytes, 0, "\xff\xd8\xff")) {
    return "image/jpeg";
  }
  if (has(bytes, 0, "GIF87a") || has(bytes, 0, "GIF89a")) {
    return "image/gif";
  }
  if (has(bytes, 0, "RIFF") && has(bytes, 8, "WEBP")) {
    return "image/webp";
  }
  if (has(bytes, 4, "ftyp") && (has(bytes, 8, "avif") || has(bytes, 8, "avis"))) {
    return "image/avif";
  }
  return undefined;
}

/** The usual ending of the name of a file of this type, with its dot. */
export function extensionOf(type: ImageType): string {
  return type === "image/jpeg" ? ".jpg" : `.${type.slice("image/".length)}`;
}

function has(bytes: Uint8Array, offset: number, sign: string): boolean {
  for (let at = 0; at < sign.length; at++) {
    if (bytes[offset + at] !== sign.charCodeAt(at)) {
      return false;
    }
  }
  return true;
}
