/** The page that the proxy answers with by itself. */

export interface Page {
  readonly headers: Readonly<Record<string, string | number>>;
  readonly body: string;
}

/** What reverse proxies answer when the server behind them fails; `why` is for people. */
export function badGatewayPage(why: string): Page {
  const body = [
    "<html>",
    "<head><title>502 Bad Gateway</title></head>",
    `<body><h1>502 Bad Gateway</h1><hr>holdfast chaos: ${why}</body>`,
    "</html>",
    "",
  ].join("\r\n");
  const headers = { "Content-Type": "text/html", "Content-Length": Buffer.byteLength(body) };
  return { headers, body };
}
