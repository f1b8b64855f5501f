/** What every body is, of requests and of answers [HTTP-2] [HTTP-5]. */
export const MEDIA_TYPE = "application/octet-stream";
